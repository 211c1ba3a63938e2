"""How one catalog's batches are sent and settled: halved, refused, waited for, and never two at once for an item."""

import asyncio
import contextlib
from typing import Any

import pytest

from connectors.meta.catalog import batches
from connectors.meta.catalog.answers import Problem, Taken
from connectors.meta.catalog.items import Listing
from connectors.meta.catalog.quota import Usage
from connectors.meta.failures import Failure
from schemas.catalog_records import Catalog
from schemas.records import Shop
from tests.builders import NOON
from tests.catalog_desk import a_desk, a_product


async def test_a_batch_that_is_too_large_goes_in_halves() -> None:
    async with a_desk(*(a_product(number) for number in range(8))) as desk:
        desk.meta.take = lambda ids: Failure("split", 413) if len(ids) > 2 else None
        desk.leader.start()
        await desk.until_first_run()

    assert [len(batch) for batch in desk.meta.batches][:3] == [8, 4, 2]
    assert len(desk.meta.items) == 8


async def test_a_batch_full_of_bytes_goes_at_once_and_what_did_not_fit_goes_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "MAX_BYTES", 2_500)
    seen: list[str] = []
    async with a_desk(*(a_product(number) for number in range(8)), window_seconds=5.0) as desk:
        listing = desk.products.listing

        def noted(shop: Shop, catalog: Catalog, product_id: str, now: int) -> Listing | None:
            seen.append(product_id)
            return listing(shop, catalog, product_id, now)

        monkeypatch.setattr(desk.products, "listing", noted)
        desk.leader.start()
        await desk.until_first_run()

    assert sorted(item_id for batch in desk.meta.batches for item_id in batch) == [f"v{number}" for number in range(8)]
    assert len(desk.meta.batches) == 2
    assert len(seen) == 8 + 1 + 8  # one was put back; the comparison with what Meta has looks at each once more


async def test_a_run_tells_how_much_of_metas_limits_is_used_up() -> None:
    async with a_desk(a_product(0)) as silent, a_desk(a_product(0)) as told:
        told.meta.used = Usage(12.4)
        for desk in (silent, told):
            desk.leader.start()
            await desk.until_first_run()

    assert [desk.ledger.jobs["full"]["quota_percent"] for desk in (silent, told)] == [None, 12]


async def test_one_item_that_spoils_its_batch_is_found_and_refused_alone() -> None:
    async with a_desk(*(a_product(number) for number in range(8))) as desk:
        desk.meta.take = lambda ids: Failure("permanent", 400, 100) if "v5" in ids else None
        desk.leader.start()
        await desk.until_first_run()

    assert desk.ledger.status("v5") == "rejected"
    assert desk.meta.items.keys() == {f"v{number}" for number in range(8) if number != 5}
    assert (desk.ledger.jobs["full"]["accepted"], desk.ledger.jobs["full"]["rejected"]) == (7, 1)


async def test_items_found_fault_with_at_once_are_rejected_and_the_others_sent_again() -> None:
    faulty = Taken(None, {"v1": Problem(("Missing required field: 'price'",))})
    async with a_desk(a_product(0), a_product(1)) as desk:
        desk.meta.take = lambda ids: faulty if "v1" in ids else None
        desk.leader.start()
        await desk.until_first_run()

    last = desk.ledger.last("v1")
    assert last is not None
    assert (last["status"], last["reason"]) == ("rejected", "missing_price")
    assert desk.ledger.status("v0") == "accepted"
    assert desk.meta.batches == [["v0", "v1"], ["v0"]]


async def test_a_change_while_its_item_is_in_the_air_waits_and_only_the_last_one_is_sent() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.meta.running = True
        desk.leader.start()
        await desk.until(lambda: desk.meta.in_work)
        desk.change(a_product(0, NOON + 1, price=1.0), a_product(0, NOON + 2, price=2.0), a_product(1))
        await desk.until(lambda: "v1" in desk.meta.batches[-1])
        desk.meta.running = False
        await desk.until(lambda: desk.meta.items.get("v0", {}).get("price") == "2.00 EUR")

    assert [batch for batch in desk.meta.batches if "v0" in batch] == [["v0"], ["v0"]]


