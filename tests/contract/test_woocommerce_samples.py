"""WooCommerce's own samples and a signature vector: each sample becomes what it says."""

import json
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from connectors.storefronts.signatures import is_signed
from connectors.woocommerce.bodies import Thing
from connectors.woocommerce.mapping import Told, to_product_change
from schemas.bodies import validated
from schemas.codec import Codec
from schemas.records import ProductChange
from tests.builders import NOON, a_shop

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared"))
SAMPLES = SHARED / "payloads/woocommerce"
VECTORS = SHARED / "vectors/hmac_sha256_base64_vectors.json"

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="no samples: set STORESTREAM_SHARED")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def change_of(name: str, *variations: str) -> ProductChange:
    things = [validated(Thing, sample(each)) for each in (name, *variations)]
    change = to_product_change(things[0], things[1:], Told(a_shop(), "d", NOON))
    Codec.from_lock().encode("ProductChange", change)
    return change


@pytest.mark.parametrize(("name", "price"), [("product_simple", 21.99), ("product_updated", 24.54)])
def test_a_simple_product_says_its_price(name: str, price: float) -> None:
    change = change_of(name)

    assert (change["product_id"], change["occurred_at"]) == ("794", 1_490_299_274_000)
    assert change["product"] is not None
    assert [variant["price"] for variant in change["product"]["variants"]] == [price]
    assert change["product"]["images"] == [image["src"] for image in sample(name)["images"]]


def test_a_variable_product_has_its_variations() -> None:
    product = change_of("product_variable", "variation")["product"]

    assert product is not None
    (variant,) = product["variants"]
    assert (variant["variant_id"], variant["price"], variant["options"]) == ("732", 9.0, {"Color": "Black"})


def test_the_signature_vector_holds() -> None:
    (vector,) = [each for each in json.loads(VECTORS.read_text()) if each["name"] == "woo_ascii"]
    body, secret = b64decode(vector["body_base64"]), vector["secret"].encode()

    assert is_signed(body, vector["signature_base64"], [secret])
    assert not is_signed(body + b"\n", vector["signature_base64"], [secret])
