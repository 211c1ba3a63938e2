"""`storestream catalogs preview|validate|clone` on real Kafka: what a catalog would be, before anything is sent."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from connectors.kafka import shops
from connectors.shopify.products import key_of
from deploy.cli import storestream
from schemas.codec import Codec
from schemas.records import Inventory, ProductChange
from schemas.settings import KafkaSettings, settings
from schemas.shop import parse_shop
from schemas.topics import PRODUCTS_CHANGED
from tests.builders import NOON, a_product_change
from tests.integration.kafka_topics import make_topics, own_kafka, produce
from tests.listed import a_bracelet

pytestmark = pytest.mark.integration

SHOP: dict[str, Any] = {
    "shop_id": "demo",
    "domains": ["demo.myshopify.com"],
    "write_keys": ["wk_demo"],
    "currency": "EUR",
    "catalogs": [
        {"name": "main", "catalog_id": "11", "token_env": "TOKEN_MAIN", "exclude": {"tags": ["hidden"]}},
        {"name": "skus", "catalog_id": "12", "token_env": "TOKEN_SKUS", "id_template": "{sku}"},
    ],
    "destinations": [{"name": "meta", "pixel_id": "1", "token_env": "TOKEN", "content_id_template": "{sku}"}],
}


@pytest.fixture(scope="module")
def topics(kafka_bootstrap: str) -> KafkaSettings:
    own = own_kafka(kafka_bootstrap)
    asyncio.run(filled(own))
    return own


@pytest.fixture(autouse=True)
def kafka(topics: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[KafkaSettings]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", topics.bootstrap_servers)
    monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", topics.prefix)
    settings.cache_clear()
    yield topics
    settings.cache_clear()


async def filled(kafka: KafkaSettings) -> None:
    """A ring in two sizes, one sold out by now; a chain without a picture, a hidden one, one deleted, an odd title."""
    level = Inventory(inventory_item_id="i2", location_id="1", available=0)
    ring = a_bracelet(
        {"variant_id": "r1", "sku": "R1", "price": 9.5},
        {"variant_id": "r2", "sku": "R1", "price": 9.5, "inventory_item_id": "i2"},
    )
    told: list[ProductChange] = [
        ring | {"product_id": "ring", "occurred_at": NOON + 1},
        a_bracelet({"variant_id": "r9", "price": 1.0}) | {"product_id": "ring", "occurred_at": NOON},
        a_bracelet({"variant_id": "c1", "image_url": None}, image_url=None) | {"product_id": "chain"},
        a_bracelet(tags=["Hidden"]) | {"product_id": "hidden"},
        a_product_change(product_id="gone", action="delete", product=None),
        a_bracelet({"variant_id": "o1", "sku": "R1"}, title="[/b] odd") | {"product_id": "odd"},
        a_product_change(product_id="", action="inventory", product=None, inventory=level, occurred_at=NOON + 1),
    ]
    await make_topics(kafka)
    await shops.publish(kafka, Codec.from_lock(), [parse_shop(SHOP).to_record(NOON)])
    records: list[tuple[bytes | None, bytes | None]] = [
        (key_of(change), Codec.from_lock().encode("ProductChange", change)) for change in told
    ]
    await produce(kafka.bootstrap_servers, kafka.prefix + PRODUCTS_CHANGED.name, records)


def called(*arguments: str | Path) -> Result:
    return CliRunner().invoke(storestream, ["catalogs", *map(str, arguments)])


def test_a_preview_shows_what_would_be_sent_and_what_would_not() -> None:
    shown = called("preview", "--shop", "demo", "--catalog", "main")

    assert shown.exit_code == 0, shown.output
    assert "4 products, 3 items, 1 skipped, 1 not wanted, 0 ids twice" in shown.output
    assert "out of stock" in shown.output
    assert "[/b] odd" in shown.output
    assert "add one, 500 x 500 pixels or more" in shown.output


def test_a_preview_for_machines_holds_every_field() -> None:
    told = json.loads(called("preview", "--shop", "demo", "--catalog", "skus", "--json").stdout)

    assert told["skipped"] == {"duplicate_id": 1, "missing_image": 1}
    assert told["duplicates"] == {"R1": ["ring", "odd"]} or told["duplicates"] == {"R1": ["odd", "ring"]}
    assert {item["data"]["id"]: item["data"]["price"] for item in told["first_items"]}["R1"] in (
        "9.50 EUR",
        "42.99 EUR",
    )
    assert told["first_skipped"][0]["suggestion"]


def test_a_product_is_shown_as_meta_would_see_it() -> None:
    shown = called("preview", "--shop", "demo", "--catalog", "main", "--product", "ring")
    unknown = called("preview", "--shop", "demo", "--catalog", "main", "--product", "other")

    assert "1 products, 2 items" in shown.output
    assert "?variant=r2" in shown.output
    assert (unknown.exit_code, "nobody told of product other" in unknown.output) == (1, True)


def test_validation_fails_where_something_cannot_be_listed() -> None:
    checked = called("validate", "--shop", "demo")

    assert checked.exit_code == 1
    assert "missing_image" in checked.output
    assert "id R1 is of products" in checked.output
    assert "events of destination meta name {sku}, items {variant_id}: Meta would match none" in checked.output


def test_a_file_is_validated_before_it_is_applied(tmp_path: Path) -> None:
    file = tmp_path / "shops.yaml"
    wanted = {"name": "rings", "catalog_id": "13", "token_env": "T", "include": {"price_to": 10}, "variants": "parent"}
    file.write_text(yaml.safe_dump({"shops": [SHOP | {"catalogs": [wanted], "destinations": []}]}))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(yaml.safe_dump({"shops": [SHOP | {"catalogs": [wanted | {"id_template": "{sku}"}]}]}))

    checked = called("validate", file)

    assert (checked.exit_code, "1 items, 0 skipped" in checked.output) == (0, True), checked.output
    assert called("validate", file, "--settings-only").exit_code == 0
    assert called("validate", wrong).exit_code == 1
    assert called("validate").exit_code == 2


def test_a_catalog_is_copied_with_what_is_its_own() -> None:
    to = ("--from", "main", "--to", "de", "--token-env", "TOKEN_DE")

    printed = called("clone", "--shop", "demo", *to, "--catalog-id", "14")
    taken = called("clone", "--shop", "demo", *to, "--catalog-id", "12")
    wrong = called("clone", "--shop", "demo", *to, "--catalog-id", "x")

    (written,) = yaml.safe_load(printed.stdout)
    assert written["exclude"]["tags"] == ["hidden"]
    assert (written["name"], written["catalog_id"], written["token_env"]) == ("de", "14", "TOKEN_DE")
    assert (taken.exit_code, "another catalog" in taken.output) == (1, True)
    assert (wrong.exit_code, "catalog_id" in wrong.output) == (1, True)


def test_a_copy_that_is_applied_is_configured() -> None:
    to = ("--from", "skus", "--to", "fr", "--catalog-id", "15", "--token-env", "TOKEN_FR")

    applied = called("clone", "--shop", "demo", *to, "--apply")

    assert applied.exit_code == 0, applied.output
    assert called("preview", "--shop", "demo", "--catalog", "fr").exit_code == 0
