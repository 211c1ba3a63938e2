"""What Meta found in a feed becomes receipts: of what it read, once, and of nothing that it cannot have read."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.feed.registration import Place, Registered, fetch, register
from connectors.meta.feed.writing import pieces
from deploy.feeds.contents import Feed, items, snapshot
from deploy.servers.meta.app import create_app
from schemas.catalog_records import Alert, ProductReceipt
from schemas.codec import Codec
from schemas.product import to_deletion
from schemas.records import ProductChange
from schemas.settings import CatalogSettings, MetaSettings
from schemas.topics import ALERTS_RAISED
from streams.cataloguing import feed_leader
from streams.cataloguing.book import Book
from streams.cataloguing.feed_leader import FeedLeader
from streams.cataloguing.leader import World
from streams.cataloguing.products import Products
from streams.cataloguing.writing import Writer
from streams.outbox import Outbox, Output
from streams.rules.products_in_force import Told
from tests.builders import NOON, a_shop
from tests.files_served import Files, served_files
from tests.listed import a_bracelet, a_catalog
from tests.unit.meta_standin import TOKEN, a_standin, client_of

CODEC = Codec.from_lock()
CATALOG = a_catalog(method="feed", feed_token_env="FEED_TOKEN")


class FakeOutbox(Outbox):
    """Remembers what would be on Kafka."""

    def __init__(self) -> None:
        self.receipts: list[ProductReceipt] = []
        self.alerts: list[Alert] = []
        self.emitted: Callable[[], None] = lambda: None

    async def emit(self, topic: str, partition: int, outputs: Iterable[Output]) -> None:
        told = self.alerts if topic == ALERTS_RAISED.name else self.receipts
        told += [CODEC.decode(output.value) for output in outputs if output.value is not None]
        self.emitted()

    async def settled(self) -> None:
        pass


@dataclass
class Stage:
    """A shop, its feed, the stand-in that fetches it, and who leads the catalog."""

    files: Files
    client: CatalogClient
    meta: httpx.AsyncClient
    products: Products = field(default_factory=lambda: Products(CODEC))
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    told: int = 0

    def __post_init__(self) -> None:
        world = World(self.client, CatalogSettings(), self.products, Writer(CODEC, self.outbox))
        self.leader = FeedLeader(world, Book(a_shop(), CATALOG, 0))
        self.leader.configure(a_shop(), CATALOG)
        self.products.changed = self._mark

    def _mark(self, told: Told) -> None:
        for product_id in told.product_ids:
            self.leader.book.queue.mark(product_id, told.received_at)

    def tell(self, *changes: ProductChange) -> None:
        """Let the shop tell of products, a while ago."""
        for change in changes:
            self.told += 1
            key = f"demo|{change['product_id']}".encode()
            aged = change | {"occurred_at": NOON + self.told}
            value = CODEC.encode("ProductChange", aged)
            self.products.apply(SimpleNamespace(key=key, value=value, partition=0, offset=self.told))

    async def fetched(self) -> None:
        """Have Meta fetch the feed as it is now, and wait until it has."""
        feed = Feed(a_shop(), CATALOG, CODEC)
        listed = items(snapshot(self.products.in_force.of("demo")), feed, NOON)
        self.files.answers["/feed"] = (200, b"".join(pieces("xml", listed, CATALOG, a_shop())))
        place = Place(f"{self.files.address}/feed", "a-token")
        registered = await register(self.client, CATALOG, "demo", place)
        assert isinstance(registered, Registered)
        session = await fetch(self.client, CATALOG, registered.feed_id, place)
        for _ in range(500):
            shown = (await self.meta.get(f"/v26.0/{session}", params={"fields": "end_time"})).json()
            if "end_time" in shown:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the session has not ended")

    async def read(self) -> dict[str, ProductReceipt]:
        """Read what Meta found; the new receipts by item."""
        self.outbox.receipts.clear()
        await self.leader.read()
        return {receipt["item_id"]: receipt for receipt in self.outbox.receipts}


@pytest.fixture
def files() -> Iterator[Files]:
    with served_files() as served:
        yield served


@pytest.fixture
async def stage(files: Files, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setenv("META_TOKEN_DEMO", TOKEN)
    standin = a_standin(clock=lambda: time.time() + 2)  # a little later than whatever was told
    transport = httpx.ASGITransport(create_app(standin))
    async with (
        CatalogClient(MetaSettings(META_GRAPH_URL="http://meta.test"), transport=transport) as client,
        client_of(standin) as meta,
    ):
        yield Stage(files, client, meta)


def a_ring(product_id: str, **changes: Any) -> ProductChange:
    return a_bracelet({"variant_id": f"{product_id}-v"}, **changes) | {"product_id": product_id}


async def test_items_that_meta_read_are_accepted_and_said_once(stage: Stage) -> None:
    stage.tell(a_ring("1"), a_ring("2"))
    await stage.fetched()
    first, again = await stage.read(), await stage.read()
    await stage.fetched()
    later = await stage.read()

    assert {item_id: receipt["status"] for item_id, receipt in first.items()} == {"1-v": "accepted", "2-v": "accepted"}
    assert (again, later) == ({}, {})


async def test_rejected_item_has_metas_words_and_what_to_do_until_meta_takes_it(stage: Stage) -> None:
    stage.tell(a_ring("1"), a_ring("2"))
    reject = {"item_ids": ["2-v"], "message": "Image too small: The image has 100 x 100 pixels", "requests": 1}
    await stage.meta.post("/_behave", json={"reject_items": reject})
    await stage.fetched()
    rejected = (await stage.read())["2-v"]
    await stage.fetched()
    accepted = await stage.read()

    assert (rejected["status"], rejected["reason"]) == ("rejected", "small_image")
    assert rejected["message"] == "Image too small: The image has 100 x 100 pixels"
    assert rejected["suggestion"] == "500 x 500 pixels or more"
    assert [(item_id, receipt["status"]) for item_id, receipt in accepted.items()] == [("2-v", "accepted")]


async def test_item_refused_at_three_readings_in_a_row_raises_one_alert(stage: Stage) -> None:
    stage.tell(a_ring("1"), a_ring("2"))
    await stage.meta.post("/_behave", json={"reject_items": {"item_ids": ["2-v"], "message": "Image too small"}})
    said = []
    for _ in range(5):
        await stage.fetched()
        said.append([(item_id, receipt["failures"]) for item_id, receipt in (await stage.read()).items()])

    assert said == [[("1-v", 0), ("2-v", 1)], [("2-v", 2)], [("2-v", 3)], [], []]
    assert [(each["kind"], each["subject"], each["count"]) for each in stage.outbox.alerts] == [
        ("item_rejected", "main|2-v", 3)
    ]


async def test_product_that_changes_while_others_are_settled_waits_for_the_next_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_leader, "AT_ONCE", 1)
    stage.tell(a_ring("1"), a_ring("2"))
    await stage.fetched()

    def change() -> None:
        stage.outbox.emitted = lambda: None
        stage.tell(a_ring("2", title="Other") | {"received_at": int(time.time() * 1000) + 60_000})

    stage.outbox.emitted = change
    read = await stage.read()

    assert list(read) == ["1-v"]


async def test_product_that_is_gone_is_deleted_and_one_that_cannot_be_listed_skipped(stage: Stage) -> None:
    stage.tell(a_ring("1"), a_ring("2"), a_ring("3", title=None))
    await stage.fetched()
    first = await stage.read()
    stage.tell(to_deletion(a_shop(), "1", "d1", NOON))
    await stage.fetched()
    later = await stage.read()

    assert [receipt["reason"] for receipt in first.values() if receipt["status"] == "skipped"] == ["missing_title"]
    assert [(item_id, receipt["status"]) for item_id, receipt in later.items()] == [("1-v", "deleted")]


async def test_change_after_meta_began_to_read_waits_for_the_next_time(stage: Stage) -> None:
    stage.tell(a_ring("1"))
    await stage.fetched()
    await stage.read()
    await stage.fetched()
    soon = int(time.time() * 1000) + 60_000
    stage.tell(a_ring("1", title="Other") | {"received_at": soon})
    unread = await stage.read()

    assert unread == {}


async def test_what_was_read_before_the_start_says_nothing(stage: Stage) -> None:
    stage.tell(a_ring("1"))
    await stage.fetched()
    stage.leader._since = int(time.time() * 1000) + 60_000
    before = await stage.read()

    assert before == {}


async def test_file_that_meta_could_not_read_changes_nothing_and_a_person_is_told_once(stage: Stage) -> None:
    stage.tell(a_ring("1"))
    await stage.fetched()
    await stage.read()
    stage.tell(to_deletion(a_shop(), "1", "d1", NOON))
    found = []
    for _ in range(2):
        await stage.fetched()
        found.append(await stage.read())

    assert found == [{}, {}]
    (alert,) = stage.outbox.alerts
    assert (alert["kind"], alert["subject"]) == ("feed_failed", "main")
    assert alert["message"]


async def test_of_errors_that_meta_does_not_name_in_full_only_the_named_items_are_rejected(stage: Stage) -> None:
    stage.tell(*(a_ring(str(number)) for number in range(9)))
    await stage.meta.post("/_behave", json={"reject_items": {"item_ids": [f"{n}-v" for n in range(7)]}})
    await stage.fetched()
    receipts = await stage.read()

    assert [receipt["status"] for receipt in receipts.values()] == ["rejected"] * 5


async def test_without_a_feed_nothing_is_said_and_of_a_wrong_token_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tell(a_ring("1"))
    unregistered = await stage.read()
    monkeypatch.setenv("META_TOKEN_DEMO", "another")
    refused, still_refused = await stage.read(), await stage.read()

    assert (unregistered, refused, still_refused) == ({}, {}, {})
    assert [each["kind"] for each in stage.outbox.alerts] == ["catalog_stopped"]
