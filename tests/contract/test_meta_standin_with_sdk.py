"""
Meta's own SDK against the stand-in: a client that shares no assumption with our sender.

Only its base address is changed (`FacebookSession.GRAPH`); everything on the wire is the SDK's.
"""

import asyncio
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.event_request_async import EventRequestAsync
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from tests.contract.meta_process import TOKEN, a_running_standin

PIXEL = "1234567890"
DAY = 86_400


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    with a_running_standin("--pixel", PIXEL) as address:
        yield address


@pytest.fixture
def meta(standin: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Lead the SDK to the stand-in, and give a client of the control door."""
    monkeypatch.setattr(FacebookSession, "GRAPH", standin)
    FacebookAdsApi.init(access_token=TOKEN, crash_log=False)
    with httpx.Client(base_url=standin) as client:
        client.delete("/_received")
        client.delete("/_behave")
        yield client
    FacebookAdsApi.get_default_api()._session.requests.close()


def a_purchase(*, age_seconds: int = 60, event_id: str | None = None) -> Event:
    return Event(
        event_name="Purchase",
        event_time=int(time.time()) - age_seconds,
        event_id=event_id or str(uuid4()),
        action_source=ActionSource.WEBSITE,
        event_source_url="https://shop.test/thanks",
        user_data=UserData(
            emails=["Ada@Shop.test "],
            phones=["+1 650 555 1212"],
            first_name="Valéry",
            city="New York",
            country_code="us",
            client_ip_address="192.0.2.1",
            client_user_agent="Mozilla/5.0",
            fbc="fb.1.1596403881668.IwAR",
            fbp="fb.1.1596403881668.1116446470",
            external_id="customer-1",
        ),
        custom_data=CustomData(
            value=142.52,
            currency="EUR",
            contents=[Content(product_id="1", quantity=2, item_price=71.26)],
            order_id="1001",
        ),
    )


def send(*events: Event, pixel: str = PIXEL, test_event_code: str | None = None) -> object:
    return EventRequest(pixel_id=pixel, events=list(events), test_event_code=test_event_code).execute()


def refusal_of(*events: Event, pixel: str = PIXEL) -> FacebookRequestError:
    with pytest.raises(FacebookRequestError) as refused:
        send(*events, pixel=pixel)
    return refused.value


def test_events_of_the_sdk_are_taken_as_it_hashed_them(meta: httpx.Client) -> None:
    response = send(a_purchase(event_id="order-1"), a_purchase(), test_event_code="TEST7")
    page = meta.get("/_received").json()

    assert response.events_received == 2  # type: ignore[attr-defined]
    assert response.fbtrace_id.startswith("A")  # type: ignore[attr-defined]
    first = page["events"][0]
    assert (first["event_id"], first["test_event_code"], first["warnings"]) == ("order-1", "TEST7", [])
    # What Meta's documentation prints for 16505551212, valéry and us.
    user = first["event"]["user_data"]
    assert [user[key][0][:8] for key in ("ph", "fn", "country")] == ["e323ec62", "08e1996b", "79adb2a2"]
    assert first["event"]["custom_data"]["contents"] == [{"id": "1", "quantity": 2, "item_price": 71.26}]


def test_sdk_reads_a_bad_token(meta: httpx.Client) -> None:
    FacebookAdsApi.init(access_token="another", crash_log=False)

    refusal = refusal_of(a_purchase())

    assert (refusal.http_status(), refusal.api_error_code(), refusal.api_error_subcode()) == (401, 190, None)


def test_sdk_reads_an_event_that_is_too_old(meta: httpx.Client) -> None:
    refusal = refusal_of(a_purchase(), a_purchase(age_seconds=8 * DAY))

    assert (refusal.http_status(), refusal.api_error_code()) == (400, 100)
    assert refusal.api_error_subcode() == 2804003
    assert refusal.api_transient_error() is False
    assert meta.get("/_received").json()["total"] == 0


def test_sdk_reads_an_unknown_pixel(meta: httpx.Client) -> None:
    refusal = refusal_of(a_purchase(), pixel="999")

    assert (refusal.api_error_code(), refusal.api_error_subcode()) == (100, 33)


def test_sdk_reads_a_transient_error_as_one(meta: httpx.Client) -> None:
    meta.post("/_behave", json={"fail": {"code": 2, "requests": 1}}).raise_for_status()

    refusal = refusal_of(a_purchase())

    assert (refusal.http_status(), refusal.api_error_code()) == (500, 2)
    assert refusal.api_transient_error() is True


def test_sdk_sees_usage_headers_when_it_is_throttled(meta: httpx.Client) -> None:
    meta.post("/_behave", json={"throttle": {"code": 17, "regain_minutes": 5}}).raise_for_status()

    refusal = refusal_of(a_purchase())

    assert refusal.api_error_code() == 17
    assert '"estimated_time_to_regain_access":5' in refusal.http_headers()["X-Business-Use-Case-Usage"]


def test_repeat_by_the_sdk_is_a_copy(meta: httpx.Client) -> None:
    event = a_purchase()
    send(event)
    send(event)

    assert [record["duplicate"] for record in meta.get("/_received").json()["events"]] == [False, True]


def test_form_of_the_asynchronous_sdk_is_taken_too(meta: httpx.Client) -> None:
    response = asyncio.run(EventRequestAsync(pixel_id=PIXEL, events=[a_purchase()]).execute())

    assert response.events_received == 1
    assert meta.get("/_received").json()["total"] == 1
