"""Clear text of people goes no further than the door: neither to Kafka nor to any log."""

import io
import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
import structlog

from tests.doors import FakeSink, a_checkout, a_door, a_pixel_event, calling

SECRETS_OF_JANE = (
    "jane.doe@example.com", "jane.doe%40example.com", "jane.doe%2540example.com", "1701234567", "170 1234567",
    "7654321", "doebelin", "fictional way", "kleinmachnow", "14532",
)  # fmt: skip


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged at any level, as text."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.addFilter(lambda record: not record.name.startswith("httpx"))  # the caller's own log, not the door's
    logging.getLogger().addHandler(handler)
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.DEBUG)
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(lines), cache_logger_on_first_use=False)
    yield lines
    structlog.reset_defaults()
    logging.getLogger().setLevel(before)
    logging.getLogger().removeHandler(handler)


def pages_with_jane() -> dict[str, Any]:
    url = (
        "https://shop.example/welcome?email=jane.doe%40example.com&phone=%2B491701234567"
        "&next=%2Faccount%3Fe%3Djane.doe%2540example.com&utm_campaign=jane.doe@example.com#jane.doe@example.com"
    )
    location = {"href": url, "search": url.partition("?")[2]}
    document = {"location": location, "referrer": url, "title": "Welcome jane.doe@example.com"}
    return {"document": document, "window": {"location": location}, "navigator": {"userAgent": "jane.doe@example.com"}}


def wrapped(event: dict[str, Any]) -> dict[str, Any]:
    customer = {
        "id": "6940095086827",
        "email": "Jane.Doe@example.com",
        "phone": "+49 170 1234567",
        "firstName": "Jane",
        "lastName": "Doebelin",
    }
    page = pages_with_jane()["document"]["location"]["href"]
    return {"event": event, "customer": customer, "browser": {"fbp": "jane.doe@example.com", "fbc": None, "url": page}}


EVENTS = {
    "checkout": a_pixel_event(
        name="checkout_completed",
        data={
            "checkout": a_checkout(
                attributes=[{"key": "email", "value": "jane.doe@example.com"}],
                billingAddress=a_checkout()["shippingAddress"],
            )
        },
        context=pages_with_jane(),
    ),
    "custom": a_pixel_event(
        name="newsletter:subscribed jane.doe@example.com",
        type="custom",
        data=None,
        customData={
            "email": "jane.doe@example.com",
            "note": "call +49 170 1234567 or write to jane.doe@example.com",
            "shipping_address": {"city": "Kleinmachnow", "zip": "14532"},
            "lastName": "Doebelin",
            "jane.doe@example.com": 1,
        },
    ),
    "typed": a_pixel_event(
        name="input_changed",
        type="dom",
        data={"element": {"id": "jane", "value": "jane.doe@example.com 1701234567"}},
        context=None,
    ),
    "form": a_pixel_event(
        name="form_submitted",
        type="dom",
        data={"element": {"action": "/?email=jane.doe@example.com", "elements": [{"value": "Kleinmachnow"}]}},
        context=None,
    ),
    "alert": a_pixel_event(
        name="alert_displayed",
        data={"alert": {"type": "INPUT_INVALID", "value": "Doebelin", "message": "jane.doe@example.com is no address"}},
    ),
    "search": a_pixel_event(
        name="search_submitted", data={"searchResult": {"query": "jane.doe@example.com", "productVariants": []}}
    ),
    "ids": a_pixel_event(
        name="cart_viewed", data={"cart": {"id": "jane.doe@example.com", "lines": [], "attributes": []}}
    ),
}  # fmt: skip


@pytest.mark.parametrize("which", EVENTS)
async def test_nothing_clear_reaches_kafka_or_a_log(which: str, logged: io.StringIO) -> None:
    sink, wrapper = FakeSink(), wrapped(EVENTS[which])
    async with calling(a_door(sink)) as client:
        answer = await client.post("/v1/pixel/wk_demo", content=json.dumps(wrapper))
        # The same once more, refused: its bytes are kept on records.rejected, and nowhere else.
        wrapper["event"]["seq"] = "jane.doe@example.com"
        refused = await client.post("/v1/pixel/wk_demo", content=json.dumps(wrapper))
    wrapper["event"]["seq"] = 7

    assert (answer.status_code, refused.status_code) == (202, 400)
    written = b"".join(sink.bytes).decode(errors="replace").lower()
    for secret in SECRETS_OF_JANE:
        assert secret not in written
        assert secret not in logged.getvalue().lower()
        assert secret not in refused.text.lower()
    assert "events refused" in logged.getvalue(), "the log was looked at"
    assert sha256(b"jane.doe@example.com").hexdigest() in written


async def test_nothing_clear_of_a_gif_reaches_kafka_or_a_log(logged: io.StringIO) -> None:
    sink = FakeSink()
    query = {
        "name": "newsletter",
        "cid": "ece6cea2-0914-4dcd-8345-8d64ce97b76b",
        "url": "https://shop.example/?email=jane.doe@example.com",
        "title": "jane.doe@example.com",
        "email": "jane.doe@example.com",
        "cust": "jane.doe@example.com",
    }
    async with calling(a_door(sink)) as client:
        answer = await client.get("/v1/pixel/wk_demo.gif", params=query)

    assert answer.status_code == 200
    written = b"".join(sink.bytes).decode(errors="replace").lower()
    assert "newsletter" in written
    assert "jane" not in written
    assert "jane" not in logged.getvalue().lower()