async def test_what_may_pass_is_tried_again_and_counts_as_one_item() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.meta.refuse["v0"] = "Something went wrong, try again later"
        desk.leader.start()
        await desk.until(lambda: "v0" in desk.book.resting)
        desk.meta.refuse.clear()
        desk.book.resting["v0"] = (0.0, "p0")
        await desk.until_first_run()

    last = desk.ledger.last("v0")
    assert last is not None
    assert (last["status"], last["attempts"]) == ("accepted", 2)
    assert desk.ledger.jobs["full"]["done"] == 1


async def test_a_batch_that_meta_does_not_know_is_sent_again() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.meta.running = True
        desk.leader.start()
        await desk.until(lambda: desk.meta.in_work)
        desk.meta.in_work.clear()
        await desk.until(lambda: "v0" in desk.book.resting)
        desk.meta.running = False
        desk.book.resting["v0"] = (0.0, "p0")
        await desk.until(lambda: desk.ledger.status("v0") == "accepted")


async def test_a_dead_token_raises_one_alert_and_sends_nothing_until_it_works() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.meta.take = lambda ids: Failure("token", 401, 190)
        desk.leader.start()
        await desk.until(lambda: desk.ledger.alerts)
        await asyncio.sleep(0.1)

    assert len(desk.meta.batches) == 1
    assert [(alert["kind"], alert["subject"]) for alert in desk.ledger.alerts] == [("catalog_stopped", "main")]
    assert desk.ledger.status("v0") == "pending"


async def test_a_deletion_is_dated_by_itself_and_not_by_the_change_before_it() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.leader.start()
        await desk.until_first_run()
        desk.change(a_product(0, NOON + 60_000) | {"action": "delete", "product": None})
        await desk.until(lambda: desk.ledger.status("v0") == "deleted")

    assert {each["changed_at"] for each in desk.ledger.receipts if each["method"] == "DELETE"} == {NOON + 60_000}


async def test_why_an_item_had_to_go_is_said_also_by_who_takes_its_deletion_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    async with a_desk(a_product(0)) as desk:
        desk.leader.start()
        await desk.until_first_run()
        desk.meta.running = True
        desk.change(a_product(0, NOON + 1, price=None))
        await desk.until(lambda: desk.book.flights)
        listing = desk.products.listing

        def noted(shop: Shop, catalog: Catalog, product_id: str, now: int) -> Listing | None:
            seen.append(product_id)
            return listing(shop, catalog, product_id, now)

        monkeypatch.setattr(desk.products, "listing", noted)
        await desk.succeed()
        await desk.until(lambda: seen)  # and left as it is, for it is in the air
        desk.meta.running = False
        await desk.until(lambda: desk.ledger.status("v0") == "skipped")

    last = desk.ledger.last("v0")
    assert (last and last["reason"], desk.meta.items) == ("missing_price", {})


async def test_an_id_belongs_to_one_product_and_to_the_next_when_that_lets_it_go() -> None:
    first, second = a_product(1, variant_id="same"), a_product(2, variant_id="same", price=7.0)
    async with a_desk(first, second) as desk:
        desk.leader.start()
        await desk.until_first_run()
        before = dict(desk.meta.items["same"]), desk.ledger.last("~p2/same")
        desk.change(a_product(1, NOON + 1, variant_id="another"))
        await desk.until(lambda: desk.meta.items.get("same", {}).get("price") == "7.00 EUR")
        await desk.until(lambda: desk.ledger.status("~p2/same") == "deleted")

    assert before[0]["price"] == "42.99 EUR"
    assert before[1] is not None
    assert (before[1]["status"], before[1]["reason"]) == ("skipped", "duplicate_id")
    assert desk.meta.items.keys() == {"same", "another"}


