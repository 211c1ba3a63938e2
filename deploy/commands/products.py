"""`storestream products pull|import|put|delete|show`: products from the shop, a CSV file or by hand; what is known."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import yaml

from connectors.csv.columns import Mapping, parse_mapping
from connectors.csv.mapping import Outcome
from connectors.csv.problems import ADVICE, write_report
from deploy import importing
from deploy.catalog_reading import Shown, read_product
from deploy.checkpoints import Checkpoint
from deploy.commands.output import errors, print_table, say
from deploy.commands.product_pulls import pull
from deploy.commands.shop_named import find_shop
from deploy.publishing import products_changed
from deploy.reaching import reached
from schemas.errors import TerminalError
from schemas.product import LONGEST_ID, parse_product, to_deletion
from schemas.records import ProductChange, Shop
from schemas.settings import KafkaSettings, settings

CHECKPOINTS = Path(".storestream/imports")

_shop = click.option("--shop", "shop_id", required=True, help="The shop.")
_path = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Bring products in from a CSV file or by hand, and show what is known of one."""


command.add_command(pull)


@command.command(name="import")
@click.argument("file", type=_path)
@_shop
@click.option("--mapping", "mapping_file", type=_path, help="YAML: what each column is, where its name does not say.")
@click.option(
    "--preview", "rows", type=click.IntRange(0, 1_000), default=5, show_default=True, help="Products to show."
)
@click.option(
    "--report", type=click.File("w", encoding="utf-8-sig", lazy=True), help="Write what is wrong to this CSV file."
)
@click.option("--checkpoint", type=click.Path(dir_okay=False, path_type=Path), help="Where to note how far it came.")
@click.option("--confirm", is_flag=True, help="Import. Without it, nothing is.")
def import_(file: Path, shop_id: str, mapping_file: Path | None, rows: int, **options: Any) -> None:
    """Check the products in FILE (CSV) and show the first; with --confirm import those without errors."""
    opened = importing.open_file(file, _mapping(mapping_file), asyncio.run(find_shop(shop_id)))
    checked = importing.check(opened, most=rows)
    _show_checked(opened, checked)
    if not checked.products:
        raise click.ClickException("nothing to import: there is no product below the header")
    if (report := options["report"]) is not None:
        write_report(checked.problems, report)
    if not options["confirm"]:
        say("nothing imported: look it over, then run it again with --confirm")
        return
    checkpoint = options["checkpoint"] or CHECKPOINTS / f"{shop_id}-{opened.digest[:16]}.json"
    done = asyncio.run(_import(opened, Checkpoint(checkpoint), checked.products))
    resumed = f" (resumed after {done.resumed_at})" if done.resumed_at else ""
    say(f"imported {done.published} products, left out {done.left_out + done.too_large}{resumed}")


@command.command()
@click.argument("file", type=click.File("rb"))
@_shop
def put(file: Any, shop_id: str) -> None:
    """Write the product in FILE (YAML or JSON; - is stdin) over what is known of it."""
    try:
        product = parse_product(yaml.safe_load(file))
    except yaml.YAMLError as exc:
        raise click.ClickException(f"no YAML ({type(exc).__name__})") from None
    _publish_one(shop_id, lambda shop, now: product.to_change(shop, str(uuid4()), now))
    say(f"put: {product.product_id} ({len(product.variants)} variants)")


@command.command()
@click.argument("product_id")
@_shop
def delete(product_id: str, shop_id: str) -> None:
    """Say that a product is gone; an older change does not bring it back."""
    if not 0 < len(product_id) <= LONGEST_ID:
        raise click.BadParameter(f"1 to {LONGEST_ID} characters", param_hint="PRODUCT_ID")
    known = _shown(shop_id, product_id).change
    _publish_one(shop_id, lambda shop, now: to_deletion(shop, product_id, str(uuid4()), now))
    was_there = known is not None and known["action"] != "delete"
    say(f"deleted: {product_id}" + ("" if was_there else "; it was not there: nothing changes by it"))


@command.command()
@click.argument("product_id")
@_shop
def show(product_id: str, shop_id: str) -> None:
    """Show what is known of a product, and its stock by location, as JSON."""
    shown = _shown(shop_id, product_id)
    if shown.change is None:
        raise click.ClickException(f"nobody told of product {product_id} of {shop_id}")
    json.dump(shown.change | {"levels": shown.levels}, sys.stdout, indent=1, ensure_ascii=False)
    click.echo()


def _shown(shop_id: str, product_id: str) -> Shown:
    async def read() -> Shown:
        await reached(settings(KafkaSettings))
        return await read_product(shop_id, product_id)

    return asyncio.run(read())


def _mapping(file: Path | None) -> Mapping:
    try:
        return parse_mapping(yaml.safe_load(file.read_bytes()) if file else None)
    except yaml.YAMLError as exc:
        raise TerminalError("bad_value", "mapping", f"no YAML ({type(exc).__name__})") from None


def _show_checked(file: importing.File, checked: importing.Checked) -> None:
    found = ", ".join(f"{field} <- {column}" for field, column in file.columns.found.items())
    say(f"columns: {found}")
    print_table([_summary(outcome) for outcome in checked.first], ("row", "product", "title", "variants", "price"))
    counted = checked.counts()
    for code, number in counted.most_common():
        severity, advice = ADVICE[code]
        say(f"{severity}: {code} ({number}): {advice}")
    say(f"{checked.products} products, {checked.importable} without errors")


def _summary(outcome: Outcome) -> dict[str, Any]:
    product = outcome.change["product"] if outcome.change else None
    variants = product["variants"] if product else []
    prices = [f"{each['price']} {product['currency']}" for each in variants if product and each["price"] is not None]
    price = next(iter(prices), "none" if product else "left out")
    title = product["title"] if product else "; ".join(sorted({problem.code for problem in outcome.problems}))
    return {
        "row": outcome.first_row,
        "product": outcome.product_id,
        "title": title,
        "variants": len(variants),
        "price": price,
    }


async def _import(file: importing.File, checkpoint: Checkpoint, products: int) -> importing.Imported:
    async with products_changed() as publisher:
        return await importing.run(
            file, publisher.publish, checkpoint, lambda done: errors.print(f"{done} of {products} products")
        )


def _publish_one(shop_id: str, made: Callable[[Shop, int], ProductChange]) -> None:
    async def publish() -> None:
        change = made(await find_shop(shop_id), time.time_ns() // 1_000_000)
        async with products_changed() as publisher:
            if await publisher.publish([change]):
                raise TerminalError("too_large", "product", "it does not fit into a Kafka record")

    asyncio.run(publish())
