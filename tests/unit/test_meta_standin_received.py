"""What the stand-in keeps and shows, and how it tells copies."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.servers.meta.access import Access
from deploy.servers.meta.journal import Journal
from deploy.servers.meta.received import Received
from deploy.servers.meta.standin import StandIn
from tests.unit.meta_standin import EVENTS, NOW, TOKEN, a_purchase, a_standin, client_of, send

HOUR = 3600


async def received(meta: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    response = await meta.get("/_received", params=query)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def copies(meta: httpx.AsyncClient) -> list[bool]:
    return [record["duplicate"] for record in (await received(meta))["events"]]


async def test_copy_is_answered_like_the_first_and_told_apart_here() -> None:
    async with client_of() as meta:
        answers = [await send(meta, a_purchase(), a_purchase()) for _ in range(2)]

        assert await copies(meta) == [False, True, True, True]
    assert [answer.json()["events_received"] for answer in answers] == [2, 2]


@pytest.mark.parametrize(
    ("changes", "to"),
    [
        ({"event_id": "order-2"}, EVENTS),
        ({"event_name": "Lead"}, EVENTS),
        ({}, "/v26.0/another/events"),
    ],
)
async def test_copy_has_the_same_pixel_name_and_id(changes: dict[str, Any], to: str) -> None:
    async with client_of() as meta:
        await send(meta, a_purchase())
        await send(meta, a_purchase(**changes), to=to)

        assert await copies(meta) == [False, False]


async def test_events_without_an_id_are_never_copies() -> None:
    async with client_of() as meta:
        await send(meta, a_purchase(event_id=""), a_purchase(event_id=""))

        assert await copies(meta) == [False, False]


async def test_copy_is_one_until_48_hours_after_the_first() -> None:
    now = NOW
    standin = StandIn(Access.opened_to([TOKEN]), clock=lambda: now)
    async with client_of(standin) as meta:
        for hours in (0, 47, 48, 95):
            now = NOW + hours * HOUR
            await send(meta, a_purchase(event_time=int(now)))

        assert await copies(meta) == [False, True, False, True]


async def test_record_shows_the_event_and_how_it_came() -> None:
    async with client_of() as meta:
        trace = (await send(meta, a_purchase())).json()["fbtrace_id"]
        (record,) = (await received(meta))["events"]

    assert record == {
        "sequence": 1,
        "received_at": NOW,
        "pixel_id": "1234567890",
        "event_name": "Purchase",
        "event_id": "order-1",
        "duplicate": False,
        "test_event_code": None,
        "fbtrace_id": trace,
        "warnings": [],
        "event": a_purchase(),
    }


async def test_records_are_filtered() -> None:
    async with client_of() as meta:
        await send(meta, a_purchase(), a_purchase(event_id="order-2"), a_purchase(event_name="Lead"))
        await send(meta, a_purchase(), to="/v26.0/2/events")
        await send(meta, a_purchase(), to="/v26.0/2/events")

        assert (await received(meta, event_name="Lead"))["total"] == 1
        assert (await received(meta, event_id="order-1"))["total"] == 4
        assert (await received(meta, pixel_id="2", duplicate="true"))["total"] == 1
        assert (await received(meta, duplicate="false"))["total"] == 4
        assert (await received(meta, since=NOW))["total"] == 5
        assert (await received(meta, since=NOW + 1))["total"] == 0


async def test_pages_show_every_record_once_and_then_end() -> None:
    async with client_of() as meta:
        await send(meta, *(a_purchase(event_id=str(n)) for n in range(25)))
        seen: list[str] = []
        cursor: int | None = 0
        while cursor is not None:
            page = await received(meta, limit=10, cursor=cursor)
            seen += [record["event_id"] for record in page["events"]]
            cursor = page["next_cursor"]

    assert seen == [str(n) for n in range(25)]
    assert page["total"] == 25


@pytest.mark.parametrize(
    ("query", "field"), [({"limit": 0}, "limit"), ({"since": "noon"}, "since"), ({"name": "x"}, "name")]
)
async def test_wrong_filter_is_refused_by_name(query: dict[str, Any], field: str) -> None:
    async with client_of() as meta:
        response = await meta.get("/_received", params=query)

    assert response.status_code == 400
    assert response.json()["error"]["field"] == field


async def test_summary_counts_by_name_pixel_status_and_error() -> None:
    async with client_of() as meta:
        await send(meta, a_purchase(), a_purchase(), a_purchase(event_name="Lead"))
        await send(meta, a_purchase(event_time=1))
        summary = (await meta.get("/_received/summary")).json()

    assert summary == {
        "accepted": 2,
        "duplicates": 1,
        "kept": 3,
        "dropped": 0,
        "by_event_name": {
            "Purchase": {"accepted": 1, "duplicates": 1},
            "Lead": {"accepted": 1, "duplicates": 0},
        },
        "by_pixel": {"1234567890": {"accepted": 2, "duplicates": 1}},
        "requests_by_status": {"200": 1, "400": 1},
        "errors": {"100/2804003": 1},
    }


async def test_oldest_records_go_when_there_are_too_many_and_stay_counted() -> None:
    async with client_of(a_standin(received=Received(max_events=3))) as meta:
        await send(meta, *(a_purchase(event_id=str(n)) for n in range(5)))
        page = await received(meta)
        summary = (await meta.get("/_received/summary")).json()

    assert [record["event_id"] for record in page["events"]] == ["2", "3", "4"]
    assert page["dropped"] == 2
    assert summary["accepted"] == 5


async def test_forgetting_forgets_copies_and_counts_too() -> None:
    async with client_of() as meta:
        await send(meta, a_purchase())
        await meta.delete("/_received")
        await send(meta, a_purchase())

        assert await copies(meta) == [False]
        assert (await meta.get("/_received/summary")).json()["accepted"] == 1


async def test_restarted_standin_knows_its_copies(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    for _ in range(2):
        standin = a_standin(journal=Journal(path))
        async with client_of(standin) as meta:
            await send(meta, a_purchase())
            shown = await received(meta)
        assert standin.journal is not None
        standin.journal.close()

    assert [record["duplicate"] for record in shown["events"]] == [False, True]
    assert [record["sequence"] for record in shown["events"]] == [1, 2]
    assert shown["events"][0]["event"] == a_purchase()
    assert path.stat().st_mode & 0o077 == 0


async def test_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    first = a_standin(journal=Journal(path))
    async with client_of(first) as meta:
        await send(meta, a_purchase(), a_purchase(event_id="order-2"))
    assert first.journal is not None
    first.journal.close()
    path.write_bytes(path.read_bytes()[:-10])

    again = a_standin(journal=Journal(path))
    async with client_of(again) as meta:
        await send(meta, a_purchase(), a_purchase(event_id="order-2"))

        assert await copies(meta) == [False, True, False]
    assert again.journal is not None
    again.journal.close()


async def test_health_says_how_much_is_kept() -> None:
    async with client_of() as meta:
        await send(meta, a_purchase())

        assert (await meta.get("/_health")).json() == {
            "status": "ok",
            "events": 1,
            "tokens": 1,
            "pixels": None,
            "catalogs": None,
        }
