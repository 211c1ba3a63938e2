"""Whose address a request came from, behind no proxy, ours, or somebody else's."""

import pytest

from connectors.ingest.origins import client_ip, country


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "proxies", "expected"),
    [
        ("198.51.100.9", [], 0, "198.51.100.9"),
        ("198.51.100.9", ["203.0.113.7"], 0, "198.51.100.9"),  # anybody may have written it
        ("10.0.0.1", ["203.0.113.7"], 1, "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7"], 1, "203.0.113.7"),  # the left one is the browser's own claim
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7, 10.0.0.2"], 2, "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.7"], 1, "203.0.113.7"),  # one header per proxy
        ("10.0.0.1", [], 1, "10.0.0.1"),  # called past the proxy
        ("10.0.0.1", ["203.0.113.7:5678"], 1, "203.0.113.7"),
        ("10.0.0.1", ["[2001:db8::1]:5678"], 1, "2001:db8::1"),
        ("10.0.0.1", ["unknown"], 1, None),
        ("::ffff:198.51.100.9", [], 0, "198.51.100.9"),
        ("fe80::1%eth0", [], 0, "fe80::1"),
        ("2001:DB8:0::1", [], 0, "2001:db8::1"),
        (None, [], 0, None),
        ("/run/door.sock", [], 0, None),
    ],
)
def test_the_browsers_address_is_found(
    peer: str | None, forwarded_for: list[str], proxies: int, expected: str | None
) -> None:
    assert client_ip(peer, forwarded_for, trusted_proxies=proxies) == expected


@pytest.mark.parametrize(
    ("headers", "proxies", "expected"),
    [
        ({"cf-ipcountry": "de"}, 1, "DE"),
        ({"cf-ipcountry": "DE"}, 0, None),
        ({"cf-ipcountry": "XX"}, 1, None),
        ({"cloudfront-viewer-country": "FR"}, 2, "FR"),
        ({"cf-ipcountry": "Germany"}, 1, None),
        ({}, 1, None),
    ],
)
def test_a_country_is_believed_from_our_own_proxies_only(
    headers: dict[str, str], proxies: int, expected: str | None
) -> None:
    assert country(headers, trusted_proxies=proxies) == expected
