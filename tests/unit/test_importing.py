"""Imports stop anywhere and go on; a product by hand is checked like a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.csv.columns import Mapping
from deploy.checkpoints import Checkpoint
from deploy.importing import BATCH, File, open_file, run
from schemas.codec import Codec
from schemas.errors import TerminalError, TransientError
from schemas.product import parse_product, to_deletion
from schemas.records import ProductChange
from streams.rules.catalogs import Catalog
from tests.builders import NOON, a_shop


class FakeTopic:
    """Takes batches until *fails_after* of them; what it took before the failure stays."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.taken: list[ProductChange] = []
        self._left = fails_after

    async def publish(self, changes: Sequence[ProductChange]) -> list[ProductChange]:
        if self._left == 0:
            self.taken += changes[:3]  # some of a batch may be there
            raise TransientError("kafka went away")
        self._left = None if self._left is None else self._left - 1
        self.taken += changes
        return []


def a_file(folder: Path, products: int, *, price: int = 1) -> File:
    path = folder / "products.csv"
    path.write_text("sku,title,price\n" + "".join(f"s{number},T,{price}\n" for number in range(products)))
    return open_file(path, Mapping(), a_shop())


async def test_an_interrupted_import_goes_on_where_kafka_has_it(tmp_path: Path) -> None:
    file, checkpoint, topic = a_file(tmp_path, 5 * BATCH), Checkpoint(tmp_path / "c.json"), FakeTopic(fails_after=2)
    with pytest.raises(TransientError):
        await run(file, topic.publish, checkpoint, lambda done: None)
    begun, resumed = topic.taken, FakeTopic()

    done = await run(file, resumed.publish, checkpoint, lambda done: None)

    assert (done.resumed_at, done.published) == (2 * BATCH, 3 * BATCH)
    assert begun[2 * BATCH :] == resumed.taken[:3], "what is repeated has the same version and delivery id"
    assert {change["product_id"] for change in begun + resumed.taken} == {f"s{number}" for number in range(5 * BATCH)}
    assert checkpoint.read() is None


async def test_a_file_changed_meanwhile_is_imported_whole(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "c.json")
    with pytest.raises(TransientError):
        await run(a_file(tmp_path, 2 * BATCH), FakeTopic(fails_after=1).publish, checkpoint, lambda done: None)

    done = await run(a_file(tmp_path, 2 * BATCH, price=2), FakeTopic().publish, checkpoint, lambda done: None)

    assert (done.resumed_at, done.published) == (0, 2 * BATCH)


def test_a_damaged_checkpoint_is_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    for content in ("{", "[]", ""):
        path.write_text(content)
        assert Checkpoint(path).read() is None


def a_product_file(**changes: Any) -> dict[str, Any]:
    return {"product_id": "p1", "title": "Ring", "variants": [{"variant_id": "v1", "price": 9.5}]} | changes


def test_a_product_by_hand_travels_as_the_topic_carries_it() -> None:
    change = parse_product(a_product_file(preorder_at="2026-10-26T07:33:20Z")).to_change(a_shop(), "d", NOON)
    codec = Codec.from_lock()

    assert codec.decode(codec.encode("ProductChange", change)) == change
    assert change["product"] is not None
    assert (change["product"]["currency"], change["product"]["preorder_at"]) == ("EUR", NOON)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"variants": []}, "variants"),
        ({"variants": [{"variant_id": "v", "price": -1}]}, "variants.0.price"),
        ({"image_url": "//cdn.example/x.jpg"}, "image_url"),
        ({"price": 3}, "price"),
        ({"currency": "euro"}, "currency"),
    ],
)
def test_a_wrong_product_says_where_and_not_what(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(TerminalError) as caught:
        parse_product(a_product_file(**changes))

    assert caught.value.field.split(", ")[0] == field


def test_without_any_currency_a_product_is_refused() -> None:
    with pytest.raises(TerminalError, match="currency"):
        parse_product(a_product_file()).to_change(a_shop(currency=None), "d", NOON)


def test_a_deleted_product_stays_deleted_when_an_older_change_comes() -> None:
    catalog, shop = Catalog(), a_shop()
    product = parse_product(a_product_file())
    catalog.apply(product.to_change(shop, "a", NOON))
    catalog.apply(to_deletion(shop, "p1", "b", NOON + 2))

    assert catalog.apply(product.to_change(shop, "c", NOON + 1)) is False
    assert catalog.find("demo", "v1", "p1", None) is None
