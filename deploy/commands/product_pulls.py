"""`storestream products pull`: a shop's products from its shop system, and what it has no more."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import click

from connectors.storefronts.calls import http_client
from deploy import pulling
from deploy.absences import Absences, System
from deploy.checkpoints import Checkpoint
from deploy.commands.output import errors, say
from deploy.commands.shop_named import find_shop
from deploy.publishing import products_changed
from deploy.sources import SYSTEMS, source_of
from deploy.standing_products import following

PULLS = Path(".storestream/pulls")
SHOWN_REFUSALS = 20


@click.command()
@click.option("--shop", "shop_id", required=True, help="The shop.")
@click.option("--system", type=click.Choice(SYSTEMS), help="The shop system; needed if the shop has several.")
@click.option("--full", is_flag=True, help="Everything, not only what changed since the last complete pull.")
@click.option(
    "--delete-up-to",
    "most_percent",
    type=click.IntRange(0, 100),
    default=20,
    show_default=True,
    help="Percent of the known products that a pull of everything may delete, where the shop system has them no more.",
)
@click.option("--checkpoint", type=click.Path(dir_okay=False, path_type=Path), help="Where to note how far it came.")
def pull(shop_id: str, system: str | None, full: bool, most_percent: int, checkpoint: Path | None) -> None:
    """Fetch a shop's products from its shop system; interrupted, it goes on where it stopped."""
    done = asyncio.run(_pull(shop_id, system, full, most_percent, place=checkpoint))
    for product_id, reason, field in done.refused[:SHOWN_REFUSALS]:
        say(f"left out: {product_id} ({reason} {field})")
    kind = "all" if done.since is None else "changed ones"
    resumed = ", resumed" if done.was_resumed else ""
    stock = f", {done.levels} stock levels" if done.levels else ""
    say(f"pulled {done.published} products ({kind}{resumed}){stock}, left out {len(done.refused)}")
    if done.gone is not None and done.gone.deleted:
        say(f"deleted {done.gone.deleted} products that the shop system has no more")
    if done.gone is not None and done.gone.kept and most_percent:
        raise click.ClickException(
            f"{done.gone.kept} or more of {done.gone.known} known products are missing in the shop system, over"
            f" {most_percent} %: none is deleted; if that is right, pull with --full --delete-up-to 100"
        )


async def _pull(
    shop_id: str, system: str | None, full: bool, most_percent: int, *, place: Path | None
) -> pulling.Pulled:
    shop = await find_shop(shop_id)
    async with AsyncExitStack() as stack:
        source = source_of(shop, system, await stack.enter_async_context(http_client()))
        publisher = await stack.enter_async_context(products_changed())
        checkpoint = Checkpoint(place or PULLS / f"{shop_id}-{source.name}.json")
        if full and (checkpoint.read() or {}).get("since") is not None:
            checkpoint.clear()
        absences = None
        if (checkpoint.read() or {}).get("since") is None:
            followed = await stack.enter_async_context(following(shop_id, source.name))
            absences = Absences(System(shop, source.name, source.existing), followed, publisher.publish, most_percent)
        return await pulling.run(source.batches, publisher.publish, checkpoint, _tell, absences=absences)


def _tell(done: int, total: int) -> None:
    errors.print(f"{done} of {total} products" if total else f"{done} products")
