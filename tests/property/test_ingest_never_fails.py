"""Whatever is posted, the door answers 2xx or 4xx with a reason, and what it accepts Avro can carry."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ingest.batches import to_events
from connectors.ingest.mapping import Visit
from schemas.errors import REASONS, TerminalError
from tests.builders import NOON, a_shop
from tests.doors import CODEC, FakeSink, a_checkout, a_door, a_pixel_event, calling
from tests.shopify_webhooks import a_product, an_order_body, delivered

VISIT = Visit(shop=a_shop(), received_at=NOON)
VIEW = a_pixel_event()
LINE = {"quantity": 1, "merchandise": VIEW["data"]["productVariant"], "cost": {"totalAmount": {"amount": 1}}}
STARTS = [
    VIEW,
    a_pixel_event(name="checkout_completed", data={"checkout": a_checkout()}),
    a_pixel_event(name="product_added_to_cart", data={"cartLine": LINE}),
    a_pixel_event(name="cart_viewed", data={"cart": {"id": "c1", "lines": [LINE]}}),
    a_pixel_event(name="quiz", type="custom", customData={"a": [1, {"b": None}]}),
    a_pixel_event(name="clicked", type="dom", data={"element": {"id": "x"}, "clientX": 1}),
    {
        "event": VIEW,
        "customer": {"id": 1, "email": "a@b.example"},
        "consent": {"marketingAllowed": True},
        "browser": {"fbp": "fb.1.1700000000000.1", "url": "https://shop.example/?fbclid=x"},
        "sent_at": "2026-10-26T06:13:21Z",
    },
]

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, True, 0, -1, 1.5, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**400, 1e308, -1e308, 1e-320,
        "", " ", "null", "\x00", "💥" * 50, "a" * 300, "a" * 9_000, "NaN", "1e999", "//", "https://[",
        "https://shop.example/?%zz=%ff&utm_source=", "gid://shopify/Order/", "jane@example.com", "+49 170 1234567",
        "0000-00-00", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59.999999-23:59", "0001-01-01T00:00:00+23:59",
        [], {}, [[]], [{}], {"": ""}, {"id": {"id": {}}},
    ]
)  # fmt: skip
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    ODD | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
PARAMETERS = st.sampled_from(["name", "cid", "ts", "price", "qty", "value", "url", "cur", "oid", "x"])


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            found += paths(member, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn, starts: list[dict[str, Any]]) -> dict[str, Any]:
    """One of *starts* with a few members replaced or removed."""
    value: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(starts)))
    for _ in range(draw(st.integers(1, 3))):
        places = paths(value)
        if not places:
            break
        *above, last = draw(st.sampled_from(places))
        inside: Any = value
        for key in above:
            inside = inside[key]
        if isinstance(inside, dict) and draw(st.integers(0, 3)) == 0:
            del inside[last]
        else:
            inside[last] = copy.deepcopy(draw(JSON))  # the samples are shared between examples
    return value


@settings(max_examples=300, deadline=None)
@given(mutated(STARTS))
def test_a_mutated_event_is_carried_or_refused_with_a_closed_reason(value: dict[str, Any]) -> None:
    try:
        events, refusals = to_events(dumped(value), VISIT, max_events=10)
    except TerminalError as exc:  # a number that no double holds: the body as a whole is refused
        assert (exc.reason, exc.field) == ("too_large", "body")  # noqa: PT017 - most bodies raise nothing
        return

    assert len(events) + len(refusals) == 1
    for event in events:
        carried = CODEC.envelope("EventEnvelope", [CODEC.encode_bare("Event", event)])
        assert [each for each, _ in CODEC.members("Event", carried)] == [event]
    for refusal in refusals:
        assert refusal.reason in REASONS
        assert refusal.field


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | JSON.map(dumped) | st.lists(mutated(STARTS), max_size=5).map(dumped))
async def test_whatever_is_posted_is_answered_2xx_or_4xx_with_a_reason(body: bytes) -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        answer = await client.post("/v1/pixel/wk_demo", content=body)

    assert 200 <= answer.status_code < 500
    outcome = answer.json()
    assert outcome["accepted"] == len(sink.events)
    assert len(outcome["rejected"]) == len(sink.rejected)
    assert outcome["accepted"] or outcome["rejected"]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(PARAMETERS, ODD.map(str) | st.text(max_size=12)))
async def test_whatever_the_gif_is_asked_is_answered_2xx_or_4xx(said: dict[str, str]) -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        answer = await client.get("/v1/pixel/wk_demo.gif", params=said)

    assert 200 <= answer.status_code < 500
    assert len(sink.events) + len(sink.rejected) == 1


@settings(max_examples=150, deadline=None)
@given(mutated([{"topic": "products/update", "body": a_product()}, {"topic": "orders/paid", "body": an_order_body()}]))
async def test_whatever_an_authentic_webhook_holds_it_is_never_our_failure(value: dict[str, Any]) -> None:
    sink = FakeSink()
    topic = str(value.get("topic")).encode("ascii", "ignore").decode().replace("\x00", "").strip()

    answer = await delivered(sink, topic, dumped(value.get("body")))

    assert answer.status_code in (200, 400)
    assert len(sink.orders) + len(sink.products) + len(sink.rejected) <= 1
