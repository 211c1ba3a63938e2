"""One catalog worker with topics of its own and a stand-in of Meta, to be started and killed."""

import asyncio
import copy
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from connectors.kafka import admin as topics_admin
from connectors.kafka import shops
from connectors.kafka.partitioning import partition_of
from deploy.children import Child
from schemas.catalog_records import Alert, Catalog, ProductReceipt, SyncJob, SyncRequest
from schemas.codec import Codec
from schemas.records import ProductChange
from schemas.settings import KafkaSettings
from schemas.topics import ALERTS_RAISED, CATALOGS_REQUESTED, CATALOGS_SYNCED, PRODUCTS_CHANGED, PRODUCTS_SYNCED
from tests.builders import NOON, a_product_change
from tests.contract.meta_process import TOKEN
from tests.listed import a_bracelet, a_catalog

ROOT = Path(__file__).parents[2]
CODEC = Codec.from_lock()
PARTITIONS = 2
TOKEN_ENV = "META_CATALOG_TOKEN_DEMO"
CATALOG_ID = "880000000000001"


class CatalogStage:
    """One worker `catalog` with topics and a stand-in of its own."""

    def __init__(self, bootstrap: str, standin: str, folder: Path) -> None:
        self.env = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "STORESTREAM_PARTITIONS": str(PARTITIONS),
            "STORESTREAM_TOPIC_PREFIX": f"t{uuid.uuid4().hex[:8]}.",
            "META_GRAPH_URL": standin,
            TOKEN_ENV: TOKEN,
            "CATALOG_WINDOW_SECONDS": "0.2",
            "WORKER_SESSION_TIMEOUT_SECONDS": "6",
            "WORKER_FOLDER": str(folder),
        }
        self.kafka = KafkaSettings.model_validate(self.env)
        self.shop_id, self.catalog_id, self.token = "demo", CATALOG_ID, TOKEN
        self.log = folder / "catalog.log"
        self.meta = httpx.Client(base_url=standin, timeout=60)
        self._producers: list[AIOKafkaProducer] = []

    def of(self, shop_id: str, catalog_id: str) -> "CatalogStage":
        """Look at another shop and its catalog on this stage."""
        other = copy.copy(self)
        other.shop_id, other.catalog_id = shop_id, catalog_id
        return other

    def start(self, name: str = "catalog-1") -> Child:
        with self.log.open("ab") as output:
            return Child(
                [sys.executable, "-c", "from streams.catalog import main; main()"],
                env={**os.environ, **self.env, "PYTHONPATH": str(ROOT), "WORKER_INSTANCE": name},
                output=output,
            )

    async def prepare(self, *configured: Any) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap_servers)
        await admin.start()
        await topics_admin.apply(admin, self.kafka, await topics_admin.plan(admin, self.kafka))
        await admin.close()
        await shops.publish(self.kafka, CODEC, configured)

    async def close(self) -> None:
        for producer in self._producers:
            await producer.stop()
        self.meta.close()

    async def change(self, *changes: ProductChange) -> None:
        """Put *changes* of the shop on products.changed, as ingest does."""
        producer = await self._connected()
        topic = self.kafka.prefix + PRODUCTS_CHANGED.name
        own = [each | {"shop_id": self.shop_id} for each in changes]
        sending = [
            await producer.send(topic, CODEC.encode("ProductChange", each), key=key_of(each).encode()) for each in own
        ]
        await asyncio.gather(*sending)

    async def request(self, kind: str, catalog: str = "main", **said: Any) -> str:
        """Ask something of a catalog of the shop."""
        request = SyncRequest(
            request_id=uuid.uuid4().hex,
            shop_id=self.shop_id,
            catalog=catalog,
            kind=kind,
            item_ids=[],
            requested_at=int(time.time() * 1000),
            trigger="command",
        )
        partition = partition_of(self.shop_id, catalog, PARTITIONS)
        value = CODEC.encode("SyncRequest", {**request, **said})
        producer = await self._connected()
        topic = self.kafka.prefix + CATALOGS_REQUESTED.name
        await producer.send_and_wait(topic, value, key=f"{self.shop_id}|{catalog}".encode(), partition=partition)
        return request["request_id"]

    async def read(self, topic: str) -> list[Any]:
        """Read everything on *topic*."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.kafka.bootstrap_servers, enable_auto_commit=False)
        await consumer.start()
        partitions = [TopicPartition(self.kafka.prefix + topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends, found = await consumer.end_offsets(partitions), []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += [(record.key, CODEC.decode(record.value) if record.value else None) for record in records]
        await consumer.stop()
        return found

    async def receipts(self) -> dict[str, ProductReceipt]:
        """Return the last receipt of each item, as `catalog|item`."""
        return await self._latest(PRODUCTS_SYNCED.name)

    async def jobs(self) -> dict[str, SyncJob]:
        """Return the latest run of each kind, as `catalog|kind`."""
        return await self._latest(CATALOGS_SYNCED.name)

    async def alerts(self) -> list[Alert]:
        """Return the alerts of the shop."""
        alerts: list[Alert] = [alert for _, alert in await self.read(ALERTS_RAISED.name)]
        return [alert for alert in alerts if alert["shop_id"] == self.shop_id]

    async def _latest(self, topic: str) -> dict[str, Any]:
        found = [(key.decode().partition("|"), each) for key, each in await self.read(topic)]
        return {rest: each for (shop_id, _, rest), each in found if shop_id == self.shop_id}

    async def until_receipts(self, wanted: Callable[[dict[str, ProductReceipt]], bool], seconds: float = 60) -> Any:
        """Wait until the receipts are as *wanted*."""
        return await self._until(self.receipts, wanted, seconds)

    async def until_jobs(self, wanted: Callable[[dict[str, SyncJob]], bool], seconds: float = 60) -> Any:
        """Wait until the runs are as *wanted*."""
        return await self._until(self.jobs, wanted, seconds)

    def items(self, catalog_id: str = "") -> dict[str, dict[str, Any]]:
        """List what the stand-in has in a catalog: fields by item id."""
        found: dict[str, dict[str, Any]] = {}
        after = 0
        while True:
            query: dict[str, Any] = {"limit": 10_000, "after": after}
            page = self.meta.get(f"/_catalogs/{catalog_id or self.catalog_id}/items", params=query).json()
            found |= {each["item_id"]: each["fields"] for each in page["items"]}
            if page["next"] is None:
                return found
            after = page["next"]

    def catalog(self, catalog_id: str = "") -> dict[str, Any]:
        """Return what the stand-in counted about a catalog."""
        counted: dict[str, Any] = self.meta.get(f"/_catalogs/{catalog_id or self.catalog_id}").json()
        return counted

    def behave(self, **script: Any) -> None:
        """Have the stand-in misbehave, to this catalog."""
        self.meta.post("/_behave", json={"catalog_id": self.catalog_id} | script).raise_for_status()

    async def until_items(self, wanted: Callable[[dict[str, dict[str, Any]]], bool], seconds: float = 60) -> Any:
        """Wait until the stand-in's catalog is as *wanted*."""

        async def listed() -> dict[str, dict[str, Any]]:
            return self.items()

        return await self._until(listed, wanted, seconds, pause=0.05)

    async def _until(self, read: Any, wanted: Any, seconds: float, pause: float = 0.2) -> Any:
        deadline = time.monotonic() + seconds
        while not wanted(found := await read()):
            assert time.monotonic() < deadline, f"{str(found)[:2000]}\n{self.log.read_text()[-3000:]}"
            await asyncio.sleep(pause)
        return found

    async def _connected(self) -> AIOKafkaProducer:
        if not self._producers:
            servers = self.kafka.bootstrap_servers
            self._producers.append(AIOKafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=5))
            await self._producers[0].start()
        return self._producers[0]


