"""The rows of one product → the record `ProductChange`, and what is wrong with them.

Shopify's columns: https://help.shopify.com/en/manual/products/import-export/using-csv#product-csv-file-format
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from connectors.csv.cells import Cells, Prices
from connectors.csv.columns import Columns, Field
from connectors.csv.currencies import CODES
from connectors.csv.numbers import Decimal
from connectors.csv.problems import Code, Faults, Problem
from connectors.csv.rounding import Rounded
from connectors.csv.tables import Row
from schemas import product_values
from schemas.product_values import LONGEST_DESCRIPTION, MOST_VARIANTS
from schemas.records import EpochMillis, Product, ProductChange, Shop, Variant

VARIANT_FIELDS: Final[tuple[Field, ...]] = ("variant_id", "sku", "price")
"""A row without any of them, and without options, adds only pictures."""

_SHOWN: Final = frozenset({"publish", "enabled", "visible", "live"})


class Import(NamedTuple):
    """One import: into which shop, begun when (the version of all it tells), of which file.

    *rounded*: of which ids zeros at the end say that a spreadsheet has rounded them.
    """

    shop: Shop
    began_at: EpochMillis
    digest: str
    decimal: Decimal
    rounded: Rounded = frozenset()


class Outcome(NamedTuple):
    """What the rows of one product became. *change* is None where an error forbids it."""

    product_id: str
    first_row: int
    change: ProductChange | None
    problems: list[Problem]


def to_outcome(product_id: str, rows: Sequence[Row], columns: Columns, run: Import) -> Outcome:
    """Describe the product that *rows* tell; every fault is noted, not only the first."""
    faults = Faults(product_id)
    lines = [Cells(columns, row, faults, run.decimal, run.rounded) for row in rows]
    for row in rows:
        if row.is_longer:
            faults.note(row.number, "extra_cells", "")
    first = lines[0]
    if product_id == f"row {first.row.number}":
        faults.note(first.row.number, "missing_id", columns.header_of("product_id"))
    if columns.has("product_id"):
        first.identifier("product_id")
    parts = [line for line in lines if line.text("parent")]  # where they are named so, their product's row is none
    told = parts or [line for line in lines if _tells_variant(line, columns)] or lines[:1]
    if len(told) > MOST_VARIANTS:
        faults.note(first.row.number, "too_many_variants", columns.header_of("handle"), str(len(told)))
        return Outcome(product_id, first.row.number, None, faults.problems)
    prices = [line.prices() for line in told]
    product = _product(product_id, lines, columns, run, faults)
    product["currency"] = _currency(prices, first, run.shop["currency"], faults)
    names: dict[int, str] = {}
    for line in lines:
        names = columns.option_names(line.row) | names
    product["variants"] = [
        _variant(product_id, line, price, columns.options(line.row, names))
        for line, price in zip(told, prices, strict=True)
    ]
    _look_over(product, told, faults)
    change = None if faults.are_fatal else _change(product_id, product, first, run)
    return Outcome(product_id, first.row.number, change, faults.problems)


def _tells_variant(line: Cells, columns: Columns) -> bool:
    return any(map(line.text, VARIANT_FIELDS)) or bool(columns.options(line.row, {}))


def _product(product_id: str, lines: list[Cells], columns: Columns, run: Import, faults: Faults) -> Product:
    first = lines[0]
    title, handle, description = first.text("title"), first.text("handle"), first.text("description")
    if "<" in title and product_values.plain_title(title) != title:
        faults.note(first.row.number, "html_in_title", columns.header_of("title"), title)
    if len(description) > LONGEST_DESCRIPTION:
        faults.note(first.row.number, "long_description", columns.header_of("description"))
    pictures = [url for line in lines for url in (line.image("image"), *line.images("images")) if url]
    pictures = product_values.image_urls(pictures)
    domains, category = run.shop["domains"], first.text("category")
    categories = product_values.labels(category.split(","))
    page = f"https://{domains[0]}/products/{handle}" if handle and domains else None
    return Product(
        title=product_values.plain_title(title),
        description=product_values.kept_description(description),
        handle=handle or None,
        url=first.text("url") or page,
        status=_status(first),
        brand=product_values.plain_title(first.text("brand")),
        category=product_values.plain_title(category),
        tags=product_values.labels(first.text("tags").split(",")),
        image_url=next(iter(pictures), None),
        currency=None,
        variants=[],
        categories=categories,
        collections=product_values.labels(first.text("collections").split(",")),
        images=pictures,
        preorder_at=first.time("preorder_at"),
        metafields=product_values.metafields(columns.metafields(first.row).items()),
    )


def _status(first: Cells) -> str:
    told = first.text("status").lower()
    if not told:
        return "draft" if first.flag("published") is False else "active"
    is_shown = True if told in _SHOWN else first.flag("status")
    return told if is_shown is None else "active" if is_shown else "draft"


def _currency(prices: list[Prices], first: Cells, usual: str | None, faults: Faults) -> str | None:
    """Say in which currency a product's prices are; a cell that says another is noted, never taken for it."""
    named = [each for price in prices for each in price.named]
    told = next((code for each in named if len(each.currencies) == 1 for code in each.currencies), None)
    currency = first.text("currency").upper() or told or usual
    if currency is None:
        faults.note(first.row.number, "missing_currency", "currency")
    elif currency not in CODES:
        faults.note(first.row.number, "bad_currency", "currency", currency)
    else:
        for each in named:
            if currency not in each.currencies:
                faults.note(each.row, "other_currency", each.column, each.text)
    return currency


