"""Which catalogs this process leads: those whose partition it has, as long as their shops configure them."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import structlog

from connectors.kafka.partitioning import partition_of
from connectors.kafka.shops import ShopDirectory
from schemas.catalog_records import Catalog, SyncRequest
from schemas.errors import TransientError
from schemas.records import Shop
from streams.cataloguing.book import Book
from streams.cataloguing.feed_leader import FeedLeader
from streams.cataloguing.leader import Leader, World
from streams.cataloguing.ledger import Ledger
from streams.cataloguing.receipts import Place, place_of
from streams.cataloguing.states import Standing
from streams.rules.products_in_force import Told

RETRY_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.5

log = structlog.get_logger()


class InterruptedByRebalanceError(Exception):
    """What was being read is of partitions that go."""


class Kept(NamedTuple):
    """How to learn what earlier processes left: the states of a partition, once the products are as they are now."""

    standing: Callable[[int], Awaitable[Standing]]
    up_to_now: Callable[[], Awaitable[None]]


class Leaders:
    """The catalogs of one process. Call `follow` again and again with the partitions it has."""

    def __init__(self, world: World, shops: ShopDirectory, kept: Kept, partitions: int) -> None:
        """Lead nothing yet; *partitions* is how many the streams have."""
        self._world, self._shops, self._kept, self._partitions = world, shops, kept, partitions
        self._standing: dict[int, Standing] = {}
        self._leading: dict[tuple[str, str], Leader | FeedLeader] = {}
        self._turn = asyncio.Lock()
        self._reading: asyncio.Future[Standing | None] | None = None
        world.products.changed = self._changed

    async def follow(self, assigned: frozenset[int]) -> None:
        """Lead the catalogs of *assigned* partitions, as they are configured now."""
        with contextlib.suppress(InterruptedByRebalanceError):
            async with self._turn:
                await self._follow(assigned)

    async def _follow(self, assigned: frozenset[int]) -> None:
        wanted = self._wanted(assigned)
        for key in [key for key in self._leading if key not in wanted]:
            await self._leave(key)
        for number in [number for number in self._standing if number not in assigned]:
            del self._standing[number]
        for key, (shop, catalog, partition) in wanted.items():
            leader = self._leading.get(key)
            if leader is None:
                await self._lead(key, shop, catalog, partition)
            elif any(leader.book.catalog[name] != catalog[name] for name in ("catalog_id", "method")):
                await self._leave(key)
                await self._lead(key, shop, catalog, partition)
            elif _differ(leader.book.shop, shop):
                leader.configure(shop, catalog)

    async def give_away(self) -> None:
        """Lead nothing any more: other partitions come, or the process ends."""
        if self._reading is not None:
            self._reading.cancel()
        async with self._turn:
            leaders, self._leading = self._leading, {}
            await asyncio.gather(*(leader.stop() for leader in leaders.values()))
            self._standing.clear()
            await self._world.writer.settled()
            if leaders:
                log.info("catalogs given away", catalogs=len(leaders))

    async def ask(self, request: SyncRequest) -> None:
        """Do what a person asked of a catalog; of one that nobody configures, nothing."""
        leader = self._leading.get((request["shop_id"], request["catalog"]))
        if leader is None:
            log.warning("request for no catalog of ours", shop=request["shop_id"], catalog=request["catalog"])
            return
        await leader.ask(request)

    def has(self, shop_id: str, catalog: str) -> bool:
        """Tell whether a catalog is led here."""
        return (shop_id, catalog) in self._leading

    def is_configured(self, shop_id: str, catalog: str) -> bool:
        """Tell whether a shop has such a catalog."""
        shop = self._shops.get(shop_id)
        return shop is not None and any(each["name"] == catalog for each in shop["catalogs"])

    def mark_due(self) -> None:
        """Have products looked at whose announced date has come."""
        now = int(time.time() * 1000)
        for shop_id, product_id in self._world.products.due(now):
            self._changed(Told("changed", shop_id, (product_id,), now))

    def _wanted(self, assigned: frozenset[int]) -> dict[tuple[str, str], tuple[Shop, Catalog, int]]:
        found = {}
        for shop in self._shops.all():
            for catalog in shop["catalogs"]:
                partition = partition_of(shop["shop_id"], catalog["name"], self._partitions)
                if partition in assigned:
                    found[shop["shop_id"], catalog["name"]] = (shop, catalog, partition)
        return found

    async def _lead(self, key: tuple[str, str], shop: Shop, catalog: Catalog, partition: int) -> None:
        began = time.monotonic()
        standing = self._standing.get(partition)
        if standing is None:
            read = await self._unless_interrupted(self._read(partition))
            standing = self._standing[partition] = read or Standing()
        await self._unless_interrupted(self._kept.up_to_now())
        place: Place = place_of(shop["shop_id"], catalog)
        products, shop_id = self._world.products.in_force, shop["shop_id"]
        book = Book(
            shop,
            catalog,
            partition,
            knows=lambda product_id: products.knows(shop_id, product_id),
            is_shared=lambda: self._is_shared(key, catalog["catalog_id"]),
        )
        book.ledger = standing.ledgers.pop(place, Ledger())
        jobs = standing.jobs.pop(place, {})
        leader = FeedLeader(self._world, book) if catalog["method"] == "feed" else Leader(self._world, book, jobs)
        self._leading[key] = leader
        leader.start()
        seconds = round(time.monotonic() - began, 2)
        log.info("catalog led", catalog=book.label, partition=partition, items=len(book.ledger), seconds=seconds)

    def _is_shared(self, key: tuple[str, str], catalog_id: str) -> bool:
        """Tell whether another catalog than *key* is configured with this number."""
        return any(
            each["catalog_id"] == catalog_id and (shop["shop_id"], each["name"]) != key
            for shop in self._shops.all()
            for each in shop["catalogs"]
        )

    async def _leave(self, key: tuple[str, str]) -> None:
        leader = self._leading.pop(key)
        await leader.stop()
        await self._world.writer.settled()
        self._standing.pop(leader.book.partition, None)  # what it wrote is read again if it comes back
        log.info("catalog left", catalog=leader.book.label)

    async def _unless_interrupted(self, reading: Awaitable[Standing | None]) -> Standing | None:
        """Await what may take long, and give it up when the partitions go: a rebalance waits for it."""
        self._reading = asyncio.ensure_future(reading)
        try:
            return await self._reading
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise InterruptedByRebalanceError from None
        finally:
            self._reading = None

    async def _read(self, partition: int) -> Standing:
        while True:
            try:
                return await self._kept.standing(partition)
            except TransientError as exc:
                log.warning("reading catalog states interrupted", partition=partition, detail=str(exc))
                await asyncio.sleep(RETRY_SECONDS)

    def _changed(self, told: Told) -> None:
        for (shop_id, _), leader in self._leading.items():
            if shop_id == told.shop_id:
                for product_id in told.product_ids:
                    leader.book.queue.mark(product_id, told.received_at)


def _differ(old: Shop, new: Shop) -> bool:
    """Tell whether settings differ in what may matter for items."""
    return {**old, "updated_at": 0} != {**new, "updated_at": 0}
