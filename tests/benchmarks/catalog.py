"""How fast changes become catalog items at Meta, beside a bare loop; how long a full sync takes; how late a change is.

    python -m tests.benchmarks catalog

`bare loop` decodes the same records, writes the same items without rules or receipts, and joins them into bodies.
The stand-in of Meta finishes a batch after 0.3 s.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from connectors.meta.catalog.batches import Gathering, to_body
from schemas.records import ProductChange
from schemas.topics import PRODUCTS_SYNCED
from streams.cataloguing.book import Book
from streams.cataloguing.considering import Now, considered
from streams.cataloguing.products import Products
from streams.cataloguing.queues import Turn
from streams.cataloguing.receipts import Verdict, of_order, sent_of
from tests import servers
from tests.builders import a_shop
from tests.contract.meta_process import a_running_standin
from tests.integration.catalog_stage import CODEC, PARTITIONS, CatalogStage, a_product, key_of, some_catalog

PRODUCTS = 10_000
SYNCED = 100_000
SECONDS, RATE = 30, 100
BATCH = 3000
RUNS = 3


class Written:
    """A record of products.changed, as the follower has it."""

    def __init__(self, change: ProductChange, value: bytes) -> None:
        self.key, self.value, self.partition, self.offset = key_of(change).encode(), value, 0, 0


def main() -> None:
    """Measure building, a full sync and single changes."""
    changes = [a_product(number) for number in range(PRODUCTS)]
    values = [CODEC.encode("ProductChange", change) for change in changes]
    records = [Written(change, value) for change, value in zip(changes, values, strict=True)]
    bare = median(lambda: _bare(values))
    for name, accepted in (("all new", False), ("nothing new", True)):
        speed = median(lambda accepted=accepted: _ours(records, accepted=accepted))  # type: ignore[misc]
        print(f"diff and batches, {name:<12} {speed:>9,.0f} items/s   {speed / bare:.2f}x bare loop ({bare:,.0f})")
    with (
        tempfile.TemporaryDirectory() as name,
        servers.kafka(Path(name) / "kafka") as bootstrap,
        a_running_standin() as meta,
    ):
        asyncio.run(_synced(CatalogStage(bootstrap, meta, Path(name))))


def median(measure: Callable[[], float]) -> float:
    """Take the median of several runs."""
    return statistics.median(measure() for _ in range(RUNS))


def _ours(records: list[Written], *, accepted: bool) -> float:
    products, book = Products(CODEC), Book(a_shop(catalogs=[some_catalog()]), some_catalog(), 0)
    for record in records:
        products.apply(record)
    if accepted:
        _built(products, book, "accepted")
    gc.collect()
    started = time.process_time()
    items = _built(products, book, "pending")
    assert items == (0 if accepted else len(records))
    return len(records) / (time.process_time() - started)


def _built(products: Products, book: Book, status: str) -> int:
    """Do what the leader does for its batches, without Kafka and Meta; returns the number of items."""
    gathering, items, now = Gathering(BATCH), 0, Now(int(time.time() * 1000), time.monotonic())
    for product_id in products.in_force.ids("demo"):
        listing = products.listing(book.shop, book.catalog, product_id, now.ms)
        assert listing is not None
        for order in considered(book, Turn(product_id), listing, now).orders:
            receipt = of_order(book.place, order, Verdict(status))
            CODEC.encode("ProductReceipt", receipt)
            book.ledger.put(order.item_id, sent_of(receipt))
            gathering.add(order.body)
            items += 1
            if gathering.is_full:
                to_body(gathering.records)
                gathering = Gathering(BATCH)
    to_body(gathering.records)
    return items


def _bare(values: list[bytes]) -> float:
    started = time.process_time()
    bodies: list[bytes] = []
    for value in values:
        change: Any = CODEC.decode(value)
        product = change["product"]
        for variant in product["variants"]:
            data = {
                "id": variant["variant_id"],
                "title": product["title"],
                "description": product["description"],
                "availability": "in stock",
                "condition": "new",
                "price": f"{variant['price']:.2f} {product['currency']}",
                "link": product["url"],
                "image_link": variant["image_url"],
                "brand": product["brand"],
                "item_group_id": change["product_id"],
            }
            bodies.append(orjson.dumps({"method": "CREATE", "data": data}))
            if len(bodies) == BATCH:
                to_body(bodies)
                bodies = []
    to_body(bodies)
    return len(values) / (time.process_time() - started)


async def _synced(stage: CatalogStage) -> None:
    stage.env |= {"CATALOG_WINDOW_SECONDS": "1.0", "CATALOG_BATCH_ITEMS": str(BATCH)}
    await stage.prepare(a_shop(catalogs=[some_catalog()]))
    for start in range(0, SYNCED, 1000):
        await stage.change(*(a_product(number) for number in range(start, start + 1000)))
    with stage.start() as child:
        for trigger in ("first", "command"):
            await _full(stage, child.pid, trigger)
        await _latency(stage)
        child.stop(within_seconds=30)
    await stage.close()


async def _full(stage: CatalogStage, pid: int, trigger: str) -> None:
    """Time a full run; the memory is that of the worker at its most."""
    worker = psutil.Process(pid)
    began, most, worked = time.monotonic(), 0, sum(worker.cpu_times()[:2])
    if trigger == "command":
        await stage.request("full")
    before = stage.catalog()["calls"]
    job: Any = None
    while job is None or job["trigger"] != trigger or job["state"] == "running":
        most = max(most, worker.memory_info().rss)
        await asyncio.sleep(1)
        job = (await stage.jobs()).get("main|full")
    seconds, calls = time.monotonic() - began, stage.catalog()["calls"]
    made = {edge: count - before.get(edge, 0) for edge, count in calls.items()}
    print(
        f"full sync ({trigger}) of {SYNCED:,} products: {seconds:.0f} s, {SYNCED / seconds:,.0f} items/s, "
        f"{sum(worker.cpu_times()[:2]) - worked:.0f} s of one core, "
        f"calls {made}, {job['state']}, peak {most / 2**20:.0f} MB"
    )


async def _latency(stage: CatalogStage) -> None:
    """Change prices at a steady rate, and read from the receipts when Meta had accepted each."""
    topic, count = stage.kafka.prefix + PRODUCTS_SYNCED.name, SECONDS * RATE
    lags: list[float] = []
    async with AIOKafkaConsumer(bootstrap_servers=stage.kafka.bootstrap_servers, enable_auto_commit=False) as consumer:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        for each in partitions:
            await consumer.position(each)
        changing = asyncio.create_task(_keep_changing(stage))
        while len(lags) < count:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                receipts = [CODEC.decode(record.value) for record in records]
                lags += [
                    (each["finished_at"] - each["changed_at"]) / 1000
                    for each in receipts
                    if each["status"] == "accepted"
                ]
        await changing
    lags.sort()
    p50, p95 = lags[count // 2], lags[count * 95 // 100]
    print(
        f"{RATE} changes/s for {SECONDS} s: change -> accepted p50 {p50:.2f} s, p95 {p95:.2f} s, most {lags[-1]:.2f} s"
    )


async def _keep_changing(stage: CatalogStage) -> None:
    began, number = time.time(), 0
    for tenth in range(SECONDS * 10):
        now = int(time.time() * 1000)
        price = round(1 + now % 9_000 / 100, 2)
        await stage.change(*(a_product(number + each, at=now, price=price) for each in range(RATE // 10)))
        number += RATE // 10
        await asyncio.sleep(max(0.0, began + (tenth + 1) / 10 - time.time()))


if __name__ == "__main__":
    main()