def _variant(product_id: str, line: Cells, prices: Prices, options: dict[str, str]) -> Variant:
    if list(options.values()) == ["Default Title"]:  # Shopify's way to say that there is nothing to choose
        options = {}
    sku, picture = line.identifier("sku"), line.picture()
    return Variant(
        variant_id=line.identifier("variant_id") or sku or "/".join((product_id, *options.values()))[:255],
        sku=sku,
        title=line.text("variant_title") or " / ".join(options.values()) or None,
        price=prices.price,
        compare_at_price=prices.before,
        barcode=line.identifier("barcode"),
        image_url=picture,
        inventory_item_id=line.identifier("inventory_item_id"),
        inventory_quantity=line.whole("inventory_quantity"),
        options=options,
        url=None,
        images=[picture] if picture else [],
        inventory_tracked=line.is_tracked(),
        available=line.flag("availability"),
        backorders=line.flag("inventory_policy"),
        metafields={},
    )


def _look_over(product: Product, told: list[Cells], faults: Faults) -> None:
    """Note what is missing, and variants that cannot be told apart."""
    row = told[0].row.number
    if product["title"] is None:
        faults.note(row, "missing_title", "title")
    if product["url"] is None:
        faults.note(row, "missing_link", "url")
    if product["image_url"] is None and not all(variant["image_url"] for variant in product["variants"]):
        faults.note(row, "missing_image", "image")
    seen: set[str] = set()
    for line, variant in zip(told, product["variants"], strict=True):
        if variant["price"] is None and not line.text("price"):
            faults.note(line.row.number, "missing_price", "price")
        if variant["variant_id"] in seen:
            by_sku = variant["variant_id"] == variant["sku"]
            code: Code = "duplicate_sku" if by_sku else "duplicate_variant"
            faults.note(line.row.number, code, "sku" if by_sku else "variant_id", variant["variant_id"])
        seen.add(variant["variant_id"])


def _change(product_id: str, product: Product, first: Cells, run: Import) -> ProductChange:
    identity = f"{run.digest}:{run.began_at}:{first.row.number}"
    return ProductChange(
        shop_id=run.shop["shop_id"],
        product_id=product_id[:255],
        action="upsert",
        source="csv",
        delivery_id=sha256(identity.encode()).hexdigest(),
        occurred_at=min(first.time("updated_at") or run.began_at, run.began_at),
        received_at=run.began_at,
        product=product,
        inventory=None,
    )
