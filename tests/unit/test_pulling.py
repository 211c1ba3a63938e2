"""Pulls go on where Kafka has them, and the next one asks only for what changed since."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.storefronts.calls import http_client
from connectors.storefronts.pulls import Batch
from connectors.woocommerce.client import PER_PAGE
from deploy import pulling
from deploy.checkpoints import Checkpoint
from deploy.pulling import OVERLAP_MS, Open, Start
from deploy.servers.storefronts.bigcommerce import BigCommerceStore
from deploy.servers.storefronts.woocommerce import WooShop
from deploy.sources import source_of
from schemas.errors import ConfigurationError, TransientError
from schemas.records import ProductChange, Shop
from tests import woo_stage
from tests.builders import a_shop
from tests.listed import a_catalog
from tests.storefronts import a_bigcommerce_access, a_woo_access
from tests.unit import test_bigcommerce


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WOO_KEY": "ck_test", "WOO_SECRET": "cs_test", "BIGCOMMERCE_TOKEN": "bc_token"}.items():
        monkeypatch.setenv(name, value)


class FakeTopic:
    """Takes what is published; refuses everything after *fails_after* batches."""

    def __init__(self, fails_after: int = 1_000) -> None:
        self.taken: list[ProductChange] = []
        self._left = fails_after

    async def publish(self, changes: Sequence[ProductChange]) -> list[ProductChange]:
        if not self._left:
            raise TransientError("kafka went away")
        self._left -= 1
        self.taken += changes
        return []

    def actions(self) -> list[str]:
        return [change["action"] for change in self.taken]

    def ids(self) -> list[str]:
        return [change["product_id"] for change in self.taken]


def a_source(api: Any, **shop: Any) -> Open:
    return source_of(a_shop(**shop), None, http_client(httpx.ASGITransport(api.app()))).batches


def woo(products: int) -> Open:
    shop = WooShop(root="/shop")
    shop.products = {number: woo_stage.a_product(id=number) for number in range(1, products + 1)}
    return a_source(shop, woocommerce=a_woo_access())


def bigcommerce(products: int) -> Open:
    numbers = range(1, products + 1)
    store = BigCommerceStore(products={number: test_bigcommerce.a_product(id=number) for number in numbers})
    return a_source(store, bigcommerce=a_bigcommerce_access())


@pytest.mark.parametrize("source", [woo, bigcommerce])
async def test_an_interrupted_pull_goes_on_and_misses_nothing(source: Any, tmp_path: Path) -> None:
    checkpoint, first, second = Checkpoint(tmp_path / "c.json"), FakeTopic(fails_after=2), FakeTopic()
    told: list[tuple[int, int]] = []
    with pytest.raises(TransientError):
        await pulling.run(source(450), first.publish, checkpoint, lambda *progress: told.append(progress))

    done = await pulling.run(source(450), second.publish, checkpoint, lambda *progress: told.append(progress))

    assert set(first.ids()) | set(second.ids()) == {str(number) for number in range(1, 451)}
    assert (done.was_resumed, len(second.ids()) <= 450 - PER_PAGE) == (True, True)
    assert told[0] == (PER_PAGE, 450)


async def test_after_a_complete_pull_only_changes_are_asked_for(tmp_path: Path) -> None:
    checkpoint, starts = Checkpoint(tmp_path / "c.json"), []

    async def nothing(start: Start) -> AsyncIterator[Batch]:
        starts.append(start)
        for batch in (Batch([], [], "2", 0),):
            yield batch

    first = await pulling.run(nothing, FakeTopic().publish, checkpoint, lambda *progress: None)
    second = await pulling.run(nothing, FakeTopic().publish, checkpoint, lambda *progress: None)

    assert (first.since, second.since) == (None, starts[0].began_at - OVERLAP_MS)
    assert starts[1].position is None


async def test_stock_by_location_is_pulled_with_the_products_page_by_page(tmp_path: Path) -> None:
    places = [{"location_id": number, "available_to_sell": number} for number in (1, 2)]
    stock = [{"identity": {"product_id": each, "variant_id": each}, "locations": places} for each in range(1, 151)]
    store = BigCommerceStore(
        products={
            each: test_bigcommerce.a_product(id=each, variants=[test_bigcommerce.a_variant(id=each)])
            for each in range(1, 151)
        },
        inventory=stock,
    )
    catalogs, topic = [a_catalog(locations=["1"])], FakeTopic()
    source = a_source(store, bigcommerce=a_bigcommerce_access(), catalogs=catalogs)
    done = await pulling.run(source, topic.publish, Checkpoint(tmp_path / "c.json"), lambda *progress: None)

    assert (done.published, done.levels) == (150, 300)
    assert topic.actions().count("inventory") == 300


@pytest.mark.parametrize(
    ("system", "wrong"),
    [
        (woo_stage, {"price": "cheap"}),
        (test_bigcommerce, {"price": "cheap"}),
        (test_bigcommerce, {"variants": [test_bigcommerce.a_variant(id=number) for number in range(10_000)]}),
    ],
)
async def test_a_product_that_cannot_be_read_costs_only_itself(system: Any, wrong: Any, tmp_path: Path) -> None:
    products = {number: system.a_product(id=number) for number in (1, 2, 3)}
    products[2] |= wrong
    if system is woo_stage:
        source = a_source(WooShop(root="/shop", products=products), woocommerce=a_woo_access())
    else:
        source = a_source(BigCommerceStore(products=products), bigcommerce=a_bigcommerce_access())
    topic = FakeTopic()

    done = await pulling.run(source, topic.publish, Checkpoint(tmp_path / "c.json"), lambda *progress: None)

    assert (sorted(topic.ids()), [each.product_id for each in done.refused]) == (["1", "3"], ["2"])


@pytest.mark.parametrize(
    ("shop", "system"),
    [
        (a_shop(), None),
        (a_shop(woocommerce=a_woo_access(), bigcommerce=a_bigcommerce_access()), None),
        (a_shop(woocommerce=a_woo_access()), "bigcommerce"),
        (a_shop(woocommerce=a_woo_access(key_env="WOO_UNSET")), None),
    ],
)
async def test_a_shop_that_cannot_be_pulled_says_why(shop: Shop, system: str | None) -> None:
    with pytest.raises(ConfigurationError):
        source_of(shop, system, http_client())
