"""What the merchant does while the shoppers shop: prices change and a product goes; and what came of it at Meta."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from deploy.demo.catalogue import Product, to_webhook
from deploy.demo.outcome import Ask
from deploy.demo.sections import AskQuestion
from deploy.demo.visits import Sending

CATALOG: Final = "main"
CATALOG_ID: Final = "8800000000000001"
"""As in shops.yaml."""
STAND_IN: Final = "Meta (stand-in)"
UNPICTURED_EVERY: Final = 50
REPRICED_EVERY: Final = 25
REFUSAL: Final = "Image too small: The image must have a resolution of at least 500 x 500 pixels"

# A catalog that nobody leads has nothing to wait for.
WAITING: Final = """
SELECT if((SELECT count() FROM sync_jobs WHERE shop_id = {shop:String}) = 0, 0,
    (SELECT count() FROM product_syncs_now WHERE shop_id = {shop:String} AND status = 'pending')
    + (SELECT uniqExact(product_id) FROM products_now WHERE shop_id = {shop:String} AND product_id NOT IN (
        SELECT product_id FROM product_syncs_now WHERE shop_id = {shop:String}))
    + (SELECT count() FROM product_syncs_now
       WHERE shop_id = {shop:String} AND product_id = {deleted:String} AND status NOT IN ('deleted', 'skipped'))
    + (SELECT countIf(last < fromUnixTimestamp64Milli({since:Int64})) FROM (
        SELECT max(changed_at) AS last FROM product_syncs
        WHERE shop_id = {shop:String} AND product_id IN {repriced:Array(String)} GROUP BY product_id)))
"""


@dataclass(frozen=True)
class Round:
    """One round through the shop at *at* (milliseconds): whose price changed, and who was taken out."""

    at: int
    repriced: tuple[str, ...]
    deleted: str

    def waiting(self, ask: Ask, shop: str) -> int:
        """Count what Meta has not said anything of yet."""
        ((count,),) = ask(WAITING, shop=shop, repriced=list(self.repriced), deleted=self.deleted, since=self.at)
        return int(count)


@dataclass(frozen=True)
class CatalogOutcome:
    """What became of the items, the latency of changes, and the share of products in events that Meta has."""

    items_accepted: int
    items_rejected: int
    items_skipped: int
    items_deleted: int
    items_waiting: int
    change_accepted_p50_seconds: float | None
    change_accepted_p95_seconds: float | None
    content_id_match_rate: float | None


def unpictured(number: int) -> bool:
    """Tell whether the merchant forgot the picture of product *number*: it cannot be listed."""
    return number % UNPICTURED_EVERY == 17


def a_round(catalogue: Sequence[Product]) -> tuple[list[Sending], Round]:
    """Change prices and take a product out, now."""
    now = int(time.time() * 1000)
    at = datetime.fromtimestamp(now / 1000, UTC)
    repriced = [each for number, each in enumerate(catalogue) if number % REPRICED_EVERY == 3]
    gone = catalogue[11]
    sendings = [
        Sending(now, f"product {each.product_id}", "products/update", to_webhook(each, at, price_factor=0.9))
        for each in repriced
    ]
    sendings.append(Sending(now, f"product {gone.product_id}", "products/delete", {"id": gone.product_id}))
    return sendings, Round(now, tuple(str(each.product_id) for each in repriced), str(gone.product_id))


async def refuse_pictures(addresses: Mapping[str, str], catalogue: Sequence[Product]) -> None:
    """Have the stand-in of Meta find two pictures too small; Meta itself is left alone."""
    if STAND_IN not in addresses:
        return
    items = [str(product.variants[0].variant_id) for product in catalogue[5:7]]
    script = {"catalog_id": CATALOG_ID, "reject_items": {"item_ids": items, "message": REFUSAL}}
    async with httpx.AsyncClient(base_url=addresses[STAND_IN], timeout=10) as client:
        (await client.post("/_behave", json=script)).raise_for_status()


def outcome_of(ask_question: AskQuestion, waiting: int) -> CatalogOutcome:
    """Ask how the catalog fared."""
    counts = {row["status"]: row["items"] for row in ask_question("items_by_status", catalog=CATALOG)}
    days = [row for row in ask_question("catalog_lag", catalog=CATALOG) if row["changes_timed"]]
    lag = max(days, key=lambda row: row["changes_timed"], default=None)
    named = ask_question("content_id_match", catalog=CATALOG)
    products = sum(row["products_named"] for row in named)
    return CatalogOutcome(
        items_accepted=counts.get("accepted", 0),
        items_rejected=counts.get("rejected", 0),
        items_skipped=counts.get("skipped", 0),
        items_deleted=counts.get("deleted", 0),
        items_waiting=waiting,
        change_accepted_p50_seconds=lag["p50_seconds"] if lag else None,
        change_accepted_p95_seconds=lag["p95_seconds"] if lag else None,
        content_id_match_rate=round(sum(row["matched"] for row in named) / products, 4) if products else None,
    )
