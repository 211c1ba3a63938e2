"""`storestream catalogs preview|validate|clone`: what a catalog at Meta would be; nothing is sent to Meta."""

import asyncio
import json
import time
from collections.abc import Iterable
from pathlib import Path

import click
import yaml

from connectors.kafka import registry, shops
from deploy.catalog_checks import advice, cloned
from deploy.catalog_preview import Preview, listings, preview, read_products
from deploy.commands.catalog_printing import print_counts, print_items, print_skipped, print_whole
from deploy.commands.catalog_runs import catalog_named
from deploy.commands.output import console
from deploy.commands.shop_named import all_shops, find_shop
from deploy.commands.shops import read_shops
from schemas.catalog import CatalogFile
from schemas.catalog_records import Catalog
from schemas.errors import TerminalError
from schemas.records import Shop
from schemas.settings import KafkaSettings, RegistrySettings, settings
from streams.cataloguing.products import Products

_shop = click.option("--shop", "shop_id", required=True, help="The shop.")


@click.command(name="preview")
@_shop
@click.option("--catalog", "name", help="The catalog; needed where the shop has several.")
@click.option("--limit", type=click.IntRange(0, 100_000), default=10, show_default=True, help="Items to show.")
@click.option("--product", "product_id", help="Only this product, every field of its items.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every field of the items shown.")
def preview_(shop_id: str, name: str | None, limit: int, product_id: str | None, as_json: bool) -> None:
    """Show what a catalog would be: how many items, how they look to Meta, what is left out and why."""
    shop, products = asyncio.run(_read(shop_id))
    catalog = next(each for each in shop["catalogs"] if each["name"] == catalog_named(shop, name))
    if product_id is not None and products.in_force.value_of(shop_id, product_id) is None:
        raise click.ClickException(f"nobody told of product {product_id} of {shop_id}")
    found = _preview(products, shop, catalog, [product_id] if product_id is not None else None, limit)
    if as_json:
        click.echo(json.dumps({"shop": shop_id, "catalog": catalog["name"]} | found.to_json(), ensure_ascii=False))
        return
    print_counts(catalog, found)
    print_skipped(found.skipped)
    if product_id is None:
        print_items(found)
        return
    for item in found.items:
        print_whole(item)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--shop", "shop_id", help="The shop as it is configured now, instead of a file.")
@click.option("--settings-only", is_flag=True, help="Look at the settings, not at the products.")
def validate(file: Path | None, shop_id: str | None, settings_only: bool) -> None:
    """Check the catalogs of the shops in FILE, as `shops apply` takes it, or of a shop, with every product in force.

    Exits with 1 when settings are wrong, something is skipped, or two products have one id.
    """
    if (file is None) == (shop_id is None):
        raise click.UsageError("name either a FILE or a --shop")
    checked = _of_file(file) if file is not None else [asyncio.run(find_shop(shop_id or ""))]
    products = None if settings_only else asyncio.run(read_products())
    others = [*checked, *([] if settings_only else asyncio.run(all_shops()))]
    known = {shop["shop_id"]: shop for shop in reversed(others)}
    wrong = [not _validated(shop, each, products, known.values()) for shop in checked for each in shop["catalogs"]]
    if not wrong:
        console.print("no catalogs")
    raise SystemExit(any(wrong))


@click.command()
@_shop
@click.option("--from", "source", required=True, help="The catalog to copy.")
@click.option("--to", "name", required=True, help="The new catalog's name.")
@click.option("--catalog-id", required=True, help="Meta's number of the new catalog.")
@click.option("--token-env", required=True, help="Name of the environment variable that holds its token.")
@click.option("--apply", "is_applied", is_flag=True, help="Configure the shop with it now; else only print it.")
def clone(shop_id: str, source: str, name: str, is_applied: bool, **access: str) -> None:
    """Make a catalog like another of the shop; prints what belongs into the shop's file."""
    shop = asyncio.run(find_shop(shop_id))
    catalog_named(shop, source)
    try:
        changed, file = cloned(shop, source, {"name": name} | access, int(time.time() * 1000))
    except TerminalError as exc:
        raise click.ClickException(str(exc)) from None
    click.echo(_as_yaml(file), nl=False)
    if is_applied:
        asyncio.run(_publish(changed))
        console.print(f"configured: {shop_id}, catalog {name}; add the lines above to the shop's file")


COMMANDS = (preview_, validate, clone)


async def _read(shop_id: str) -> tuple[Shop, Products]:
    return await find_shop(shop_id), await read_products()


async def _publish(shop: Shop) -> None:
    kafka = settings(KafkaSettings)
    await shops.publish(kafka, await registry.codec(settings(RegistrySettings), kafka), [shop])


def _preview(products: Products, shop: Shop, catalog: Catalog, ids: list[str] | None, most: int) -> Preview:
    chosen = products.in_force.ids(shop["shop_id"]) if ids is None else ids
    return preview(listings(products, shop, catalog, chosen, int(time.time() * 1000)), most)


def _of_file(file: Path) -> list[Shop]:
    try:
        return [shop.to_record(int(time.time() * 1000)) for shop in read_shops(file)]
    except TerminalError as exc:
        raise click.ClickException(f"{file.name}: {exc.detail}") from None


def _validated(shop: Shop, catalog: Catalog, products: Products | None, others: Iterable[Shop]) -> bool:
    """Print what is wrong with a catalog and tell whether nothing is."""
    console.print(f"[bold]{shop['shop_id']} {catalog['name']}[/bold]")
    for line in advice(shop, catalog, others):
        console.print(f"  {line}", markup=False)
    if products is None:
        console.print("  settings are in order")
        return True
    found = _preview(products, shop, catalog, None, 0)
    print_counts(catalog, found)
    return found.is_clean


def _as_yaml(catalog: CatalogFile) -> str:
    written = catalog.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump([written], sort_keys=False, allow_unicode=True)
