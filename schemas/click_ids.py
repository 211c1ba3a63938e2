"""Meta's browser ids: `fbp` names a browser, `fbc` the click on an advertisement that led to it.

In: cookies, a landing URL, a click id. Out: `fb.{subdomain index}.{milliseconds}.{value}`, or nothing.
Neither is ever hashed, and the case of a click id is never changed.
Rules: https://developers.facebook.com/documentation/ads-commerce/conversions-api/parameters/fbp-and-fbc
"""

import re
from base64 import urlsafe_b64decode
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

_BROWSER_ID: Final = re.compile(
    r"fb\.(\d)\.(\d{10}|\d{13})\.(\d{1,32})(?:\.([A-Za-z0-9_-]{2}|[A-Za-z0-9_-]{8}))?", re.ASCII
)
_CLICK: Final = re.compile(r"fb\.(\d)\.(\d{10}|\d{13})\.([A-Za-z0-9_.-]{1,500})", re.ASCII)
_CLICK_VALUE: Final = re.compile(r"[A-Za-z0-9_.-]{1,500}")
_OLD_APPENDICES: Final = frozenset({"AQ", "Ag", "Aw", "BA", "BQ", "Bg"})
_APPENDIX_FORMAT: Final = 1
_SECONDS_DIGITS: Final = 10
_WITHOUT_COOKIE: Final = 1
"""The subdomain index of an id made on a server."""


class ClickId(NamedTuple):
    """One `fbp` or `fbc`, taken apart. *created_ms* is Unix milliseconds; *appendix* is who wrote it, if told."""

    subdomain_index: int
    created_ms: int
    value: str
    appendix: str | None = None

    def text(self) -> str:
        """Write the id as Meta reads it."""
        parts = ("fb", str(self.subdomain_index), str(self.created_ms), self.value, self.appendix)
        return ".".join(part for part in parts if part is not None)


def parse_fbp(text: str) -> ClickId | None:
    """Take the browser id *text* apart; nothing when it is not one."""
    found = _BROWSER_ID.fullmatch(text.strip())
    if found is None or (found[4] and not _is_appendix(found[4])):
        return None
    return ClickId(int(found[1]), _milliseconds(found[2]), found[3], found[4])


def parse_fbc(text: str) -> ClickId | None:
    """Take the click *text* apart; nothing when it is not one.

    A time in seconds, as one popular plugin writes it, is read as such and comes out in milliseconds.
    """
    found = _CLICK.fullmatch(text.strip())
    if found is None:
        return None
    value, appendix = _without_appendix(found[3])
    return ClickId(int(found[1]), _milliseconds(found[2]), value, appendix) if value else None


def fbp_from_random(number: int, created_ms: int) -> str:
    """Name a browser without a cookie; *number* is a random one, 0 to 2,147,483,647."""
    return ClickId(_WITHOUT_COOKIE, created_ms, str(number)).text()


def fbc_from_click(fbclid: str, seen_at_ms: int) -> str | None:
    """Build `fbc` from the URL's *fbclid* and the time this click was first seen; nothing for a malformed one."""
    if not _CLICK_VALUE.fullmatch(fbclid):
        return None
    value, appendix = _without_appendix(fbclid)
    return ClickId(_WITHOUT_COOKIE, seen_at_ms, value, appendix).text() if value else None


def fbclid_in(url: str) -> str | None:
    """Find the click id among the query parameters of *url*, exactly as it stands there."""
    if "fbclid=" not in url:
        return None
    try:
        pairs = parse_qsl(urlsplit(url).query)
    except ValueError:  # an unclosed bracket in the host
        return None
    return next((value for key, value in pairs if key == "fbclid" and _CLICK_VALUE.fullmatch(value)), None)


def latest_fbc(current: str | None, candidate: str | None) -> str | None:
    """Choose between the click we hold and one just seen: only a different, not older click replaces it."""
    held = parse_fbc(current) if current else None
    seen = parse_fbc(candidate) if candidate else None
    if held is None or seen is None:
        return (held and held.text()) or (seen and seen.text()) or None
    replaces = seen.value != held.value and seen.created_ms >= held.created_ms
    return (seen if replaces else held).text()


def _without_appendix(value: str) -> tuple[str, str | None]:
    body, dot, last = value.rpartition(".")
    return (body, last) if dot and _is_appendix(last) else (value, None)


def _is_appendix(text: str) -> bool:
    """Tell Meta's token: two legacy letters, or six bytes in base64url of which the first names the format."""
    if len(text) != 8:
        return text in _OLD_APPENDICES
    return urlsafe_b64decode(text)[0] == _APPENDIX_FORMAT


def _milliseconds(digits: str) -> int:
    return int(digits) * 1000 if len(digits) == _SECONDS_DIGITS else int(digits)
