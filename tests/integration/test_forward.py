"""Forward on real Kafka against the stand-in of Meta: killed in the middle, it leaves one receipt for every event."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kafka.partitioning import partition_of
from deploy.replaying import order_replay
from deploy.servers.meta.behaviours import Refuse
from schemas.records import Rejected
from schemas.shop import META_NAMES
from schemas.topics import CONVERSIONS_DELIVERED, RECORDS_REJECTED
from tests.builders import a_shop
from tests.contract.meta_process import a_running_standin
from tests.forwarded import enriched, hashed
from tests.integration.forward_stage import CODEC, DESTINATIONS, PARTITIONS, Stage, envelope, just_now, keys

pytestmark = pytest.mark.integration

YES = {"analytics": True, "marketing": True, "preferences": None, "sale_of_data": None}


@pytest.fixture
def standin() -> Iterator[str]:
    with a_running_standin() as address:
        yield address


@pytest.fixture
def stage(kafka_bootstrap: str, standin: str, tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(kafka_bootstrap, standin, tmp_path)
    yield stage
    stage.meta.close()


async def test_killed_over_and_over_while_meta_misbehaves_it_leaves_one_receipt_for_each_event(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS), a_shop(shop_id="bare"))
    dice = random.Random(7)
    good = [just_now(event_id=f"sh-{number}") for number in range(1_000)]
    old = [enriched(event_id=f"old-{number}", occurred_at=int(time.time() - 8 * 86_400) * 1000) for number in range(20)]
    till: dict[str, Any] = {
        "name": "purchase",
        "source": "webhook",
        "client_id": "order:1",
        "sales_channel": "pos",
        "url": None,
    }
    month_ago: dict[str, Any] = {
        "occurred_at": int(time.time() - 30 * 86_400) * 1000,
        "user_data": {"em": hashed("ada@shop.test")},
    }
    good += [enriched(event_id=f"till-{number}", **till, **month_ago) for number in range(5)]
    unpriced = [just_now(event_id=f"b-{n}", name="purchase", source="webhook", currency=None) for n in range(5)]
    silent = [just_now(event_id=f"u-{number}", name="cart_viewed") for number in range(50)]
    bare = [just_now(event_id=f"x-{number}", shop_id="bare") for number in range(50)]
    everything = good + old + unpriced + silent + bare
    dice.shuffle(everything)
    values = [envelope(*everything[start : start + 40]) for start in range(0, len(everything), 40)]
    refusing = Refuse(event_rate=0.01, seed=3)
    script = {
        "latency_ms": 40,
        "throttle": {"rate": 0.03, "regain_minutes": 0, "retry_after_seconds": 1},
        "fail": {"rate": 0.1},
        "html_502": {"rate": 0.05},
        "reset_after_accept": {"rate": 0.1},
        "refuse": {"event_rate": 0.01, "seed": 3},
    }
    assert stage.meta.post("/_behave", json=script).is_success
    expected = keys(good + old + unpriced)

    await stage.say([(dice.randrange(PARTITIONS), value) for value in values] + [(0, b"no avro")])
    for _ in range(3):
        with stage.start() as child:
            await asyncio.sleep(dice.uniform(4, 6))
            assert child.poll() is None, stage.log.read_text()[-3000:]
            child.kill()
    with stage.start():
        found = await stage.receipts(len(expected))

    counted = Counter(key for key, _ in found)
    assert counted.keys() == expected
    assert {key for key, count in counted.items() if count > 1} == set()
    refused = {
        each["event"]["event_id"]
        for each in good
        if refusing.refuses(event_name=META_NAMES[each["event"]["name"]], event_id=each["event"]["event_id"])
    }
    statuses = {(receipt["event_id"], receipt["status"], receipt["reason"]) for _, receipt in found}
    assert statuses == (
        {(each["event"]["event_id"], "accepted", None) for each in good if each["event"]["event_id"] not in refused}
        | {(event_id, "refused", "refused_by_meta") for event_id in refused}
        | {(each["event"]["event_id"], "skipped", "too_old") for each in old}
        | {(each["event"]["event_id"], "skipped", "no_currency") for each in unpriced}
    )
    for destination in DESTINATIONS:
        assert stage.taken(destination["pixel_id"]).keys() == {
            each["event"]["event_id"] for each in good if each["event"]["event_id"] not in refused
        }
    rejected: list[Rejected] = [value for _, value in await stage.read(RECORDS_REJECTED.name)]
    assert {(each["stage"], each["reason"], each["payload"]) for each in rejected} == {
        ("forward", "undecodable", b"no avro")
    }


async def test_nothing_accepted_is_sent_again_after_a_kill_and_one_dead_token_stops_no_other(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS))
    events = [just_now(event_id=f"sh-{number}") for number in range(400)]
    assert stage.meta.post("/_behave", json={"pixel_id": "111", "token_dead": True}).is_success
    await stage.say([(n % PARTITIONS, envelope(*events[n * 20 : n * 20 + 20])) for n in range(20)])
    with stage.start() as child:
        first = await stage.receipts(400)
        child.kill()
    assert {receipt["destination"] for _, receipt in first} == {"two"}
    assert stage.meta.delete("/_behave").is_success

    with stage.start() as child:
        found = await stage.receipts(800)
        assert child.stop(within_seconds=15) == 0, stage.log.read_text()[-3000:]

    assert {key for key, _ in found} == keys(events)
    assert len(found) == 800
    assert {receipt["status"] for _, receipt in found} == {"accepted"}
    for destination in DESTINATIONS:
        assert stage.taken(destination["pixel_id"]) == Counter(each["event"]["event_id"] for each in events)


async def test_an_event_said_twice_has_one_receipt_and_is_sent_once(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS[:1]))
    twice, other = just_now(event_id="twice"), just_now(event_id="other")
    await stage.say([(0, envelope(twice, twice)), (0, envelope(twice))])
    with stage.start():
        await stage.receipts(1)
        await stage.say([(0, envelope(twice)), (0, envelope(other))])
        found = await stage.receipts(2)

    assert [key for key, _ in found] == [b"demo|twice|one", b"demo|other|one"]
    assert stage.taken("111") == Counter(["twice", "other"])


async def test_workers_that_come_and_go_leave_one_receipt_for_each_event(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS))
    events = [just_now(event_id=f"sh-{number}") for number in range(1_200)]
    assert stage.meta.post("/_behave", json={"latency_ms": 200}).is_success

    async def keep_saying() -> None:
        for start in range(0, len(events), 20):
            await stage.say([((start // 20) % PARTITIONS, envelope(*events[start : start + 20]))])
            await asyncio.sleep(0.15)

    saying = asyncio.create_task(keep_saying())
    with stage.start("forward-1"):
        await stage.until_shared(1)
        with stage.start("forward-2") as second:
            await stage.until_shared(2)
            await asyncio.sleep(1.5)
            assert second.stop(within_seconds=20) == 0, stage.log.read_text()[-3000:]
        await saying
        found = await stage.receipts(2 * len(events))

    assert {key for key, _ in found} == keys(events)
    assert len(found) == 2 * len(events)
    for destination in DESTINATIONS:
        assert stage.taken(destination["pixel_id"]) == Counter(each["event"]["event_id"] for each in events)


async def test_one_that_is_dead_throughout_holds_up_nobody_and_gets_everything_when_it_is_back(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS))
    events = [just_now(event_id=f"sh-{number}") for number in range(3_000)]
    assert stage.meta.post("/_behave", json={"pixel_id": "111", "token_dead": True}).is_success
    values = [(n // 20 % PARTITIONS, envelope(*events[n : n + 20])) for n in range(0, len(events), 20)]
    await stage.say(values[:50])
    with stage.start() as child:  # killed before it has parked anything
        await asyncio.sleep(6)
        child.kill()
    with stage.start() as child:
        await stage.say(values[50:100])
        await stage.until_committed()
        child.kill()
    with stage.start() as child:  # nothing new comes, and it stops in peace
        await asyncio.sleep(5)
        assert child.stop(within_seconds=20) == 0, stage.log.read_text()[-3000:]
    with stage.start():
        await stage.say(values[100:] + values[:1])  # the first is said twice
        await stage.until_committed()
        while_dead = await stage.read(CONVERSIONS_DELIVERED.name)
        assert Counter(receipt["destination"] for _, receipt in while_dead) == {"two": len(events)}
        assert stage.meta.delete("/_behave").is_success
        found = await stage.receipts(2 * len(events))
        late = [just_now(event_id=f"late-{number}") for number in range(PARTITIONS)]
        await stage.say([(number, envelope(each)) for number, each in enumerate(late)])
        found = await stage.receipts(2 * len(events + late))
        await stage.until_nothing_is_parked()

    assert Counter(key for key, _ in found) == Counter(keys(events + late))
    assert {receipt["status"] for _, receipt in found} == {"accepted"}
    for destination in DESTINATIONS:
        assert stage.taken(destination["pixel_id"]).keys() == {each["event"]["event_id"] for each in events + late}


async def test_what_waits_for_consent_outlives_a_kill_and_is_sent_when_it_comes(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS, require_consent=True))
    silent = [just_now(event_id=f"sh-{number}", client_id=f"client-{number % 4}") for number in range(40)]
    told = [just_now(event_id=f"told-{n}", client_id=f"client-{n}", name="cart_viewed", consent=YES) for n in range(4)]
    told.append(just_now(event_id="no", client_id="client-3", consent=YES | {"marketing": False}))
    await stage.say([(0, envelope(*silent))])
    with stage.start() as child:
        await stage.until_committed()
        assert await stage.read(CONVERSIONS_DELIVERED.name) == []
        child.kill()
    with stage.start() as child:
        await stage.say([(0, envelope(*told[:2]))])
        await stage.receipts(40)
        child.kill()
    with stage.start():
        await stage.say([(0, envelope(told[4])), (0, envelope(*told[2:4]))])
        found = await stage.receipts(82)
        await stage.until_nothing_is_parked()

    assert Counter(key for key, _ in found) == Counter(keys([*silent, told[4]]))
    assert Counter((receipt["status"], receipt["reason"]) for _, receipt in found) == {
        ("accepted", "consent_came_later"): 60,
        ("skipped", "no_marketing_consent"): 22,
    }
    for destination in DESTINATIONS:
        assert stage.taken(destination["pixel_id"]).keys() == {f"sh-{n}" for n in range(40) if n % 4 != 3}


async def test_a_purchase_hears_of_consent_from_the_process_that_reads_its_visitor(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS[:1], require_consent=True))
    bought = [just_now(event_id=f"p-{n}", client_id=f"client-{n}", name="purchase", source="webhook") for n in range(8)]
    homes = [partition_of("demo", each["event"]["visitor_id"], PARTITIONS) for each in bought]
    told = [just_now(event_id=f"told-{n}", client_id=f"client-{n}", name="cart_viewed", consent=YES) for n in range(8)]
    with stage.start("forward-1"), stage.start("forward-2"):
        await stage.until_shared(2)
        await stage.say([(1 - home, envelope(each)) for home, each in zip(homes, bought, strict=True)])
        await stage.until_committed()
        assert await stage.read(CONVERSIONS_DELIVERED.name) == []
        await stage.say([(home, envelope(each)) for home, each in zip(homes, told, strict=True)])
        found = await stage.receipts(8)
        await stage.until_nothing_is_parked()

    assert set(homes) == {0, 1}
    assert Counter(key for key, _ in found) == Counter(keys(bought, DESTINATIONS[:1]))
    assert {(receipt["status"], receipt["reason"]) for _, receipt in found} == {("accepted", "consent_came_later")}
    assert stage.taken("111") == Counter(each["event"]["event_id"] for each in bought)


async def test_a_replay_sends_what_was_refused_for_that_reason_and_nothing_that_was_accepted(stage: Stage) -> None:
    await stage.prepare(a_shop(destinations=DESTINATIONS))
    events = [just_now(event_id=f"sh-{number}") for number in range(200)]
    old = enriched(event_id="old", occurred_at=int(time.time() - 8 * 86_400) * 1000)
    assert stage.meta.post("/_behave", json={"refuse": {"event_rate": 0.2, "seed": 3}}).is_success
    await stage.say([(n % PARTITIONS, envelope(*events[n * 10 : n * 10 + 10])) for n in range(20)])
    await stage.say([(0, envelope(old))])
    with stage.start() as child:
        first = await stage.receipts(402)
        refused = {key for key, receipt in first if receipt["status"] == "refused"}
        of_one = {key for key in refused if key.endswith(b"|one")}
        assert 10 < len(of_one) < 100
        assert stage.meta.delete("/_behave").is_success
        await order_replay(stage.kafka, CODEC, ("demo", "one"), 1, ["refused_by_meta"])
        found = await stage.more_receipts(402 + len(of_one))
        await stage.until_nothing_is_parked()
        child.kill()
    with stage.start():
        await stage.say([(0, envelope(just_now(event_id="next")))])
        found = await stage.more_receipts(402 + len(of_one) + 2)

    assert {key for key, receipt in found if receipt["status"] == "accepted" and key in refused} == of_one
    assert Counter(key for key, count in Counter(key for key, _ in found).items() if count == 2) == Counter(of_one)
    assert stage.taken("111") == Counter([each["event"]["event_id"] for each in events] + ["next"])
