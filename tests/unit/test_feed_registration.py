"""A catalog's feed at Meta: registered once, fetched, and what was found in it read back with what to do about it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.failures import Failure
from connectors.meta.feed.registration import Place, Registered, fetch, find, register
from connectors.meta.feed.results import FeedResults, feed_results
from connectors.meta.feed.writing import pieces
from deploy.commands.catalog_feeds import feed
from deploy.servers.meta.app import create_app
from deploy.servers.meta.standin import StandIn
from schemas.catalog_records import Catalog
from schemas.settings import MetaSettings
from tests.builders import a_shop
from tests.files_served import Files, served_files
from tests.listed import a_bracelet, a_catalog, listing_of
from tests.unit.meta_standin import TOKEN, a_standin, client_of

SECRET = "the-token-of-the-feed"


@pytest.fixture
def files() -> Iterator[Files]:
    with served_files() as served:
        yield served


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_TOKEN_DEMO", TOKEN)


@asynccontextmanager
async def a_client(standin: StandIn) -> AsyncIterator[CatalogClient]:
    settings = MetaSettings(META_GRAPH_URL="http://meta.test")
    async with CatalogClient(settings, transport=httpx.ASGITransport(create_app(standin))) as client:
        yield client


def a_feed(files: Files, *bracelets: dict[str, Any]) -> Place:
    """Serve a feed of variants of the bracelet."""
    items = listing_of(a_bracelet(*bracelets)).items
    files.answers["/feed.xml"] = (200, b"".join(pieces("xml", items, a_catalog(), a_shop())))
    return Place(f"{files.address}/feed.xml", SECRET)


async def registered(client: CatalogClient, place: Place, catalog: Catalog | None = None) -> Registered:
    feed = await register(client, catalog or a_catalog(), "demo", place)
    assert isinstance(feed, Registered)
    return feed


async def results_of(client: CatalogClient) -> FeedResults:
    """Read what was found once it was."""
    for _ in range(500):
        results = await feed_results(client, a_catalog(), "demo")
        assert isinstance(results, FeedResults)
        if results.ended is not None:
            return results
        await asyncio.sleep(0.01)
    raise AssertionError("the session has not ended")


async def test_a_feed_is_made_once_and_brought_up_to_date_after_that(files: Files) -> None:
    standin, place = a_standin(), a_feed(files, {})
    async with a_client(standin) as client:
        first = await registered(client, place)
        again = await registered(client, place, a_catalog(feed_hours=6))
        feeds = await find(client, a_catalog(), "demo")

    assert (first.is_new, again.is_new, again.feed_id) == (True, False, first.feed_id)
    assert isinstance(feeds, dict)
    assert (feeds["schedule"]["interval"], feeds["schedule"]["interval_count"]) == ("HOURLY", 6)


async def test_the_token_is_the_password_and_nowhere_in_an_address(files: Files) -> None:
    standin, place = a_standin(), a_feed(files, {})
    async with a_client(standin) as client:
        feed = await registered(client, place)
        known = await find(client, a_catalog(), "demo")
        await fetch(client, a_catalog(), feed.feed_id, place)
        await results_of(client)

    assert SECRET not in str(known)
    assert files.asked[0][0] == "/feed.xml"
    assert files.asked[0][1] is not None


async def test_what_meta_fetched_is_what_we_list(files: Files) -> None:
    standin = a_standin()
    async with a_client(standin) as client:
        place = a_feed(files, {"variant_id": "1"}, {"variant_id": "2"})
        feed = await registered(client, place)
        await fetch(client, a_catalog(), feed.feed_id, place)
        results = await results_of(client)
    async with client_of(standin) as meta:
        items = (await meta.get("/_catalogs/1234/items")).json()["items"]

    assert results.ended is not None
    assert (results.ended.detected, results.ended.persisted, results.errors) == (2, 2, [])
    assert [item["item_id"] for item in items] == ["1", "2"]


async def test_errors_come_back_by_item_with_what_to_do(files: Files) -> None:
    standin = a_standin()
    async with a_client(standin) as client, client_of(standin) as meta:
        reject = {"item_ids": ["2"], "message": "Image could not be fetched: The image link did not answer"}
        await meta.post("/_behave", json={"reject_items": reject})
        place = a_feed(files, {"variant_id": "1"}, {"variant_id": "2"})
        feed = await registered(client, place)
        await fetch(client, a_catalog(), feed.feed_id, place)
        results = await results_of(client)

    (problem,) = results.problems()
    assert (problem.item_id, problem.reason, problem.rejects) == ("2", "not_fetched", True)
    assert problem.suggestion == "let facebookexternalhit read it"
    assert results.names_all
    assert results.ended is not None
    assert (results.ended.persisted, results.ended.invalid) == (1, 1)


async def test_it_says_when_not_every_item_is_named(files: Files) -> None:
    standin = a_standin()
    async with a_client(standin) as client, client_of(standin) as meta:
        await meta.post("/_behave", json={"reject_items": {"item_rate": 1.0}})
        place = a_feed(files, *({"variant_id": str(number)} for number in range(9)))
        feed = await registered(client, place)
        await fetch(client, a_catalog(), feed.feed_id, place)
        results = await results_of(client)

    assert not results.names_all
    assert [error.total for error in results.errors] == [9]


async def test_without_a_feed_there_is_nothing_to_read() -> None:
    async with a_client(a_standin()) as client:
        assert await feed_results(client, a_catalog(), "demo") is None


async def test_what_meta_refuses_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_TOKEN_DEMO", "another-token")
    async with a_client(a_standin()) as client:
        answers = [
            await register(client, a_catalog(), "demo", Place("http://127.0.0.1:1/f.xml", SECRET)),
            await feed_results(client, a_catalog(), "demo"),
        ]

    assert [isinstance(answer, Failure) and answer.kind for answer in answers] == ["token", "token"]


@pytest.mark.parametrize(
    "address", ["nonsense", "feeds.shop.example", "ftp://feeds.shop.example", "https://", "https://x y"]
)
def test_what_is_no_address_never_becomes_the_feeds_at_meta(address: str) -> None:
    answer = CliRunner().invoke(feed, ["register", "--shop", "demo", "--address", address])

    assert (answer.exit_code, "write it whole" in answer.output) == (2, True)
