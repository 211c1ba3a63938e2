import time

import pytest

from schemas.scrubbing import MAX_DEPTH, MAX_TEXT, MAX_VALUES, names_personal_data, scrub, scrub_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to john.smith+tag@example.co.uk.", "write to [redacted]."),
        ("jürgen@bücher.example", "[redacted]"),
        ("https://shop.example/u/john%40example.com/x", "https://shop.example/u/[redacted]/x"),
        ("https://shop.example/?q=john%2540example.com&a=1", "https://shop.example/?q=[redacted]&a=1"),
        ("https://shop.example/?next=%2Flogin%3Femail%3Djohn%2540x.com", "https://shop.example/?next=[redacted]"),
        ("https://shop.example/?q=%6Aohn%40%78.com", "https://shop.example/?q=[redacted]"),
        ("https://shop.example/?first_name=Ada&size=7", "https://shop.example/?first_name=[redacted]&size=7"),
        ("https://shop.example/#customer%5Bemail%5D=x", "https://shop.example/#customer%5Bemail%5D=[redacted]"),
        ("call +44 (0)20 7946 0958 now", "call [redacted] now"),
        ("tel=%2B16505551212", "tel=[redacted]"),
        ("https://shop.example/?q=%2B1%20650%20555%201212", "https://shop.example/?q=[redacted]"),
        ("(650) 555-1212", "[redacted]"),
        ("1-650-555-1212, ask Ada", "[redacted], ask Ada"),
        ("020 7946 0958", "[redacted]"),
        ("06 12 34 56 78", "[redacted]"),
        ("030/901820-77", "[redacted]"),
        ("https://shop.example/?q=020+7946+0958&a=1", "https://shop.example/?q=[redacted]&a=1"),
    ],
)
def test_personal_text_is_redacted(text: str, expected: str) -> None:
    assert scrub_text(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Blue shirt, size 42, 19.99 EUR",
        "gid://shopify/Product/7982342341234",
        "https://shop.example/products/a-b?variant=43729076&utm_source=x&fbclid=IwAR2F4-dbP0l7",
        "2026-11-21T07:48:06.123+01:00",
        "01/02/2024 10:30:00",
        "0193c5a1-0123-4567-8901-0123456789ab",
        "5012345678900",
        "192.168.100.200",
        "version 1.2.3, 50% off, 2+2=4",
        "@shop",
        "https://cdn.example/files/logo@2x.png?v=1",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert scrub_text(text) == text


@pytest.mark.parametrize(
    "key",
    ["email", "customerEmail", "E-Mail", "billing_email_address", "phone", "phoneNumber", "mobile", "tel", "zip",
     "firstName", "last_name", "last-name", "FullName", "surname", "shippingAddress", "address1", "address_line_2",
     "customer[email]", "customer[first_name]", "fn"],
)  # fmt: skip
def test_key_names_personal_data(key: str) -> None:
    assert names_personal_data(key)


@pytest.mark.parametrize(
    "key", ["name", "product_name", "iPhone", "email_opt_in", "phone_case", "zipper", "hotel", "variant", "postId", ""]
)
def test_key_names_something_else(key: str) -> None:
    assert not names_personal_data(key)


def test_leftovers_of_an_event_lose_only_what_is_personal() -> None:
    leftovers = {
        "gift_note": "for ada@example.com",
        "contact": {"email": "x", "phone": 16505551212, "mobile": True, "fax": None, "lastName": ["Lovelace"]},
        "items": [{"name": "Shirt", "price": 19.99, "sku": "A-1"}, "ada@example.com"],
        "ada@example.com": 1,
    }

    assert scrub(leftovers) == {
        "gift_note": "for [redacted]",
        "contact": {
            "email": "[redacted]", "phone": "[redacted]", "mobile": True, "fax": None, "lastName": "[redacted]"
        },
        "items": [{"name": "Shirt", "price": 19.99, "sku": "A-1"}, "[redacted]"],
        "[redacted]": 1,
    }  # fmt: skip


def test_depth_breadth_and_length_are_bounded() -> None:
    deep: object = "end"
    for _ in range(1_000):
        deep = [deep]

    assert str(scrub(deep)) == "[" * MAX_DEPTH + "'[too deep]'" + "]" * MAX_DEPTH
    assert len(str(scrub(list(range(MAX_VALUES * 2))))) < len(str(list(range(MAX_VALUES))))
    assert scrub("a" * (MAX_TEXT + 1)) == "[too long]"


@pytest.mark.parametrize(
    "piece", ["a", "@", "a@", "%", "%40", "%25", "1", "+1", "0 1", "(", "+ ", "a.", "?a=", "%2525", "é", "=%", "01-"]
)
def test_hostile_text_is_scrubbed_quickly(piece: str) -> None:
    text = ("@" + piece * MAX_TEXT)[:MAX_TEXT]
    started = time.process_time()
    scrub_text(text)

    assert time.process_time() - started < 0.25
