"""How the stand-in misbehaves when told to."""

import json
from typing import Any

import httpx
import pytest

from deploy.servers.meta.behaviours import Refuse, Script
from deploy.servers.meta.stage import Stage
from tests.unit.meta_standin import a_purchase, a_standin, client_of, code_of, send


async def behave(meta: httpx.AsyncClient, **script: Any) -> httpx.Response:
    response = await meta.post("/_behave", json=script)
    assert response.status_code == 200, response.text
    return response


async def test_throttling_lasts_as_many_requests_as_told_and_says_when_to_return() -> None:
    async with client_of() as meta:
        await behave(meta, throttle={"code": 80004, "regain_minutes": 3, "requests": 2})
        answers = [await send(meta, a_purchase()) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 200]
    assert code_of(answers[0]) == (400, 80004, 2446079)
    (usage,) = json.loads(answers[0].headers["X-Business-Use-Case-Usage"]).values()
    assert usage[0]["estimated_time_to_regain_access"] == 3
    assert json.loads(answers[0].headers["X-App-Usage"])["call_count"] == 100
    assert "X-App-Usage" not in answers[2].headers


@pytest.mark.parametrize("code", [4, 17, 613, 80014])
async def test_every_kind_of_limit_can_be_played(code: int) -> None:
    async with client_of() as meta:
        await behave(meta, throttle={"code": code, "retry_after_seconds": 7})
        answer = await send(meta, a_purchase())

    assert code_of(answer) == (400, code, None)
    assert answer.headers["Retry-After"] == "7"


@pytest.mark.parametrize("code", [1, 2])
async def test_transient_failure_is_a_500_that_says_so(code: int) -> None:
    async with client_of() as meta:
        await behave(meta, fail={"code": code})
        answer = await send(meta, a_purchase())

    assert code_of(answer) == (500, code, None)
    assert answer.json()["error"]["is_transient"] is True


async def test_failures_by_rate_are_the_same_for_the_same_seed() -> None:
    async def play(seed: int) -> list[int]:
        async with client_of() as meta:
            await behave(meta, fail={"rate": 0.5}, seed=seed)
            return [(await send(meta, a_purchase())).status_code for _ in range(40)]

    first = await play(1)

    assert set(first) == {200, 500}
    assert first == await play(1)
    assert first != await play(2)


async def test_bad_gateway_is_html_even_before_the_token_is_read() -> None:
    async with client_of(token=None) as meta:
        await behave(meta, html_502=True)
        answer = await send(meta, a_purchase())

    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")


async def test_reset_comes_after_the_events_were_taken() -> None:
    async with client_of() as meta:
        await behave(meta, reset_after_accept={"requests": 1})
        with pytest.raises(ConnectionResetError):
            await send(meta, a_purchase())
        again = await send(meta, a_purchase())
        received = (await meta.get("/_received")).json()["events"]
        summary = (await meta.get("/_received/summary")).json()

    assert again.json()["events_received"] == 1
    assert [record["duplicate"] for record in received] == [False, True]
    assert summary["requests_by_status"] == {"reset": 1, "200": 1}


async def test_request_with_a_refused_event_is_refused_until_it_is_left_out() -> None:
    good, bad = a_purchase(event_id="good"), a_purchase(event_id="bad")
    async with client_of() as meta:
        await behave(meta, refuse={"event_ids": ["bad"], "subcode": 2804007})
        refused = await send(meta, good, bad)
        taken = await send(meta, good)
        shown = (await meta.get("/_behave")).json()["behaviours"]

    assert code_of(refused) == (400, 100, 2804007)
    assert taken.status_code == 200
    assert shown == [
        {
            "pixel_id": None,
            "behaviour": "refuse",
            "settings": {"event_ids": ["bad"], "subcode": 2804007},
            "hits": 1,
        }
    ]


def test_share_of_refused_events_is_always_the_same_events() -> None:
    rule = Refuse(event_rate=0.01, seed=7)
    refused = [n for n in range(50_000) if rule.refuses(event_name="Purchase", event_id=f"order-{n}")]

    assert 400 < len(refused) < 600
    assert refused == [n for n in range(50_000) if rule.refuses(event_name="Lead", event_id=f"order-{n}")]


