"""`storestream products` on real Kafka: nothing is imported until confirmed, and what was put is shown."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from click.testing import CliRunner, Result
from starlette.applications import Starlette

from connectors.kafka import shops
from deploy.cli import storestream
from deploy.publishing import products_changed
from deploy.servers.storefronts.woocommerce import WooShop
from schemas.codec import Codec
from schemas.settings import KafkaSettings, settings
from tests.builders import NOON, a_shop
from tests.integration.kafka_topics import make_topics, own_kafka
from tests.listed import a_bracelet
from tests.storefronts import a_woo_access
from tests.woo_stage import a_product as a_woo_product

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def kafka(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaSettings]:
    own = own_kafka(kafka_bootstrap)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", own.bootstrap_servers)
    monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", own.prefix)
    settings.cache_clear()
    asyncio.run(configure(own))
    yield own
    settings.cache_clear()


async def configure(kafka: KafkaSettings) -> None:
    await make_topics(kafka)
    await shops.publish(kafka, Codec.from_lock(), [a_shop()])


def called(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(storestream, ["products", *map(str, arguments)], input=stdin)


def test_a_file_is_checked_first_and_imported_when_confirmed(tmp_path: Path) -> None:
    file, report = tmp_path / "products.csv", tmp_path / "report.csv"
    file.write_text("sku,title,price\ns1,Ring,9.50\ns2,Chain,-1\n")
    options = (file, "--shop", "demo", "--report", report, "--checkpoint", tmp_path / "checkpoint.json")

    looked = called("import", *options)
    before = called("show", "s1", "--shop", "demo")
    imported = called("import", *options, "--confirm")
    shown = json.loads(called("show", "s1", "--shop", "demo").stdout)

    assert "nothing imported" in looked.output
    assert before.exit_code == 1
    assert "imported 1 products, left out 1" in imported.output
    assert "negative_price" in report.read_text()
    assert (shown["source"], shown["product"]["variants"][0]["price"]) == ("csv", 9.5)
    assert called("show", "s2", "--shop", "demo").exit_code == 1


def test_a_product_by_hand_is_put_shown_and_deleted() -> None:
    product = {"product_id": "p1", "title": "Ring", "variants": [{"variant_id": "v1", "price": 9.5}]}

    put = called("put", "-", "--shop", "demo", stdin=json.dumps(product))
    shown = json.loads(called("show", "p1", "--shop", "demo").stdout)
    deleted, again = (called("delete", "p1", "--shop", "demo") for _ in range(2))
    gone = json.loads(called("show", "p1", "--shop", "demo").stdout)

    assert "put: p1 (1 variants)" in put.output
    assert (deleted.output.strip(), "it was not there" in again.output) == ("deleted: p1", True)
    assert called("delete", "", "--shop", "demo").exit_code == 2
    assert (shown["action"], shown["product"]["title"]) == ("upsert", "Ring")
    assert (gone["action"], gone["product"]) == ("delete", None)


def test_a_shop_nobody_configured_is_named() -> None:
    answer = called("delete", "p1", "--shop", "nobody")

    assert (answer.exit_code, "no shop nobody" in answer.output) == (1, True)


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serve *app* on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


async def told_before(*product_ids: str) -> None:
    """Have WooCommerce tell of products, long ago."""
    told = {"source": "woocommerce", "occurred_at": NOON, "received_at": NOON}
    async with products_changed() as publisher:
        await publisher.publish([a_bracelet() | told | {"product_id": each} for each in product_ids])  # type: ignore[misc]


def test_a_shops_products_are_pulled(kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    api = WooShop(products={number: a_woo_product(id=number) for number in range(1, 121)})
    monkeypatch.setenv("WOO_KEY", api.key)
    monkeypatch.setenv("WOO_SECRET", api.secret)
    asyncio.run(told_before("77", "999"))
    with serving(api.app()) as url:
        shop = a_shop(woocommerce=a_woo_access(url=url))
        asyncio.run(shops.publish(kafka, Codec.from_lock(), [shop]))
        answer = called("pull", "--shop", "demo", "--checkpoint", tmp_path / "c.json")
        again = called("pull", "--shop", "demo", "--checkpoint", tmp_path / "c.json")

    assert "pulled 120 products (all), left out 0" in answer.output
    assert "120 of 120 products" in answer.stderr
    assert "deleted 1 products that the shop system has no more" in answer.output
    assert json.loads(called("show", "999", "--shop", "demo").stdout)["action"] == "delete"
    assert "(changed ones)" in again.output
    assert "deleted" not in again.output
    assert json.loads(called("show", "120", "--shop", "demo").stdout)["source"] == "woocommerce"