async def test_a_run_that_finds_half_its_products_gone_leaves_orphans_alone_unless_asked() -> None:
    async with a_desk(a_product(0)) as desk:
        strangers: dict[str, Any] = {f"s{number}": {} for number in range(5)}
        desk.leader.start()
        await desk.until_first_run()
        desk.meta.items |= strangers
        job = desk.jobs["full"]
        job |= {"started_at": 0, "total": 100}
        await desk.until(lambda: desk.ledger.jobs["full"]["trigger"] == "schedule")
        await desk.until_first_run()
        left = dict(desk.ledger.jobs["full"])
        await desk.leader.ask(
            {
                "request_id": "r1",
                "shop_id": "demo",
                "catalog": "main",
                "kind": "full",
                "item_ids": [],
                "requested_at": NOON,
                "trigger": "command",
            }
        )
        await desk.until(lambda: desk.ledger.jobs["full"]["trigger"] == "command")
        await desk.until_first_run()

    assert (left["orphans"], left["deleted"]) == (5, 0)
    assert "5 items at Meta stand for no product and were left" in str(left["detail"])
    assert desk.meta.items.keys() == {"v0"}
    assert (desk.ledger.jobs["full"]["deleted"], desk.ledger.jobs["full"]["total"]) == (5, 6)


async def test_words_of_an_items_id_are_no_reason_for_its_refusal() -> None:
    name = "temporary-price-tag"
    async with a_desk(a_product(0, variant_id=name)) as desk:
        desk.meta.refuse = {
            name: f"Missing required field: A request for item {name} is missing required field: 'title'"
        }
        desk.leader.start()
        await desk.until_first_run()
        last = desk.ledger.last(name)

    assert (last and last["status"], last and last["reason"]) == ("rejected", "missing_title")


async def test_what_is_to_be_sent_again_while_other_items_are_goes_with_them() -> None:
    async with a_desk(a_product(0), a_product(1)) as desk:
        desk.meta.refuse = dict.fromkeys(("v0", "v1"), "no picture")
        desk.leader.start()
        await desk.until_first_run()
        desk.meta.refuse, desk.meta.running = {}, True
        for item_id in ("v0", "v1"):
            request: Any = {"request_id": item_id, "kind": "retry", "item_ids": [item_id], "trigger": "command"}
            await desk.leader.ask(request)
        desk.meta.running = False
        await desk.until(lambda: desk.ledger.jobs["retry"]["state"] == "finished")

    assert desk.meta.items.keys() == {"v0", "v1"}
    assert (desk.ledger.jobs["retry"]["total"], desk.ledger.jobs["retry"]["accepted"]) == (2, 2)


async def test_what_another_catalog_of_ours_may_have_sent_is_never_an_orphan() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.book.is_shared = lambda: True
        desk.meta.items["theirs"] = {}
        desk.leader.start()
        await desk.until_first_run()
        request: Any = {"request_id": "r", "kind": "reconcile", "item_ids": [], "trigger": "command"}
        await desk.leader.ask(request)
        await desk.until(lambda: desk.ledger.jobs["reconcile"]["state"] == "finished")

    assert desk.meta.items.keys() == {"v0", "theirs"}
    assert "another catalog has the same catalog_id" in str(desk.ledger.jobs["reconcile"]["detail"])


async def test_a_slow_quota_makes_batches_wait() -> None:
    async with a_desk(a_product(0)) as desk:
        desk.meta.take = lambda ids: Taken("h", {}, Usage(percent=100.0))
        desk.leader.start()
        await desk.until_first_run()
        desk.change(a_product(0, NOON + 1, price=1.0))
        with contextlib.suppress(TimeoutError):
            await desk.until(lambda: len(desk.meta.batches) > 1, seconds=0.5)

    assert len(desk.meta.batches) == 1


async def test_a_run_that_is_stopped_sends_no_more() -> None:
    async with a_desk(*(a_product(number) for number in range(6)), batch_items=1, batches_in_flight=1) as desk:
        desk.meta.running = True
        desk.leader.start()
        await desk.until(lambda: desk.meta.in_work)
        request: Any = {"request_id": "r", "kind": "stop", "item_ids": [], "trigger": "command"}
        await desk.leader.ask(request)
        desk.meta.running = False
        await asyncio.sleep(0.3)

    assert desk.ledger.jobs["full"]["state"] == "stopped"
    assert len(desk.meta.batches) <= 2