async def test_events_are_refused_by_name() -> None:
    async with client_of() as meta:
        await behave(meta, refuse={"event_names": ["Purchase"]})

        assert (await send(meta, a_purchase())).status_code == 400
        assert (await send(meta, a_purchase(event_name="Lead"))).status_code == 200


async def test_dead_token_is_a_401_for_its_pixel_only() -> None:
    async with client_of() as meta:
        await behave(meta, token_dead=True, pixel_id="1")
        dead = await send(meta, a_purchase(), to="/v26.0/1/events")
        alive = await send(meta, a_purchase(), to="/v26.0/2/events")

    assert code_of(dead) == (401, 190, 463)
    assert alive.status_code == 200


async def test_behaviour_of_one_pixel_goes_before_that_of_all() -> None:
    async with client_of() as meta:
        await behave(meta, fail={"code": 1})
        await behave(meta, fail={"code": 2, "requests": 1}, pixel_id="1")
        answers = [await send(meta, a_purchase(), to="/v26.0/1/events") for _ in range(2)]

    assert [code_of(answer)[1] for answer in answers] == [2, 1]


async def test_usage_headers_come_with_good_answers_when_told() -> None:
    async with client_of() as meta:
        await behave(meta, usage=95)
        answer = await send(meta, a_purchase())

    assert answer.status_code == 200
    assert json.loads(answer.headers["X-App-Usage"])["total_time"] == 95


async def test_latency_and_stall_delay_the_answer() -> None:
    async with client_of() as meta:
        await behave(meta, latency_ms=20, stall_seconds={"seconds": 0.03, "requests": 1})
        stalled = await send(meta, a_purchase())
        shown = (await meta.get("/_behave")).json()["behaviours"]

    assert stalled.elapsed.total_seconds() >= 0.05
    assert [entry["behaviour"] for entry in shown] == ["latency_ms"]


async def test_script_changes_only_what_it_names() -> None:
    async with client_of() as meta:
        await behave(meta, fail=True, latency_ms=1)
        kept = await behave(meta, fail=None)
        reset = await behave(meta, reset=True, usage=10)
        cleared = await meta.delete("/_behave")

    assert [entry["behaviour"] for entry in kept.json()["behaviours"]] == ["latency_ms"]
    assert [entry["behaviour"] for entry in reset.json()["behaviours"]] == ["usage"]
    assert cleared.json() == {"behaviours": []}


@pytest.mark.parametrize(
    ("script", "field"),
    [
        ({"explode": True}, "explode"),
        ({"throttle": {"code": 5}}, "throttle.code"),
        ({"throttle": {"colour": "red"}}, "throttle.colour"),
        ({"fail": {"rate": 2}}, "fail.rate"),
        ({"fail": {"requests": 0}}, "fail.requests"),
        ({"refuse": {}}, "refuse"),
        ({"stall_seconds": -1}, "stall_seconds.seconds"),
        ([], "body"),
    ],
)
async def test_unknown_behaviour_is_refused_by_the_name_of_its_field(script: object, field: str) -> None:
    standin = a_standin()
    async with client_of(standin) as meta:
        response = await meta.post("/_behave", json=script)

    assert response.status_code == 400
    assert response.json()["error"]["field"] == field
    assert standin.stage.shown() == []


async def test_script_that_is_no_json_is_refused() -> None:
    async with client_of() as meta:
        response = await meta.post("/_behave", content=b"{")

    assert response.json()["error"] == {"field": "body", "problem": "must be JSON"}


async def test_unknown_control_is_not_found() -> None:
    async with client_of() as meta:
        assert (await meta.get("/_nothing")).status_code == 404
        assert (await meta.put("/_behave")).status_code == 405


def test_behaviour_ends_after_its_time() -> None:
    now = 100.0
    stage = Stage(clock=lambda: now)
    stage.play(Script.model_validate({"fail": {"for_seconds": 5}}))

    assert len(stage.shown()) == 1
    now = 105.0
    assert stage.shown() == []
