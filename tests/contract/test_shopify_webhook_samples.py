"""Shopify's own samples and signature vectors: every sample is accepted, taken or knowingly ignored."""

import json
import os
from base64 import b64decode
from pathlib import Path

import pytest

from connectors.shopify.signatures import is_signed
from tests.doors import FakeSink
from tests.shopify_stage import Stage
from tests.shopify_webhooks import delivered
from tests.unit.test_shopify_bulk import a_product

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared"))
SAMPLES = SHARED / "payloads/shopify_webhook"
VECTORS = SHARED / "vectors/hmac_sha256_base64_vectors.json"

TAKEN = {
    "official_products_create": ("products/create", "upsert"),
    "official_products_delete": ("products/delete", "delete"),
    "official_inventory_levels_update": ("inventory_levels/update", "inventory"),
    "official_inventory_levels_disconnect": ("inventory_levels/disconnect", "inventory"),
    "cli2020_inventory_levels_update_null_available": ("inventory_levels/update", "inventory"),
}

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="no samples: set STORESTREAM_SHARED")


@pytest.mark.parametrize("name", TAKEN)
async def test_a_sample_becomes_a_product_change(name: str) -> None:
    sink, (topic, action) = FakeSink(), TAKEN[name]
    body = (SAMPLES / f"{name}.json").read_bytes()

    answer = await delivered(sink, topic, body)

    assert answer.json()["accepted"] == 1
    (change,) = sink.products
    assert change["action"] == action
    sample = json.loads(body)
    if action == "inventory":
        assert change["inventory"] is not None
        assert change["inventory"]["available"] == sample.get("available", 0)
    else:
        assert change["product_id"] == str(sample["id"])
    if action == "upsert":
        assert change["product"] is not None
        assert [variant["variant_id"] for variant in change["product"]["variants"]] == [
            str(variant["id"]) for variant in sample["variants"]
        ]


async def test_every_other_sample_is_accepted_and_ignored() -> None:
    others = [path for path in SAMPLES.glob("*.json") if path.stem not in TAKEN]
    for path in others:
        topic = path.stem.removeprefix("official_")
        answer = await delivered(FakeSink(), topic, path.read_bytes())

        assert (answer.status_code, answer.json()["outcome"]) == (200, "ignored"), path.stem
    assert others


async def test_the_sample_of_an_inventory_item_fetches_its_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_test")
    sample = json.loads((SAMPLES / "official_inventory_items_update.json").read_bytes())
    deletion = json.loads((SAMPLES / "official_inventory_items_delete.json").read_bytes())
    stage = Stage(a_product(sample["id"] - 2))

    outcomes = [
        (await stage.told("inventory_items/update", sample)).json()["outcome"],
        (await stage.told("inventory_items/delete", deletion)).json()["outcome"],
    ]

    assert outcomes == ["accepted", "ignored"]
    assert list(stage.changes()) == [str(sample["id"] - 2)]


def test_the_signature_vectors_hold() -> None:
    for vector in json.loads(VECTORS.read_text()):
        body, secret = b64decode(vector["body_base64"]), vector["secret"].encode()

        assert is_signed(body, vector["signature_base64"], [b"old", secret]), vector["name"]
        assert not is_signed(body + b" ", vector["signature_base64"], [secret]), vector["name"]
        assert not is_signed(body, vector["signature_base64"], [b"old"]), vector["name"]
