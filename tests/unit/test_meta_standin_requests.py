"""How the stand-in reads a request: path, token, pixel, body."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from deploy.servers.meta.access import Access
from deploy.servers.meta.bodies import BadBody, fields_of
from tests.unit.meta_standin import EVENTS, GONE, TOKEN, a_purchase, a_standin, client_of, code_of, send

UNREADABLE_TOKEN = (401, 190, None)
UNKNOWN_OBJECT = (400, 100, 33)
INVALID = (400, 100, None)
UNKNOWN_PATH = (400, 2500, None)


async def test_success_counts_the_events_and_bears_a_trace() -> None:
    async with client_of() as meta:
        response = await send(meta, a_purchase(), a_purchase(event_id="order-2"))

    assert response.status_code == 200
    trace = response.json().pop("fbtrace_id")
    assert trace.startswith("A")
    assert response.json() == {"events_received": 2, "messages": [], "fbtrace_id": trace}


BODIES: dict[str, dict[str, Any]] = {
    "json": {"json": {"data": [a_purchase()]}},
    "urlencoded, objects": {"data": {"data": json.dumps([a_purchase()])}},
    "urlencoded, strings": {"data": {"data": json.dumps([json.dumps(a_purchase())])}},
    "multipart": {"files": {"data": (None, json.dumps([a_purchase()]))}},
    "multipart, strings": {"files": {"data": (None, json.dumps([json.dumps(a_purchase())]))}},
    "json without a content type": {"content": json.dumps({"data": [a_purchase()]})},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_every_encoding_of_a_body_carries_the_same_event(body: dict[str, Any]) -> None:
    async with client_of() as meta:
        response = await meta.post(EVENTS, **body)
        received = (await meta.get("/_received")).json()["events"]

    assert response.json()["events_received"] == 1
    assert received[0]["event"] == a_purchase()


TOKENS: dict[str, dict[str, Any]] = {
    "query": {"params": {"access_token": TOKEN}, "json": {"data": [a_purchase()]}},
    "json": {"json": {"data": [a_purchase()], "access_token": TOKEN}},
    "form": {"data": {"data": json.dumps([a_purchase()]), "access_token": TOKEN}},
    "multipart": {"files": {"data": (None, json.dumps([a_purchase()])), "access_token": (None, TOKEN)}},
    "header": {"headers": {"Authorization": f"Bearer {TOKEN}"}, "json": {"data": [a_purchase()]}},
}


@pytest.mark.parametrize("request_", TOKENS.values(), ids=TOKENS)
async def test_token_may_be_anywhere_meta_takes_it(request_: dict[str, Any]) -> None:
    async with client_of(token=None) as meta:
        response = await meta.post(EVENTS, **request_)

    assert response.status_code == 200


@pytest.mark.parametrize("token", [None, "another"])
async def test_token_is_checked_before_anything_else(token: str | None) -> None:
    async with client_of(token=token) as meta:
        response = await meta.post(EVENTS, content=b"not json")

    assert code_of(response) == UNREADABLE_TOKEN
    assert "error_subcode" not in response.json()["error"]


async def test_no_token_is_good_until_one_is_configured() -> None:
    async with client_of(a_standin(access=Access())) as meta:
        before = await send(meta, a_purchase())
        await meta.post("/_configure", json={"tokens": [TOKEN]})
        after = await send(meta, a_purchase())

    assert code_of(before) == UNREADABLE_TOKEN
    assert after.status_code == 200


async def test_pixel_is_checked_before_the_body() -> None:
    async with client_of(a_standin(access=Access.opened_to([TOKEN], ["1"]))) as meta:
        unknown = await meta.post("/v26.0/2/events", content=b"not json")
        known = await meta.post("/v26.0/1/events", content=b"not json")

    assert code_of(unknown) == UNKNOWN_OBJECT
    assert code_of(known) == INVALID


async def test_token_of_one_pixel_may_not_write_to_another() -> None:
    async with client_of(a_standin(access=Access()), token=None) as meta:
        await meta.post("/_configure", json={"pixels": {"1": ["one"], "2": ["two"]}})
        query = {"params": {"access_token": "one"}, "json": {"data": [a_purchase()]}}
        own = await meta.post("/v26.0/1/events", **query)  # type: ignore[arg-type]
        other = await meta.post("/v26.0/2/events", **query)  # type: ignore[arg-type]

    assert own.status_code == 200
    assert code_of(other) == UNKNOWN_OBJECT


async def test_configuration_is_shown_without_tokens() -> None:
    async with client_of() as meta:
        shown = await meta.post("/_configure", json={"tokens": ["secret-1"], "pixels": {"7": ["secret-2"]}})

    assert shown.json() == {"tokens": 1, "pixels": ["7"], "catalogs": None}


async def test_wrong_configuration_is_refused_by_field_and_without_its_value() -> None:
    async with client_of() as meta:
        response = await meta.post("/_configure", json={"tokens": "secret-3"})

    assert response.status_code == 400
    assert response.json()["error"]["field"] == "tokens"
    assert "secret-3" not in response.text


@pytest.mark.parametrize(
    "path", ["/1234/events", "/26.0/1/events", "/v27.0/1/events", "/v26/1/events", "/v26.0/1/other"]
)
async def test_path_without_a_known_version_and_edge_is_unknown(path: str) -> None:
    async with client_of() as meta:
        response = await send(meta, a_purchase(), to=path)

    assert code_of(response) == UNKNOWN_PATH


@pytest.mark.parametrize("version", ["v21.0", "v25.0", "v26.0"])
async def test_every_live_version_is_served(version: str) -> None:
    async with client_of() as meta:
        response = await send(meta, a_purchase(), to=f"/{version}/1/events")

    assert response.status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"data": []}, {"data": {}}, {"data": "["}, {"data": [1]}, {"data": ["{"]}, {"data": None}, []]
)
async def test_request_without_events_is_refused(body: object) -> None:
    async with client_of() as meta:
        response = await meta.post(EVENTS, json=body)

    assert code_of(response) == INVALID


async def test_thousand_events_are_taken_and_one_more_is_refused() -> None:
    events = [a_purchase(event_id=f"order-{n}") for n in range(1001)]
    async with client_of() as meta:
        taken = await send(meta, *events[:1000])
        refused = await send(meta, *events)

    assert taken.json()["events_received"] == 1000
    assert code_of(refused) == INVALID


async def test_one_bad_event_refuses_all_and_is_not_named() -> None:
    bad = a_purchase(event_id="the-bad-one", event_time=GONE)
    async with client_of() as meta:
        response = await send(meta, a_purchase(), bad, a_purchase(event_id="order-3"))
        received = (await meta.get("/_received")).json()

    assert code_of(response) == INVALID
    assert "the-bad-one" not in response.text
    assert received["total"] == 0


async def test_test_event_code_is_kept() -> None:
    async with client_of() as meta:
        await meta.post(EVENTS, json={"data": [a_purchase()], "test_event_code": "TEST1"})
        received: httpx.Response = await meta.get("/_received")

    assert received.json()["events"][0]["test_event_code"] == "TEST1"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"no parts", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        ("data=é".encode(), "application/x-www-form-urlencoded"),
        (b"data=%ff", "application/x-www-form-urlencoded"),
    ],
)
def test_unreadable_body_is_told_apart_from_one_without_fields(body: bytes, content_type: str) -> None:
    with pytest.raises(BadBody):
        fields_of(body, content_type)


def test_form_fields_keep_their_unicode() -> None:
    body = urlencode({"data": "정 valéry"}).encode()

    assert fields_of(body, "application/x-www-form-urlencoded") == {"data": "정 valéry"}
