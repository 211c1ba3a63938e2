"""BigCommerce's own samples and a signature made by the library its documentation names."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.bigcommerce.bodies import Callback, ProductBody
from connectors.bigcommerce.mapping import Asked, Names, to_product_change
from connectors.bigcommerce.webhooks import BigCommerce
from schemas.bodies import validated
from schemas.codec import Codec
from tests.builders import NOON, a_shop
from tests.storefronts import a_bigcommerce_access

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared"))
SAMPLES = SHARED / "payloads/bigcommerce"
VECTOR = SHARED / "vectors/bigcommerce_standard_webhooks_vector.json"

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="no samples: set STORESTREAM_SHARED")


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def a_system(now: float) -> BigCommerce:
    def unconnected(access: Any) -> Any:
        raise AssertionError("nothing is fetched here")

    return BigCommerce(unconnected, lambda: now)


def test_the_signature_vector_holds() -> None:
    vector = json.loads(VECTOR.read_text())
    body, secret = vector["body"].encode(), vector["client_secret"].encode()
    signed_at = int(vector["headers"]["webhook-timestamp"])

    assert a_system(signed_at).is_authentic(vector["headers"], body, [b"old", secret])
    assert not a_system(signed_at).is_authentic(vector["headers"], body + b" ", [secret])
    assert not a_system(signed_at + 301).is_authentic(vector["headers"], body, [secret])


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("store_*.json")), ids=lambda path: path.stem)
def test_every_callback_is_read(path: Path) -> None:
    callback = validated(Callback, json.loads(path.read_text()))

    assert callback.scope.startswith("store/")


def test_the_sample_product_with_the_sample_variants_is_described() -> None:
    body = sample("catalog_product_get")["data"] | {"variants": sample("catalog_variants_get")["data"]}
    names = Names({"36": "Le Parfait"}, {"23": "Kitchen", "21": "Jars"})

    change = to_product_change(validated(ProductBody, body), names, Asked(a_shop(), a_bigcommerce_access(), "d", NOON))

    Codec.from_lock().encode("ProductChange", change)
    assert change["product"] is not None
    assert (change["product"]["title"], change["product"]["brand"]) == ("1L Le Parfait Jar", "Le Parfait")
    variants = change["product"]["variants"]
    assert [(each["sku"], each["price"], each["compare_at_price"]) for each in variants] == [
        ("SMIT", 8.0, 10.0),
        ("SMIT-1", 20.0, 25.0),
        ("SMIT-2", 20.0, 25.0),
    ]
    assert change["product"]["preorder_at"] is None
