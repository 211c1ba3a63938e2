"""How soon a catalog worker is ready, and how much memory it has, with many products that Meta has all accepted.

    python -m tests.benchmarks.catalog_tables [PRODUCTS ...]

One item each; without numbers, 100,000 and 1,000,000. `products` is until products.changed has been read; `led` until
the receipts have been, so that changes are sent; `looked through` until every product has been compared with them.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from aiokafka import AIOKafkaProducer

from connectors.kafka.partitioning import partition_of
from connectors.meta.catalog.items import digest
from schemas.topics import CATALOGS_SYNCED, PRODUCTS_CHANGED, PRODUCTS_SYNCED
from streams.cataloguing.products import Products
from streams.cataloguing.receipts import key_of as receipt_key
from streams.cataloguing.writing import job_key
from tests import servers
from tests.builders import NOON, a_shop
from tests.contract.meta_process import a_running_standin
from tests.integration.catalog_stage import CODEC, PARTITIONS, CatalogStage, a_product, key_of, some_catalog
from tests.synced import a_product_receipt, a_sync_job

SIZES = (100_000, 1_000_000)
MARKS = {"products": "products read", "led": "catalog led", "looked through": "catalog looked through"}


def main() -> None:
    """Measure each size on a Kafka of its own."""
    for size in [int(each.replace(",", "")) for each in sys.argv[1:]] or SIZES:
        with (
            tempfile.TemporaryDirectory() as name,
            servers.kafka(Path(name) / "kafka") as bootstrap,
            a_running_standin() as meta,
        ):
            asyncio.run(_measured(CatalogStage(bootstrap, meta, Path(name)), size))


async def _measured(stage: CatalogStage, size: int) -> None:
    await stage.prepare(a_shop(catalogs=[some_catalog()]))
    await _filled(stage, size)
    began = time.monotonic()
    with stage.start() as child:
        worker, marks = psutil.Process(child.pid), dict(MARKS)
        while marks:
            assert child.poll() is None, stage.log.read_text()[-2000:]
            for name in [name for name, event in marks.items() if event in _events(stage)]:
                del marks[name]
                seconds, megabytes = time.monotonic() - began, worker.memory_info().rss / 2**20
                worked = sum(worker.cpu_times()[:2])
                print(
                    f"{size:>9,} items  {name:<15} {seconds:6.1f} s ({worked:.1f} s of one core), {megabytes:,.0f} MB"
                )
            await asyncio.sleep(0.1)
        child.stop(within_seconds=30)
    assert stage.catalog()["calls"].get("items_batch", 0) == 0
    await stage.close()


async def _filled(stage: CatalogStage, size: int) -> None:
    """Have *size* products in force, each accepted as it is, by a full run just now."""
    servers_at = stage.kafka.bootstrap_servers
    producer = AIOKafkaProducer(bootstrap_servers=servers_at, linger_ms=20, max_batch_size=256 * 1024)
    await producer.start()
    prefix, partition = stage.kafka.prefix, partition_of("demo", "main", PARTITIONS)
    products, shop, catalog = Products(CODEC), a_shop(), some_catalog()
    for number in range(size):
        change = a_product(number)
        value = CODEC.encode("ProductChange", change)
        await producer.send(prefix + PRODUCTS_CHANGED.name, value, key=key_of(change).encode())
        head = products._heads.of(value)
        products.in_force.put(head, value, None)
        listing = products.listing(shop, catalog, change["product_id"], NOON)
        assert listing is not None
        receipt = a_product_receipt(
            catalog_id=catalog["catalog_id"],
            item_id=listing.items[0].item_id,
            product_id=change["product_id"],
            payload_hash=digest(listing.items[0]),
        )
        encoded = CODEC.encode("ProductReceipt", receipt)
        await producer.send(prefix + PRODUCTS_SYNCED.name, encoded, key=receipt_key(receipt), partition=partition)
        products.in_force.forget("demo", change["product_id"])
    now = int(time.time() * 1000)
    job = a_sync_job(catalog_id=catalog["catalog_id"], started_at=now, updated_at=now, total=size)
    told = CODEC.encode("SyncJob", job)
    await producer.send_and_wait(prefix + CATALOGS_SYNCED.name, told, key=job_key(job), partition=partition)
    await producer.stop()


def _events(stage: CatalogStage) -> set[Any]:
    lines = stage.log.read_text().splitlines() if stage.log.exists() else []
    return {json.loads(line)["event"] for line in lines if line.startswith("{") and line.endswith("}")}


if __name__ == "__main__":
    main()
