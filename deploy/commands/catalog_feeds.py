"""`storestream catalogs feed register|fetch|status`: the feed of a catalog at Meta, and what Meta found in it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import click
from rich.markup import escape

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.failures import Failure
from connectors.meta.feed import registration
from connectors.meta.feed.registration import Place, feed_name, feed_path
from connectors.meta.feed.results import FeedResults, feed_results
from deploy.commands.catalog_runs import catalog_named
from deploy.commands.output import console, print_table
from deploy.commands.shop_named import find_shop
from deploy.feeds.access import SHORTEST_TOKEN, feed_token
from schemas.catalog_records import Catalog
from schemas.settings import ApiSettings, MetaSettings, settings

WAIT_SECONDS: Final = 120.0
_POLL_SECONDS: Final = 0.5
_SESSION_COLUMNS: Final = ("started_at", "ended_at", "method", "detected", "persisted", "invalid", "deleted")
T = TypeVar("T")

_ADDRESS: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


def _whole_address(context: click.Context, option: click.Parameter, address: str | None) -> str | None:
    """Keep what is no address from becoming the feed's at Meta."""
    if address is not None and not _ADDRESS.fullmatch(address):
        raise click.BadParameter("write it whole, as https://feeds.shop.example")
    return address


_shop = click.option("--shop", "shop_id", required=True, help="The shop.")
_catalog = click.option("--catalog", "name", help="The catalog; needed where the shop has several.")
_address = click.option(
    "--address",
    callback=_whole_address,
    help="Where Meta reaches the api, as https://feeds.shop.example; else where it listens.",
)


@click.group()
def feed() -> None:
    """Have Meta fetch a catalog as a file, and read what it found in it."""


@feed.command()
@_shop
@_catalog
@_address
def register(shop_id: str, name: str | None, address: str | None) -> None:
    """Have Meta fetch the feed every so many hours, beginning now; made at Meta if it is not there."""
    catalog = _catalog_of(shop_id, name)
    place = _place(shop_id, catalog, address)

    async def registered(client: CatalogClient) -> FeedResults:
        feed = _done(await registration.register(client, catalog, shop_id, place))
        made = "made" if feed.is_new else "brought up to date"
        console.print(f"{made}: {feed_name(shop_id, catalog)} ({feed.feed_id}), every {catalog['feed_hours']} h")
        return await _fetched(client, catalog, shop_id, feed.feed_id, place)

    _show(_asked(registered))


@feed.command()
@_shop
@_catalog
@_address
def fetch(shop_id: str, name: str | None, address: str | None) -> None:
    """Have Meta fetch the feed now, and wait for what it finds."""
    catalog = _catalog_of(shop_id, name)
    place = _place(shop_id, catalog, address)

    async def fetched(client: CatalogClient) -> FeedResults:
        known = _done(await registration.find(client, catalog, shop_id))
        if known is None:
            raise _unregistered(shop_id, catalog)
        return await _fetched(client, catalog, shop_id, str(known["id"]), place)

    _show(_asked(fetched))


@feed.command()
@_shop
@_catalog
def status(shop_id: str, name: str | None) -> None:
    """List the last times Meta read the feed, and what was wrong the last time, with what to do about it."""
    catalog = _catalog_of(shop_id, name)

    async def read(client: CatalogClient) -> FeedResults:
        results = _done(await feed_results(client, catalog, shop_id))
        if results is None:
            raise _unregistered(shop_id, catalog)
        return results

    _show(_asked(read))


def _catalog_of(shop_id: str, name: str | None) -> Catalog:
    shop = asyncio.run(find_shop(shop_id))
    wanted = catalog_named(shop, name)
    return next(catalog for catalog in shop["catalogs"] if catalog["name"] == wanted)


def _place(shop_id: str, catalog: Catalog, address: str | None) -> Place:
    token = feed_token(catalog)
    if token is None:
        variable = catalog["feed_token_env"]
        wanted = f"set {variable} to {SHORTEST_TOKEN} characters or more" if variable else "set its feed_token_env"
        raise click.ClickException(f"{catalog['name']} has no token for its feed: {wanted}")
    api = settings(ApiSettings)
    return Place((address or f"http://{api.host}:{api.port}").rstrip("/") + feed_path(shop_id, catalog), token)


async def _fetched(client: CatalogClient, catalog: Catalog, shop_id: str, feed_id: str, place: Place) -> FeedResults:
    """Have the feed fetched and wait for the end of that session."""
    session_id = _done(await registration.fetch(client, catalog, feed_id, place))
    console.print(f"Meta fetches {place.address}")
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                results = _done(await feed_results(client, catalog, shop_id))
                if results is not None and results.ended is not None and results.ended.session_id == session_id:
                    return results
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise click.ClickException("Meta has not finished; see `storestream catalogs feed status`") from None


def _asked(ask: Callable[[CatalogClient], Awaitable[T]]) -> T:
    async def run() -> T:
        async with CatalogClient(settings(MetaSettings)) as client:
            return await ask(client)

    return asyncio.run(run())


def _done(answer: T | Failure) -> T:
    if isinstance(answer, Failure):
        named = f"error {answer.code}" if answer.code else answer.detail or "no answer"
        raise click.ClickException(f"Meta did not do it: {named} ({answer.kind})")
    return answer


def _unregistered(shop_id: str, catalog: Catalog) -> click.ClickException:
    return click.ClickException(f"Meta has no feed {feed_name(shop_id, catalog)}: `storestream catalogs feed register`")


def _show(results: FeedResults) -> None:
    rows: list[dict[str, Any]] = [session._asdict() for session in results.sessions[:10]]
    print_table(rows, _SESSION_COLUMNS)
    for error in sorted(results.errors, key=lambda each: (not each.rejects, -each.total)):
        kind = "rejected" if error.rejects else "warning"
        console.print(f"[bold]{kind}[/bold] {error.total} x {escape(error.message)}")
        named = ", ".join(item_id for _, item_id in error.samples if item_id)
        others = "" if error.total <= len(error.samples) else ", and others"
        console.print(f"  items   {escape(named) or 'none named'}{others}")
        console.print(f"  fix     {error.suggestion} ({error.reason})")
    if results.ended is not None and not results.errors:
        console.print("nothing was wrong the last time")
