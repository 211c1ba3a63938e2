"""The pixel's endpoint: what is answered to what, and what Kafka gets of it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.ingest import bodies
from tests.builders import a_shop
from tests.doors import FakeSink, a_door, a_pixel_event, calling

POST = "/v1/pixel/wk_demo"


async def posted(body: Any, **settings: Any) -> tuple[int, Any, FakeSink]:
    sink = FakeSink()
    async with calling(a_door(sink, **settings)) as client:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = await client.post(POST, content=content)
    return answer.status_code, answer.json(), sink


async def test_an_event_is_accepted_and_handed_on() -> None:
    status, answer, sink = await posted(a_pixel_event())

    assert (status, answer) == (202, {"accepted": 1, "rejected": []})
    assert [event["name"] for event in sink.events] == ["product_viewed"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/plain;charset=UTF-8", None])
async def test_browsers_content_types_and_none_are_taken(content_type: str | None) -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        headers = {"content-type": content_type} if content_type else {}
        answer = await client.post(POST, content=json.dumps(a_pixel_event()), headers=headers)

    assert answer.status_code == 202
    assert len(sink.events) == 1


async def test_a_mixed_array_is_accepted_in_part_and_each_bad_one_is_named_and_kept() -> None:
    bad = '{ "name": "page_viewed",  "id": "x", "timestamp": "2026-10-26T06:13:20Z" }'
    body = f"[{json.dumps(a_pixel_event())}, {bad} ,{json.dumps(a_pixel_event(id='second'))}]".encode()

    status, answer, sink = await posted(body)

    assert status == 202
    assert answer == {"accepted": 2, "rejected": [{"index": 1, "reason": "missing_field", "field": "clientId"}]}
    assert [event["event_id"] for event in sink.events] == [a_pixel_event()["id"], "second"]
    (rejected,) = sink.rejected
    assert rejected["payload"] == bad.encode()
    assert (rejected["shop_id"], rejected["stage"], rejected["reason"]) == ("demo", "ingest", "missing_field")


async def test_a_body_too_deep_to_be_cut_is_kept_once_and_not_for_each_of_its_events() -> None:
    body = b"[" + b"[" * 1_010 + b"]" * 1_010 + b",7" * 99 + b"]"

    status, answer, sink = await posted(body)

    assert (status, len(answer["rejected"])) == (400, 100)
    assert [each["payload"] for each in sink.rejected] == [body]


async def test_when_all_is_refused_the_status_says_so() -> None:
    status, answer, sink = await posted([{"name": "page_viewed"}, 7])

    assert status == 400
    assert answer["accepted"] == 0
    assert [each["index"] for each in answer["rejected"]] == [0, 1]
    assert [each["payload"] for each in sink.rejected] == [b'{"name": "page_viewed"}', b"7"]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "bad_json"),
        (b"{", 400, "bad_json"),
        (b'{"a": NaN}', 400, "bad_json"),
        (b'{"a": Infinity}', 400, "bad_json"),
        (b'{"a": "\xff\xfe"}', 400, "bad_json"),
        (b'{"a": "\\ud800"}', 400, "bad_json"),
        (b'{"a": 1e999}', 413, "too_large"),
        (b"[" * 100_000, 413, "too_large"),
        (b'"text"', 400, "wrong_type"),
        (b"null", 400, "wrong_type"),
        (b"[]", 400, "missing_field"),
        (b"[" + b"{}," * 500 + b"{}]", 413, "too_large"),
    ],
)
async def test_a_body_that_is_no_event_is_refused_with_a_reason_and_kept(body: bytes, status: int, reason: str) -> None:
    answered, answer, sink = await posted(body)

    assert answered == status
    assert [each["reason"] for each in answer["rejected"]] == [reason]
    assert [(each["reason"], each["payload"]) for each in sink.rejected] == [(reason, body)]


async def test_a_body_over_the_limit_is_refused_also_when_it_states_no_length() -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1024

    sink = FakeSink()
    async with calling(a_door(sink, max_body_bytes=8192)) as client:
        stated = await client.post(POST, content=b" " * 8193)
        unstated = await client.post(POST, content=in_pieces())

    assert [stated.status_code, unstated.status_code] == [413, 413]
    assert stated.json()["rejected"] == [{"index": 0, "reason": "too_large", "field": "body"}]


async def test_gzip_is_undone_within_the_limit_and_other_encodings_are_refused() -> None:
    sink = FakeSink()
    packed = gzip.compress(json.dumps(a_pixel_event()).encode())
    async with calling(a_door(sink, max_body_bytes=8192)) as client:
        good = await client.post(POST, content=packed, headers={"content-encoding": "gzip"})
        bomb = await client.post(POST, content=gzip.compress(b" " * 10**6), headers={"content-encoding": "gzip"})
        cut = await client.post(POST, content=packed[:-20], headers={"content-encoding": "gzip"})
        none = await client.post(POST, content=b"{}", headers={"content-encoding": "gzip"})
        two = await client.post(POST, content=packed * 2, headers={"content-encoding": "gzip"})
        other = await client.post(POST, content=packed, headers={"content-encoding": "br"})

    statuses = [each.status_code for each in (good, bomb, cut, none, two, other)]
    assert statuses == [202, 413, 400, 400, 400, 400]


async def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(5)

    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    async with calling(a_door(FakeSink())) as client:
        answer = await client.post(POST, content=stalled())

    assert answer.status_code == 408


async def test_an_unknown_write_key_is_told_and_kept_without_a_shop() -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        answer = await client.post("/v1/pixel/wk_other", content=json.dumps(a_pixel_event()))

    assert answer.status_code == 404
    assert answer.json()["rejected"] == [{"index": 0, "reason": "unknown_shop", "field": "write_key"}]
    assert [each["shop_id"] for each in sink.rejected] == [""]


async def test_while_shops_are_not_read_an_unknown_key_is_asked_to_come_again() -> None:
    async with calling(a_door(FakeSink(), is_complete=False)) as client:
        unknown = await client.post("/v1/pixel/wk_other", content=json.dumps(a_pixel_event()))
        known = await client.post(POST, content=json.dumps(a_pixel_event()))

    assert unknown.status_code == 503
    assert int(unknown.headers["retry-after"]) >= 1
    assert known.status_code == 202


@pytest.mark.parametrize("body", [json.dumps(a_pixel_event()).encode(), b"{", b"[{}]"])
async def test_when_kafka_does_not_take_it_the_sender_is_told_when_to_come_again(body: bytes) -> None:
    sink = FakeSink()
    sink.down = "no broker"
    async with calling(a_door(sink)) as client:
        answer = await client.post(POST, content=body)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["access-control-expose-headers"] == "retry-after"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("OPTIONS", POST),
        ("POST", POST),
        ("POST", "/v1/pixel/wk_other"),
        ("GET", "/v1/pixel/wk_demo.gif"),
        ("GET", "/v1/pixel.js"),
        ("GET", "/nowhere"),
        ("DELETE", POST),
    ],
)
async def test_every_answer_lets_any_page_read_it(method: str, path: str) -> None:
    async with calling(a_door(FakeSink())) as client:
        answer = await client.request(method, path)

    assert answer.status_code < 500
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_preflight_allows_what_the_pixel_sends() -> None:
    async with calling(a_door(FakeSink())) as client:
        asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
        answer = await client.options(POST, headers=asked | {"access-control-request-headers": "content-type"})

    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "content-type" in answer.headers["access-control-allow-headers"]


async def test_readiness_names_each_thing_that_is_missing() -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        ready = await client.get("/readyz")
    sink.down = "no broker answers"
    async with calling(a_door(sink, is_complete=False)) as client:
        unready = await client.get("/readyz")
        alive = await client.get("/healthz")

    assert (ready.status_code, ready.json()) == (200, {"ready": True, "missing": {}})
    assert unready.status_code == 503
    assert set(unready.json()["missing"]) == {"kafka", "shops"}
    assert alive.status_code == 200


async def test_metrics_count_by_route_and_reason_and_hold_nothing_a_sender_wrote() -> None:
    shop = a_shop(shop_id="measured", write_keys=["wk_measured"])
    async with calling(a_door(FakeSink(), shop)) as client:
        body = json.dumps([a_pixel_event(name="name_of_my_own"), {"secret_key": "x"}])
        await client.post("/v1/pixel/wk_measured", content=body)
        text = (await client.get("/metrics")).text

    assert 'ingest_events_accepted_total{shop="measured",source="pixel"} 1.0' in text
    assert 'ingest_events_refused_total{reason="missing_field",shop="measured"} 1.0' in text
    assert "name_of_my_own" not in text
    assert "wk_measured" not in text
