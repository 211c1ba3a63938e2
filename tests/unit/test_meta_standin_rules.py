"""Which events the stand-in takes and which it refuses, and with which code and subcode."""

from typing import Any

import pytest

from deploy.servers.meta.event_rules import check_event
from deploy.servers.meta.graph import GraphError
from tests.unit.meta_standin import GONE, NOW, a_purchase, a_user, hashed

DAY = 86_400
TOO_OLD = (100, 2804003)
NO_VALUE = (100, 2804009)
NOBODY = (100, 2804050)
INVALID = (100, None)
HASH = hashed("x")


def refusal_of(event: dict[str, Any]) -> tuple[int, int | None]:
    with pytest.raises(GraphError) as refused:
        check_event(event, now=NOW)
    assert refused.value.status == 400
    return refused.value.code, refused.value.subcode


def custom(**fields: Any) -> dict[str, Any]:
    return {"custom_data": {"value": 1, "currency": "EUR"} | fields}


def aged(seconds: float, source: str = "website") -> dict[str, Any]:
    return {"event_time": int(NOW - seconds), "action_source": source}


TAKEN: dict[str, dict[str, Any]] = {
    "exactly seven days old": aged(7 * DAY),
    "62 days old, in a store": aged(62 * DAY, "physical_store")
    | {"event_source_url": GONE, "user_data": a_user(client_user_agent=GONE)},
    "a minute ahead": aged(-60),
    "a name of its own": {"event_name": "ViewedTwice", "custom_data": {"anything": ["goes"]}},
    "no custom data, not a purchase": {"event_name": "PageView", "custom_data": GONE},
    "no id": {"event_id": GONE},
    "not the web, without a page": {"action_source": "phone_call", "event_source_url": GONE},
    "hash with an appendix": {"user_data": a_user(em=f"{HASH}.AQICAQMC")},
    "hash with an old appendix": {"user_data": a_user(em=f"{HASH}.Ag")},
    "several hashes": {"user_data": a_user(ph=[HASH, HASH])},
    "raw external id": {"user_data": {"external_id": ["customer-1"]}},
    "only a click id": {"user_data": {"fbc": "fb.1.1596403881668.IwAR"}},
    "name with a city": {"user_data": {"fn": HASH, "ct": HASH}},
    "IPv6": {"user_data": a_user(client_ip_address="2001:db8::1")},
    "lead id": {"user_data": {"lead_id": 12345}},
    "value as text, currency in lower case": custom(value="142.52", currency="eur"),
    "a free purchase": custom(value=0),
    "lists as text": custom(content_ids='["1"]', contents='[{"id":"1"}]'),
    "one bare content id": custom(content_ids="1"),
    "contents": custom(contents=[{"id": "1", "quantity": 2, "item_price": 3.5, "delivery_category": "curbside"}]),
    "explicitly not limited": {"data_processing_options": []},
    "limited, located by Meta": {
        "data_processing_options": ["LDU"],
        "user_data": a_user(client_ip_address="192.0.2.1"),
    },
    "limited, Californian": {
        "data_processing_options": ["LDU"],
        "data_processing_options_country": 1,
        "data_processing_options_state": 1000,
    },
}

