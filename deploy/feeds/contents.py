"""What a shop's feed has in it: the items of a snapshot one after the other, and a tag that changes when they do."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson
import structlog

from connectors.meta.catalog.items import CatalogItem
from connectors.meta.catalog.listing import listed
from schemas.catalog_records import Catalog
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.heads import Heads
from schemas.records import EpochMillis, ProductChange, Shop
from streams.rules.products_in_force import ShopProducts

DIGEST_BYTES: Final = 16
_OF_SHOP: Final = ("shop_id", "currency", "country", "domains")
"""What of a shop's settings items are made of."""

log = structlog.get_logger()


class Feed(NamedTuple):
    """Whose items, in which catalog, and what reads the records of products."""

    shop: Shop
    catalog: Catalog
    codec: Codec


class Known(NamedTuple):
    """What was found out about one product's record. *stocked*: the inventory items of its variants."""

    value: bytes
    digest: bytes
    told_at: EpochMillis = 0
    stocked: tuple[str, ...] = ()
    preorder_at: EpochMillis | None = None


class Digested(NamedTuple):
    """What a shop's products come to. *preorders*: when some of them become available, in order."""

    digest: bytes
    preorders: tuple[EpochMillis, ...]


def snapshot(products: ShopProducts) -> ShopProducts:
    """Take what a shop has at this moment; it holds on to no more than that does itself."""
    taken = ShopProducts()
    taken.products, taken.levels = dict(products.products), dict(products.levels)
    return taken


def items(taken: ShopProducts, feed: Feed, now: EpochMillis) -> Iterator[CatalogItem]:
    """Yield the items of *feed* at *now* (milliseconds), by product id; what cannot be listed is left out.

    Of several products with the same SKU as id the first has it: Meta ignores all items of an id that comes twice.
    """
    template = feed.catalog["id_template"]
    may_repeat = "{variant_id}" not in template and "{product_id}" not in template
    seen: set[str] = set()
    for product_id in sorted(taken.products):
        for item in _items_of(taken.products[product_id], taken, feed, now):
            if item.item_id in seen:
                continue
            if may_repeat:
                seen.add(item.item_id)
            yield item


def digested(taken: ShopProducts, known: dict[str, Known], codec: Codec, heads: Heads) -> Digested:
    """Digest a snapshot; *known* is what was found out before, and is brought up to date."""
    for product_id in known.keys() - taken.products.keys():
        del known[product_id]
    total = blake2b(digest_size=DIGEST_BYTES)
    for product_id in sorted(taken.products):
        value, before = taken.products[product_id], known.get(product_id)
        if before is None or before.value is not value:
            known[product_id] = before = _known(value, codec, heads)
        total.update(before.digest)
        for item in before.stocked:
            total.update(_stock_of(taken, item, before))
    dates = {each.preorder_at for each in known.values() if each.preorder_at is not None}
    return Digested(total.digest(), tuple(sorted(dates)))


def tag_of(found: Digested, feed: Feed, now: EpochMillis) -> str:
    """Name what *feed* has in it at *now*: equal tags, equal files of one form."""
    settings = {name: feed.shop.get(name) for name in _OF_SHOP}
    told = [settings, feed.catalog, sum(date <= now for date in found.preorders)]
    total = blake2b(found.digest, digest_size=DIGEST_BYTES)
    total.update(orjson.dumps(told, option=orjson.OPT_SORT_KEYS))
    return total.hexdigest()


def _items_of(value: bytes, taken: ShopProducts, feed: Feed, now: EpochMillis) -> list[CatalogItem]:
    try:
        return listed(feed.codec.decode(value), feed.catalog, feed.shop, taken.stock, now).items
    except Exception as exc:  # a bug of ours, or one record, must not cost the shop all its other products
        log.error("product could not be listed", error=type(exc).__name__)
        return []


def _known(value: bytes, codec: Codec, heads: Heads) -> Known:
    """Leave out when and how often the same was told."""
    try:
        head = heads.of(value)
        change: ProductChange = codec.decode(value)
    except TerminalError:  # nothing is listed of it
        return Known(value, blake2b(value, digest_size=DIGEST_BYTES).digest())
    told = f"{change['product_id']}\n{change['action']}\n{change['source']}\n".encode()
    digest = blake2b(told + value[head.body :], digest_size=DIGEST_BYTES).digest()
    product = change["product"]
    if product is None:
        return Known(value, digest)
    stocked = (variant["inventory_item_id"] for variant in product["variants"])
    return Known(value, digest, head.occurred_at, tuple(filter(None, stocked)), product["preorder_at"])


def _stock_of(taken: ShopProducts, item: str, product: Known) -> bytes:
    """Say how an item stands, and which of its levels are not older than its product: those may count for more."""
    levels = taken.levels.get(item, ())
    return orjson.dumps(
        sorted((location, told_at >= product.told_at, available) for location, told_at, available in levels)
    )
