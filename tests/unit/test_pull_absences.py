"""A pull of everything deletes what the shop system has no more, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from connectors.storefronts.calls import http_client
from connectors.storefronts.pulls import Batch
from connectors.woocommerce.client import PER_PAGE
from deploy import pulling
from deploy.absences import MARGIN_MS, Absences, Gone, System
from deploy.checkpoints import Checkpoint
from deploy.pulling import Open, Start
from deploy.servers.storefronts.bigcommerce import BigCommerceStore
from deploy.servers.storefronts.shopify import ShopifyShop
from deploy.servers.storefronts.woocommerce import WooShop
from deploy.sources import Source, source_of
from deploy.standing_products import Followed, StandingProducts
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.product import to_deletion
from schemas.records import ProductChange
from tests import woo_stage
from tests.builders import NOON, a_shop
from tests.listed import a_bracelet
from tests.storefronts import a_bigcommerce_access, a_shopify_access, a_woo_access
from tests.unit import test_bigcommerce, test_shopify_bulk

CODEC = Codec.from_lock()


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"WOO_KEY": "ck_test", "WOO_SECRET": "cs_test"}
    secrets |= {"BIGCOMMERCE_TOKEN": "bc_token", "SHOPIFY_TOKEN": "shpat_test"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)


def a_product(product_id: str, at: int = NOON, **changes: Any) -> ProductChange:
    change = a_bracelet() | {"product_id": product_id, "source": "woocommerce", "occurred_at": at, "received_at": at}
    return change | changes  # type: ignore[return-value]


def a_deletion(product_id: str, at: int = NOON, source: str = "woocommerce") -> ProductChange:
    return to_deletion(a_shop(), product_id, "d", at) | {"source": source}


class Topic:
    """Keeps what is published, for the pull to see as Kafka would give it back; fails after *fails_after* times."""

    def __init__(self, *standing: ProductChange, fails_after: int = 1_000) -> None:
        self.standing = StandingProducts(CODEC, "demo", "woocommerce")
        self.taken: list[ProductChange] = []
        self.fails_after = fails_after
        self._follow(standing)

    async def publish(self, changes: Sequence[ProductChange]) -> list[ProductChange]:
        if not self.fails_after:
            raise TransientError("kafka went away")
        self.fails_after -= 1
        self.taken += changes
        self._follow(changes)
        return []

    async def up_to_now(self) -> None:
        """It always is."""

    def deleted(self) -> list[str]:
        return [change["product_id"] for change in self.taken if change["action"] == "delete"]

    def _follow(self, changes: Sequence[ProductChange]) -> None:
        for each in changes:
            key = f"{each['shop_id']}|{each['product_id']}".encode()
            self.standing.apply(SimpleNamespace(key=key, value=CODEC.encode("ProductChange", each)))


class Shop:
    """A shop system that lists some products, *asked* again has others too, and remembers what it was asked."""

    def __init__(self, listed: Sequence[str], hidden: Sequence[str] = ()) -> None:
        self.listed, self.hidden = listed, hidden
        self.asked: list[str] = []

    def batches(self, start: Start) -> AsyncIterator[Batch]:
        async def one() -> AsyncIterator[Batch]:
            told = [a_product(each, received_at=start.began_at) for each in self.listed]
            yield Batch(told, [], "2", len(told))

        return one()

    async def existing(self, product_ids: Sequence[str]) -> set[str]:
        self.asked += product_ids
        return {*self.listed, *self.hidden} & set(product_ids)


async def pulled(shop: Shop, topic: Topic, folder: Path, *, percent: int = 20) -> Gone | None:
    system = System(a_shop(), "woocommerce", shop.existing)
    absences = Absences(system, Followed(topic.standing, topic.up_to_now), topic.publish, percent)
    checkpoint = Checkpoint(folder / "c.json")
    done = await pulling.run(shop.batches, topic.publish, checkpoint, lambda *_: None, absences=absences)
    return done.gone


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


async def test_products_that_are_gone_are_deleted_as_their_webhook_would_have(tmp_path: Path) -> None:
    topic = Topic(*map(a_product, numbers(20)))
    gone = await pulled(Shop(numbers(18)), topic, tmp_path)
    later = await pulled(Shop(numbers(18)), Topic(), tmp_path)

    last = topic.taken[-1]
    assert (gone, topic.deleted()) == (Gone(20, deleted=2), ["18", "19"])
    assert (last["source"], last["product"], last["occurred_at"] > NOON) == ("woocommerce", None, True)
    assert topic.standing.there() == numbers(18)
    assert later is None  # of changes only


@pytest.mark.parametrize(
    "other",
    [
        a_product("x", source="csv"),
        a_product("x", source="hand"),
        a_product("x", shop_id="other"),
        a_deletion("x"),
        a_product("x", at=2**42),
        a_product("x", received_at=2**42),
    ],
)
async def test_what_others_told_of_or_what_was_told_just_now_is_left(other: ProductChange, tmp_path: Path) -> None:
    topic = Topic(*map(a_product, numbers(9)), other)
    shop = Shop(numbers(9))
    await pulled(shop, topic, tmp_path)

    assert (topic.deleted(), shop.asked) == ([], [])


async def test_a_product_that_the_list_left_out_but_that_is_there_is_kept(tmp_path: Path) -> None:
    topic = Topic(*map(a_product, numbers(20)))
    shop = Shop(numbers(18), hidden=["18"])
    gone = await pulled(shop, topic, tmp_path)

    assert (gone, topic.deleted(), shop.asked) == (Gone(20, deleted=1), ["19"], ["18", "19"])


@pytest.mark.parametrize(
    ("known", "left", "percent", "outcome"),
    [
        (40, 32, 20, Gone(40, deleted=8)),
        (40, 31, 20, Gone(40, kept=9)),
        (40, 31, 25, Gone(40, deleted=9)),
        (40, 0, 99, Gone(40, kept=40)),
        (40, 0, 100, Gone(40, deleted=40)),
        (4, 1, 20, Gone(4, deleted=3)),
        (3, 0, 20, Gone(3, kept=3)),
        (40, 39, 0, Gone(40)),
        (0, 0, 20, Gone(0)),
    ],
)
async def test_more_than_so_many_are_deleted_only_when_told_to(
    known: int, left: int, percent: int, outcome: Gone, tmp_path: Path
) -> None:
    topic = Topic(*map(a_product, numbers(known)))
    gone = await pulled(Shop(numbers(left)), topic, tmp_path, percent=percent)

    assert (gone, len(topic.deleted())) == (outcome, outcome.deleted)


async def test_of_a_wrong_shop_no_more_is_asked_than_shows_it(tmp_path: Path) -> None:
    topic, shop = Topic(*map(a_product, numbers(1_000))), Shop([])
    gone = await pulled(shop, topic, tmp_path)

    assert (gone, len(shop.asked)) == (Gone(1_000, kept=300), 300)


async def test_a_pull_stopped_while_it_deletes_goes_on_with_the_rest(tmp_path: Path) -> None:
    topic = Topic(*map(a_product, numbers(500)), fails_after=2)
    with pytest.raises(TransientError):
        await pulled(Shop(numbers(300)), topic, tmp_path, percent=50)
    topic.fails_after = 1_000
    gone = await pulled(Shop(numbers(300)), topic, tmp_path, percent=50)

    assert gone == Gone(400, deleted=100)
    assert sorted(topic.deleted()) == sorted(numbers(500)[300:])


async def test_a_product_that_was_deleted_by_mistake_comes_back_with_the_next_pull_of_everything(
    tmp_path: Path,
) -> None:
    topic = Topic(a_deletion("1", NOON + MARGIN_MS), a_deletion("2", NOON + 1, source="hand"), a_product("3"))
    await pulled(Shop(["1", "2", "3"]), topic, tmp_path)

    assert sorted(topic.standing.there()) == ["1", "3"]  # what a person deleted stays so until it changes


async def test_a_pull_of_everything_brings_what_the_webhooks_before_it_left_out(tmp_path: Path) -> None:
    triggered = NOON + 1_234  # a webhook is as new as its trigger, which is after what a pull knows of the product
    by_webhook, lately, by_hand = (a_product(each, triggered) for each in "123")
    topic = Topic(by_webhook, lately | {"received_at": 2**42}, by_hand | {"source": "hand"})
    await pulled(Shop(["1", "2", "3"]), topic, tmp_path)

    assert [each["occurred_at"] for each in topic.taken] == [triggered, NOON, NOON]


def a_source(system: str, count: int) -> Source:
    """A stand-in of *system* with *count* products."""
    some = range(1, count + 1)
    shop: dict[str, Any]
    api: Any
    if system == "woocommerce":
        api = a_woo_shop(count)
        shop = {"woocommerce": a_woo_access()}
    elif system == "bigcommerce":
        api = BigCommerceStore(products={each: test_bigcommerce.a_product(id=each) for each in some})
        shop = {"bigcommerce": a_bigcommerce_access()}
    else:
        api = ShopifyShop(lines=test_shopify_bulk.lines_of(*(test_shopify_bulk.a_product(each * 10) for each in some)))
        shop = {"shopify": a_shopify_access()}
    return source_of(a_shop(**shop), None, http_client(httpx.ASGITransport(api.app())))


@pytest.mark.parametrize(
    ("system", "there", "gone"),
    [("woocommerce", "2", "4"), ("bigcommerce", "2", "4"), ("shopify", "20", "40")],
)
async def test_each_system_tells_which_products_it_has(system: str, there: str, gone: str) -> None:
    assert await a_source(system, 3).existing([there, gone]) == {there}


class Careless(httpx.AsyncBaseTransport):
    """A proxy that takes away headers of answers, and parts of questions."""

    def __init__(self, api: Any) -> None:
        self._there = httpx.ASGITransport(api.app())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        kept = {name: text for name, text in request.url.params.items() if name not in ("include", "id:in")}
        answer = await self._there.handle_async_request(
            httpx.Request(request.method, request.url.copy_with(params=kept), headers=request.headers)
        )
        return httpx.Response(answer.status_code, content=await answer.aread())


def a_woo_shop(count: int) -> WooShop:
    some = range(1, count + 1)
    return WooShop(root="/shop", products={each: woo_stage.a_product(id=each) for each in some})


@pytest.mark.parametrize(
    ("api", "shop"),
    [
        (a_woo_shop(3), {"woocommerce": a_woo_access()}),
        (BigCommerceStore(products={1: test_bigcommerce.a_product(id=1)}), {"bigcommerce": a_bigcommerce_access()}),
    ],
)
async def test_an_answer_to_another_question_proves_nothing(api: Any, shop: dict[str, Any]) -> None:
    source = source_of(a_shop(**shop), None, http_client(Careless(api)))

    with pytest.raises(TransientError):
        await source.existing(["9"])


async def test_no_page_is_missed_where_a_proxy_takes_away_how_many_there_are(tmp_path: Path) -> None:
    source = source_of(a_shop(woocommerce=a_woo_access()), None, http_client(Careless(a_woo_shop(250))))
    topic = Topic()
    await pulling.run(source.batches, topic.publish, Checkpoint(tmp_path / "c.json"), lambda *_: None)

    assert len(topic.taken) == 250


async def test_products_that_move_up_a_page_while_others_are_deleted_are_not_missed(tmp_path: Path) -> None:
    some = range(1, 3 * PER_PAGE + 1)
    api = a_woo_shop(3 * PER_PAGE)
    shop = a_shop(woocommerce=a_woo_access())
    source: Open = source_of(shop, None, http_client(httpx.ASGITransport(api.app()))).batches
    topic = Topic()

    def delete_one(done: int, total: int) -> None:
        api.products.pop(1, None)

    await pulling.run(source, topic.publish, Checkpoint(tmp_path / "c.json"), delete_one)

    assert {change["product_id"] for change in topic.taken} == {str(each) for each in some}