def key_of(change: ProductChange) -> str:
    """Name a change as ingest does."""
    level = change["inventory"]
    if level is not None:
        return f"{change['shop_id']}|inventory|{level['inventory_item_id']}|{level['location_id']}"
    return f"{change['shop_id']}|{change['product_id']}"


def a_product(number: int, *, at: int = NOON, **changes: Any) -> ProductChange:
    """Product *number* with one variant; *changes* are of the variant, or of the product."""
    change = a_bracelet() | {"product_id": f"p{number}", "occurred_at": at, "received_at": int(time.time() * 1000)}
    product = change["product"]
    assert product is not None
    variant = product["variants"][0] | {"variant_id": f"v{number}", "inventory_item_id": f"i{number}"}
    of_variant = {name: changes.pop(name) for name in list(changes) if name in variant}
    return change | {"product": product | changes | {"variants": [variant | of_variant]}}  # type: ignore[return-value]


def a_deletion(number: int, *, at: int) -> ProductChange:
    """Product *number* is gone."""
    return a_product_change(product_id=f"p{number}", occurred_at=at, action="delete", product=None)


def some_catalog(**changes: Any) -> Catalog:
    """The catalog `main` of the shop `demo`."""
    return a_catalog(**({"name": "main", "catalog_id": CATALOG_ID, "token_env": TOKEN_ENV} | changes))


def are_all(receipts: dict[str, ProductReceipt], status: str, items: Iterable[str]) -> bool:
    """Tell whether exactly these items have this status."""
    return {key.partition("|")[2] for key, each in receipts.items() if each["status"] == status} == set(items)
