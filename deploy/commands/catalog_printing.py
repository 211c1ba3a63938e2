"""How `storestream catalogs preview|validate` print what a catalog would be."""

from typing import Any, Final

from rich.markup import escape

from connectors.meta.catalog.items import CatalogItem, Skipped
from connectors.meta.catalog.reasons import REASONS
from deploy.catalog_preview import Preview
from deploy.commands.output import console, print_table
from schemas.catalog_records import Catalog

LONGEST_CELL: Final = 60
_ITEM_COLUMNS: Final = ("item", "title", "price", "sale price", "availability", "warnings")
_SKIPPED_COLUMNS: Final = ("product", "variant", "field", "reason", "also", "what to do")


def print_counts(catalog: Catalog, found: Preview) -> None:
    """Print how many items there would be, and why the others are left out."""
    left_out = f"{found.reasons.total():,} skipped, {found.filtered.total():,} not wanted"
    console.print(
        f"catalog {catalog['name']} ({catalog['catalog_id']}): "
        f"{found.products:,} products, {found.listed:,} items, {left_out}, {len(found.duplicates):,} ids twice"
    )
    named = [("skipped", found.reasons), ("warning", found.warnings)]
    told = [(kind, name, count) for kind, counts in named for name, count in counts.most_common()]
    rows = [_count_row(kind, name, count) for kind, name, count in told]
    rows += [_filter_row(rule, count) for rule, count in found.filtered.most_common()]
    if rows:
        print_table(rows, ("", "reason", "count", "meaning", "what to do"))
    for item_id, owners in list(found.duplicates.items())[:20]:
        console.print(f"id {item_id} is of products {', '.join(owners)}: Meta ignores all of them", markup=False)


def _count_row(kind: str, name: str, count: int) -> dict[str, Any]:
    entry = REASONS[name]
    return {"": kind, "reason": name, "count": count, "meaning": entry.meaning, "what to do": entry.suggestion}


def _filter_row(rule: str, count: int) -> dict[str, Any]:
    return {"": "not wanted", "reason": rule, "count": count, "meaning": "by the catalog's settings"}


def print_skipped(skipped: list[Skipped]) -> None:
    """Print what cannot be listed, and what to do about it."""
    rows = [
        {
            "product": each.product_id,
            "variant": each.variant_id,
            "field": each.field,
            "reason": each.reason,
            "also": ", ".join(each.others),
            "what to do": each.suggestion,
        }
        for each in skipped
    ]
    if rows:
        console.print("\n[bold]skipped[/bold]")
        print_table(rows, _SKIPPED_COLUMNS)


def print_items(found: Preview) -> None:
    """Print the first items, a line each."""
    rows = [
        {
            "item": item.item_id,
            "title": _short(item.data["title"]),
            "price": item.data["price"],
            "sale price": item.data.get("sale_price"),
            "availability": item.data["availability"],
            "warnings": ", ".join(item.warnings),
        }
        for item in found.items
    ]
    if rows:
        console.print("\n[bold]items[/bold]" + (f" (the first {len(rows)})" if len(rows) < found.listed else ""))
        print_table(rows, _ITEM_COLUMNS)


def print_whole(item: CatalogItem) -> None:
    """Print every field of an item."""
    console.print(f"\n[bold]{escape(item.item_id)}[/bold]")
    for name, value in item.data.items():
        console.print(f"  {name:28}  {', '.join(value) if isinstance(value, list) else value}", markup=False)
    for warning in item.warnings:
        console.print(f"  ! {warning}: {REASONS[warning].meaning}; {REASONS[warning].suggestion}", markup=False)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
