"""Real captures of Shopify's pixel are accepted, malformed ones refused by field, and the wire schema agrees."""

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from connectors.ingest.batches import to_events
from connectors.ingest.mapping import Visit
from schemas.records import Event
from tests.builders import NOON, a_shop
from tests.doors import CODEC

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared"))
CAPTURES = sorted((SHARED / "payloads/shopify_pixel").glob("*.json"))
WIRE_SCHEMA = SHARED / "reference/shopify_pixel_events.wire.schema.json"
MALFORMED = {"kit_custom_2": "clientId", "kit_page_viewed_missing_id": "id"}
REAL = [path for path in CAPTURES if path.stem not in MALFORMED]
VISIT = Visit(shop=a_shop(), received_at=NOON)

pytestmark = pytest.mark.skipif(not CAPTURES, reason="no captures: set STORESTREAM_SHARED")


def read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def accepted(value: Any) -> list[Event]:
    return to_events(json.dumps(value).encode(), VISIT, max_events=500)[0]


def bare_bytes(event: Event) -> bytes:
    return CODEC.encode_bare("Event", event)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_real_capture_is_accepted_bare_and_wrapped(path: Path) -> None:
    capture = read(path)

    (bare,) = accepted(capture)
    (wrapped,) = accepted({"event": capture, "customer": None, "consent": None, "browser": None})

    assert bare == wrapped
    assert (bare["event_id"], bare["client_id"]) == (capture["id"], capture["clientId"])
    assert bare["reported_at"] is not None, "years old: the claim is kept beside our own time"
    assert [event for event, _ in CODEC.members("Event", CODEC.envelope("EventEnvelope", [bare_bytes(bare)]))] == [bare]


@pytest.mark.parametrize("path", [path for path in CAPTURES if path.stem in MALFORMED], ids=lambda path: path.stem)
def test_a_malformed_capture_is_refused_with_its_field_named(path: Path) -> None:
    events, refusals = to_events(path.read_bytes(), VISIT, max_events=1)

    assert events == []
    assert [(each.reason, each.field) for each in refusals] == [("missing_field", MALFORMED[path.stem])]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_what_a_capture_says_of_products_and_money_is_kept(path: Path) -> None:
    capture = read(path)
    (event,) = accepted(capture)
    name, data = capture["name"], capture["data"]

    if "checkout" in data:
        checkout = data["checkout"]
        assert event["checkout_token"] == checkout["token"]
        assert event["value"] == checkout["totalPrice"]["amount"]
        assert [item["variant_id"] for item in event["items"]] == [line["id"] for line in checkout["lineItems"]]
        assert ("em" in event["user_data"]) == bool(checkout.get("email"))
    else:
        assert event["items"]
        assert all(item["product_id"] and item["variant_id"] for item in event["items"])
        assert name != "cart_viewed" or event["cart_token"] == data["cart"]["id"]


def test_the_order_and_its_customer_are_found_in_both_forms() -> None:
    found = {}
    for path in REAL:
        (event,) = accepted(read(path))
        if event["name"] == "checkout_completed":
            found[event["order_id"]] = event["customer_id"]

    assert found == {"5183136301134": "6816454410318", "5396439498987": None}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(member, (*path, key))
    if path:
        yield path


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    changed = copy.deepcopy(value)
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = by
    return changed


SUBSTITUTES: tuple[Any, ...] = (None, 7, "text", True, [], {}, [1])


def is_comparable(at: tuple[Any, ...], by: Any) -> bool:
    """Leave out where we differ on purpose, and where the schema cannot tell."""
    if at[0] in ("timestamp", "type", "name"):
        return False  # names and types lead to other schemas; times are not checked without a format checker
    if at[-1] in ("id", "clientId", "token") and by == 7:
        return False  # integers as ids are read as texts
    if at in (("clientId",), ("context",)) and by is None:
        return False  # an event of no browser is of no use; dom events have no context
    return "value" not in at  # a discount's amount of a wrong type passes as "a percentage with unknown members"


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_what_the_wire_schema_accepts_we_accept_and_what_it_refuses_we_refuse(path: Path) -> None:
    capture = read(path)
    validator = jsonschema.Draft202012Validator(json.loads(WIRE_SCHEMA.read_text()))
    verdicts = set()
    for number, at in enumerate(leaves(capture)):
        for by in (SUBSTITUTES[number % 7], SUBSTITUTES[(number * 3 + 2) % 7]):
            if is_comparable(at, by):
                changed = replaced(capture, at, by)
                valid = validator.is_valid(changed)
                verdicts.add(valid)

                assert bool(accepted(changed)) == valid, f"{'.'.join(map(str, at))} = {by!r}: the schema says {valid}"
    assert verdicts == {True, False}
