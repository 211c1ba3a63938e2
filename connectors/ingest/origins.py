"""Who sent a request: the browser's address behind our proxies, its country as the edge tells it."""

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Final

COUNTRY_HEADERS: Final = ("cf-ipcountry", "cloudfront-viewer-country", "x-vercel-ip-country")
"""Set by proxies that look addresses up; believed only when we stand behind one."""

_WITH_PORT: Final = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_UNKNOWN_COUNTRIES: Final = frozenset({"XX", "ZZ", "T1", "A1", "A2"})


def client_ip(peer: str | None, forwarded_for: list[str], *, trusted_proxies: int) -> str | None:
    """Find the browser's address.

    Each of our *trusted_proxies* appended to X-Forwarded-For (*forwarded_for*, one string per header) the address
    it was called from, so the browser's is that many from the right; what stands further left anybody may have written.
    """
    if trusted_proxies:
        listed = [each.strip() for header in forwarded_for for each in header.split(",")]
        if len(listed) >= trusted_proxies:
            return _address(listed[-trusted_proxies])
    return _address(peer)


def country(headers: Mapping[str, str], *, trusted_proxies: int) -> str | None:
    """Return the country that a proxy of ours looked up, as ISO 3166-1 alpha-2."""
    if not trusted_proxies:
        return None
    for name in COUNTRY_HEADERS:
        code = headers.get(name, "").strip().upper()
        if _COUNTRY.fullmatch(code) and code not in _UNKNOWN_COUNTRIES:
            return code
    return None


@lru_cache(maxsize=4096)
def _address(text: str | None) -> str | None:
    if not text:
        return None
    if found := _WITH_PORT.fullmatch(text):
        text = found["six"] or found["four"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address)))  # without a zone such as %eth0
    return str(address)
