"""A catalog as a feed, all the way: products on Kafka, the door, Meta fetching it, and `storestream catalogs feed`."""

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest
import uvicorn
from click.testing import CliRunner, Result
from starlette.applications import Starlette

from connectors.kafka import shops
from deploy.cli import storestream
from deploy.feeds.door import routes
from deploy.feeds.followed import Followed
from deploy.publishing import products_changed
from schemas.codec import Codec
from schemas.product import to_deletion
from schemas.records import ProductChange
from schemas.settings import KafkaSettings, settings
from tests.builders import NOON, a_shop
from tests.contract.meta_process import TOKEN, a_running_standin
from tests.feeds_served import FEED, VARIABLE, a_shop_with_a_feed
from tests.feeds_served import TOKEN as FEED_TOKEN
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.listed import a_bracelet

pytestmark = pytest.mark.integration
MAIN = ("--shop", "demo", "--catalog", "main")


@pytest.fixture
def kafka(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaSettings]:
    own = own_kafka(kafka_bootstrap)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", own.bootstrap_servers)
    monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", own.prefix)
    monkeypatch.setenv("META_TOKEN_DEMO", TOKEN)
    monkeypatch.setenv(VARIABLE, FEED_TOKEN)
    settings.cache_clear()
    yield own
    settings.cache_clear()


@pytest.fixture
def meta(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with a_running_standin() as address:
        monkeypatch.setenv("META_GRAPH_URL", address)
        settings.cache_clear()
        yield address


async def published(*changes: ProductChange) -> None:
    async with products_changed() as publisher:
        await publisher.publish(changes)


async def served() -> tuple[str, uvicorn.Server, asyncio.Task[None], Followed]:
    """Serve feeds on a free port."""
    followed = Followed()
    listening = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=routes(followed))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    return f"http://127.0.0.1:{listening.getsockname()[1]}", server, task, followed


def called(*arguments: str) -> Result:
    return CliRunner().invoke(storestream, ["catalogs", "feed", *arguments])


def items_at(meta: str) -> dict[str, str]:
    """Read what Meta has: price by item."""
    listed = httpx.get(f"{meta}/_catalogs/1234/items").json()["items"]
    return {item["item_id"]: item["fields"]["price"] for item in listed}


async def test_meta_has_what_the_shop_tells(kafka: KafkaSettings, meta: str) -> None:
    await make_topics(kafka)
    await shops.publish(kafka, Codec.from_lock(), [a_shop_with_a_feed()])
    ring = a_bracelet({"variant_id": "r1", "price": 8.0}) | {"product_id": "ring"}
    await published(a_bracelet({"variant_id": "b1", "price": 5.0}), ring)
    address, server, task, followed = await served()
    try:
        made = await asyncio.to_thread(called, "register", *MAIN, "--address", address)
        before = items_at(meta)
        cheaper = a_bracelet({"variant_id": "b1", "price": 4.0}) | {"occurred_at": NOON + 1}
        await published(cheaper, to_deletion(a_shop(), "ring", "d", NOON + 1))
        await _told(address, "4.00 EUR")
        again = await asyncio.to_thread(called, "fetch", *MAIN, "--address", address)
        status = await asyncio.to_thread(called, "status", *MAIN)
    finally:
        server.should_exit = True
        await task
        await followed.close()

    assert (made.exit_code, again.exit_code, status.exit_code) == (0, 0, 0), made.output + again.output + status.output
    assert before == {"b1": "5.00 EUR", "r1": "8.00 EUR"}
    assert items_at(meta) == {"b1": "4.00 EUR"}
    assert "nothing was wrong the last time" in status.output
    assert FEED_TOKEN not in made.output + again.output + status.output


async def _told(address: str, text: str) -> None:
    """Wait until the feed says *text*."""
    async with httpx.AsyncClient(auth=("meta", FEED_TOKEN)) as client, asyncio.timeout(20):
        while True:
            if text in (await client.get(address + FEED)).text:
                return
            await asyncio.sleep(0.05)


def test_commands_say_what_is_missing(kafka: KafkaSettings, meta: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(make_topics(kafka))
    asyncio.run(shops.publish(kafka, Codec.from_lock(), [a_shop_with_a_feed()]))
    unregistered = called("status", *MAIN)
    monkeypatch.setenv(VARIABLE, "short")
    short = called("register", *MAIN)

    assert (unregistered.exit_code, short.exit_code) == (1, 1)
    assert "storestream catalogs feed register" in unregistered.output
    assert VARIABLE in short.output