REFUSED: dict[str, tuple[dict[str, Any], tuple[int, int | None]]] = {
    "no name": ({"event_name": GONE}, INVALID),
    "no time": ({"event_time": GONE}, INVALID),
    "no user data": ({"user_data": GONE}, INVALID),
    "no action source": ({"action_source": GONE}, INVALID),
    "unknown action source": ({"action_source": "fax"}, INVALID),
    "odd action source": ({"action_source": ["website"]}, INVALID),
    "a website event without its page": ({"event_source_url": GONE}, INVALID),
    "a page that is no address": ({"event_source_url": "shop.test"}, INVALID),
    "time as text": ({"event_time": str(int(NOW))}, INVALID),
    "time in milliseconds": ({"event_time": int(NOW) * 1000}, INVALID),
    "over seven days old": (aged(7 * DAY + 1), TOO_OLD),
    "62 days old, not in a store": (aged(62 * DAY), TOO_OLD),
    "over 62 days old, in a store": (aged(62 * DAY + 1, "physical_store"), TOO_OLD),
    "over a minute ahead": (aged(-61), INVALID),
    "user data as a list": ({"user_data": []}, INVALID),
    "empty user data": ({"user_data": {}}, NOBODY),
    "only a browser": ({"user_data": {"client_user_agent": "Mozilla"}}, NOBODY),
    "only a place": ({"user_data": {"ct": HASH, "country": HASH, "zp": HASH}}, NOBODY),
    "only a first name and gender": ({"user_data": {"fn": HASH, "ge": HASH}}, NOBODY),
    "only a last name": ({"user_data": {"ln": [HASH]}}, NOBODY),
    "only a birthday": ({"user_data": {"db": HASH, "client_user_agent": "Mozilla"}}, NOBODY),
    "a place and empty values": ({"user_data": {"ct": HASH, "em": [], "ph": ""}}, NOBODY),
    "a plain e-mail": ({"user_data": a_user(em="ada@shop.test")}, INVALID),
    "an upper-case hash": ({"user_data": a_user(em=HASH.upper())}, INVALID),
    "an MD5": ({"user_data": a_user(em=HASH[:32])}, INVALID),
    "a hash with a line end": ({"user_data": a_user(em=HASH + "\n")}, INVALID),
    "nothing among hashes": ({"user_data": a_user(em=[HASH, None])}, INVALID),
    "a bad address": ({"user_data": a_user(client_ip_address="1.2.3")}, INVALID),
    "several browsers": ({"user_data": a_user(client_user_agent=["a"])}, INVALID),
    "a lead id in words": ({"user_data": a_user(lead_id="one")}, INVALID),
    "a purchase without value": (custom(value=None), NO_VALUE),
    "a purchase without currency": (custom(currency=""), NO_VALUE),
    "a purchase without custom data": ({"custom_data": GONE}, NO_VALUE),
    "value in words": (custom(value="ten"), INVALID),
    "value not finite": (custom(value="nan"), INVALID),
    "value as truth": (custom(value=True), INVALID),
    "an unknown currency": (custom(currency="EURO"), INVALID),
    "an unknown content type": (custom(content_type="products"), INVALID),
    "contents without ids": (custom(contents=[{"quantity": 1}]), INVALID),
    "quantity in words": (custom(contents=[{"id": "1", "quantity": "two"}]), INVALID),
    "content ids in broken text": (custom(content_ids="[1"), INVALID),
    "custom data as a list": ({"custom_data": [1]}, INVALID),
    "an id that is a number": ({"event_id": 7}, INVALID),
    "an unknown option": ({"data_processing_options": ["OTHER"]}, INVALID),
    "an unknown country": ({"data_processing_options_country": 2}, INVALID),
    "an odd country": ({"data_processing_options_country": [1]}, INVALID),
    "an unknown state": (
        {"data_processing_options_country": 1, "data_processing_options_state": 1014},
        INVALID,
    ),
    "a state without country": ({"data_processing_options_state": 1000}, INVALID),
    "limited, nowhere": ({"data_processing_options": ["LDU"]}, INVALID),
    "an unknown segment": ({"customer_segmentation": "vip"}, INVALID),
}


@pytest.mark.parametrize("changes", TAKEN.values(), ids=TAKEN)
def test_event_is_taken(changes: dict[str, Any]) -> None:
    assert check_event(a_purchase(**changes), now=NOW) is not None


@pytest.mark.parametrize(("changes", "expected"), REFUSED.values(), ids=REFUSED)
def test_event_is_refused(changes: dict[str, Any], expected: tuple[int, int | None]) -> None:
    assert refusal_of(a_purchase(**changes)) == expected


def test_time_is_checked_before_the_customer_and_the_value() -> None:
    assert refusal_of(a_purchase(**aged(8 * DAY), user_data={}, custom_data={})) == TOO_OLD
    assert refusal_of(a_purchase(user_data={}, custom_data={})) == NOBODY


def test_what_meta_is_not_known_to_refuse_is_a_warning() -> None:
    user = {"em": HASH, "fbc": "not a click", "fbp": "fb.1.1596403881668.1", "shoe_size": "44"}

    assert check_event(a_purchase(user_data=user), now=NOW) == (
        "unknown user_data key shoe_size",
        "fbc has not the documented form",
        "a website event without client_user_agent",
    )
