"""How the stand-in's catalogs misbehave when told to."""

import json
from typing import Any

import httpx
import pytest

from tests.unit.meta_catalog import (
    CATALOG,
    a_clocked_standin,
    a_request,
    an_item,
    handle_of,
    items_of,
    send_batch,
    status_of,
)
from tests.unit.meta_standin import a_purchase, client_of, code_of, send


async def behave(meta: httpx.AsyncClient, **script: Any) -> None:
    (await meta.post("/_behave", json=script)).raise_for_status()


def usage_of(answer: httpx.Response) -> dict[str, Any]:
    (usages,) = json.loads(answer.headers["X-Business-Use-Case-Usage"]).values()
    usage: dict[str, Any] = usages[0]
    return usage


async def test_quota_is_told_with_each_call_and_refuses_those_over_it() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await behave(meta, batch_quota={"calls": 4, "window_seconds": 600})
        answers = []
        for number in range(5):
            answers.append(await send_batch(meta, a_request(**an_item(f"sku-{number}"))))
            clock.advance(60)
        clock.advance(6 * 60)
        after = await send_batch(meta, a_request())

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 400]
    assert [usage_of(answer)["call_count"] for answer in answers] == [25, 50, 75, 100, 125]
    assert usage_of(answers[0])["estimated_time_to_regain_access"] == 0
    assert usage_of(answers[4])["estimated_time_to_regain_access"] == 7
    assert code_of(answers[4]) == (400, 80014, None)
    assert after.status_code == 200


async def test_quota_is_of_one_catalog_and_of_batches_alone() -> None:
    async with client_of() as meta:
        await behave(meta, batch_quota=1)
        handle = await handle_of(meta, a_request())
        over = await send_batch(meta, a_request())
        other = await meta.post("/v26.0/999/items_batch", json={"item_type": "PRODUCT_ITEM", "requests": [a_request()]})
        status = await status_of(meta, handle)

    assert code_of(over) == (400, 80014, None)
    assert other.status_code == 200
    assert status["handle"] == handle


async def test_polling_has_a_quota_of_its_own() -> None:
    async with client_of() as meta:
        handle = await handle_of(meta, a_request())
        await behave(meta, management_quota=1)
        await status_of(meta, handle)
        over = await meta.get(f"/v26.0/{CATALOG}/products")

    assert code_of(over) == (400, 80009, None)


async def test_items_are_rejected_by_id_with_the_message_told() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await behave(meta, reject_items={"item_ids": ["sku-1"], "message": "Image: too small"})
        handle = await handle_of(meta, a_request(), a_request(**an_item("sku-2")))
        clock.advance(1)
        status = await status_of(meta, handle)
        items = await items_of(meta)

    assert status["errors"] == [{"line": 1, "id": "sku-1", "message": "Image: too small"}]
    assert set(items) == {"sku-2"}


async def test_items_are_warned_of_by_share_and_taken() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await behave(meta, reject_items={"item_rate": 0.5, "warning": True})
        handle = await handle_of(meta, *(a_request(**an_item(f"sku-{number}")) for number in range(200)))
        clock.advance(1)
        status = await status_of(meta, handle)
        items = await items_of(meta)

    assert 70 < status["warnings_total_count"] < 130
    assert len(items) == 200


async def test_rejection_can_hit_one_batch_only() -> None:
    standin, clock = a_clocked_standin()
    counts = []
    async with client_of(standin) as meta:
        await behave(meta, reject_items={"item_ids": ["sku-1"], "requests": 1})
        for _ in range(2):
            handle = await handle_of(meta, a_request())
            clock.advance(1)
            counts.append((await status_of(meta, handle))["errors_total_count"])

    assert counts == [1, 0]


@pytest.mark.parametrize("end", ["error", "canceled"])
async def test_batch_that_does_not_finish_changes_nothing(end: str) -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await behave(meta, batch_end={"status": end, "requests": 1})
        handle = await handle_of(meta, a_request())
        clock.advance(1)
        status = await status_of(meta, handle)
        items = await items_of(meta)

    assert (status["status"], items) == (end, {})


async def test_behaviour_of_one_edge_leaves_the_others_alone() -> None:
    async with client_of() as meta:
        await behave(meta, catalog_id=CATALOG, fail={"edge": "items_batch"})
        failed = await send_batch(meta, a_request())
        listed = await meta.get(f"/v26.0/{CATALOG}/products")
        events = await send(meta, a_purchase())

    assert code_of(failed) == (500, 2, None)
    assert (listed.status_code, events.status_code) == (200, 200)


async def test_reset_after_accepting_keeps_the_batch() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await behave(meta, reset_after_accept={"requests": 1, "edge": "items_batch"})
        with pytest.raises(ConnectionResetError):
            await send_batch(meta, a_request())
        clock.advance(1)
        items = await items_of(meta)

    assert set(items) == {"sku-1"}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({"throttle": {"code": 80014, "regain_minutes": 2}}, (400, 80014, None)),
        ({"token_dead": True}, (401, 190, 463)),
        ({"fail": {"code": 1}}, (500, 1, None)),
    ],
)
async def test_every_way_to_misbehave_reaches_catalogs(script: dict[str, Any], expected: tuple[int, int, Any]) -> None:
    async with client_of() as meta:
        await behave(meta, **script)
        answer = await send_batch(meta, a_request())

    assert code_of(answer) == expected


async def test_proxy_page_reaches_catalogs_too() -> None:
    async with client_of() as meta:
        await behave(meta, html_502=True)
        answer = await send_batch(meta, a_request())

    assert (answer.status_code, answer.headers["content-type"][:9]) == (502, "text/html")


async def test_forgetting_catalogs_empties_them() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, a_request())
        clock.advance(1)
        before = (await meta.get("/_catalogs")).json()
        after = (await meta.delete("/_catalogs")).json()

    assert (before, after) == ({CATALOG: {"items": 1}}, {})
