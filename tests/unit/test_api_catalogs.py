"""The api's door for products and catalogs: what it takes, from whom, and how it names what is wrong."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from analytics.api import catalogs, products
from analytics.api.app import create_app
from analytics.api.asking import Asker
from analytics.api.tokens import tokens_in
from schemas.catalog import CatalogFile
from schemas.catalog_records import SyncRequest
from schemas.errors import TerminalError, TransientError
from schemas.records import Inventory, ProductChange, Shop
from schemas.settings import ApiSettings, ClickHouseSettings
from tests.builders import a_product_change, a_shop

ENVIRONMENT = {"READ": "read-token-0123456789", "ADMIN": "admin-token-0123456789"}
READER, ADMIN = ({"Authorization": f"Bearer {token}"} for token in ENVIRONMENT.values())
RING = "/v1/shops/demo/products/ring-1"
MAIN = "/v1/shops/demo/catalogs/main"
PRODUCT: dict[str, Any] = {"title": "Ring", "variants": [{"variant_id": "v1", "price": 9.5}]}


class FakeKafka:
    """Remembers what it was given; `down` makes it raise."""

    def __init__(self) -> None:
        catalog = CatalogFile(name="main", catalog_id="1", token_env="T")
        self.shops = {"demo": a_shop(catalogs=[catalog.to_record(primary=True)])}
        self.changes: list[ProductChange] = []
        self.requests: list[SyncRequest] = []
        self.down: Exception | None = None

    async def shop(self, shop_id: str) -> Shop | None:
        self._check()
        return self.shops.get(shop_id)

    async def change(self, change: ProductChange) -> None:
        self._check()
        self.changes.append(change)

    async def known(self, shop_id: str, product_id: str) -> tuple[ProductChange | None, list[Inventory]]:
        self._check()
        return (a_product_change(product_id=product_id) if product_id == "ring-1" else None), []

    async def request(self, request: SyncRequest) -> tuple[int, int]:
        self._check()
        self.requests.append(request)
        return 1, 17

    def _check(self) -> None:
        if self.down:
            raise self.down


@pytest.fixture
def kafka() -> FakeKafka:
    return FakeKafka()


@pytest.fixture
async def client(kafka: FakeKafka) -> AsyncIterator[httpx.AsyncClient]:
    nobody = ClickHouseSettings.model_construct(url=SecretStr("http://127.0.0.1:1/nothing"), cluster="")
    api, more = ApiSettings(), [*products.routes(kafka), *catalogs.routes(nobody, kafka)]
    app = create_app(Asker(nobody, api), tokens_in("*=READ,demo:admin=ADMIN", ENVIRONMENT), api, more)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as made:
        yield made


async def test_a_product_is_put_and_deleted_by_hand(client: httpx.AsyncClient, kafka: FakeKafka) -> None:
    put = await client.put(RING, headers=ADMIN, json=PRODUCT)
    deleted = await client.delete(RING, headers=ADMIN)

    upsert, deletion = kafka.changes
    assert (put.status_code, put.json()["variants"], deleted.status_code) == (202, 1, 202)
    assert (upsert["product_id"], upsert["source"], upsert["delivery_id"]) == (
        "ring-1",
        "hand",
        put.json()["delivery_id"],
    )
    assert upsert["product"] is not None
    assert upsert["product"]["currency"] == "EUR"
    assert (deletion["action"], deletion["product"]) == ("delete", None)


async def test_an_id_may_hold_a_slash(client: httpx.AsyncClient, kafka: FakeKafka) -> None:
    await client.put("/v1/shops/demo/products/rings%2Fone", headers=ADMIN, json=PRODUCT)

    assert kafka.changes[0]["product_id"] == "rings/one"


@pytest.mark.parametrize(
    ("body", "error", "fields"),
    [
        (b"{", "bad_json", ["body"]),
        (b"[1]", "wrong_type", ["body"]),
        (json.dumps(PRODUCT | {"product_id": "other"}).encode(), "bad_value", ["product_id"]),
        (b'{"title": "Ring"}', "bad_value", ["variants"]),
        (
            b'{"variants": [{"variant_id": "v0"}, {"variant_id": "v1", "price": -1}], "colour": 1}',
            "bad_value",
            ["title", "variants.1.price", "colour"],
        ),
        (json.dumps(PRODUCT | {"variants": PRODUCT["variants"] * 2}).encode(), "bad_value", ["variants"]),
    ],
)
async def test_what_is_wrong_with_a_product_is_named_field_by_field(
    client: httpx.AsyncClient, kafka: FakeKafka, body: bytes, error: str, fields: list[str]
) -> None:
    answer = await client.put(RING, headers=ADMIN, content=body)

    assert (answer.status_code, answer.json()["error"], answer.json()["fields"]) == (422, error, fields)
    assert kafka.changes == []


async def test_no_currency_anywhere_is_said(client: httpx.AsyncClient, kafka: FakeKafka) -> None:
    kafka.shops["demo"] = a_shop(currency=None)

    answer = await client.put(RING, headers=ADMIN, json=PRODUCT)

    assert (answer.status_code, answer.json()["fields"]) == (422, ["currency"])


async def test_what_does_not_fit_is_refused_as_too_large(client: httpx.AsyncClient, kafka: FakeKafka) -> None:
    sent = await client.put(RING, headers=ADMIN, content=b" " * 3_000_000)
    kafka.down = TerminalError("too_large", "product", "it does not fit")
    encoded = await client.put(RING, headers=ADMIN, json=PRODUCT)

    assert (sent.status_code, encoded.status_code, encoded.json()["fields"]) == (413, 413, ["product"])


async def test_what_is_known_of_a_product_is_shown(client: httpx.AsyncClient) -> None:
    shown, unknown = await client.get(RING, headers=READER), await client.get(RING + "0", headers=READER)

    assert (shown.status_code, shown.json()["product"]["title"], shown.json()["levels"]) == (200, "Bracelet", [])
    assert unknown.status_code == 404


async def test_a_sync_and_a_retry_are_requested_of_a_catalog_there_is(
    client: httpx.AsyncClient, kafka: FakeKafka
) -> None:
    answers = [
        await client.post(f"{MAIN}/sync", headers=ADMIN),
        await client.post(
            f"{MAIN}/sync",
            headers=ADMIN | {"Content-Type": "application/x-www-form-urlencoded"},  # as `curl -d` does
            content=b'{"kind": "reconcile"}',
        ),
        await client.post(f"{MAIN}/retry", headers=ADMIN, json={"items": ["a"]}),
        await client.post(f"{MAIN}/retry", headers=ADMIN),
    ]
    unknown = await client.post(f"{MAIN}s/sync", headers=ADMIN)
    wrong = await client.post(f"{MAIN}/sync", headers=ADMIN, json={"kind": "stop"})

    assert [each.status_code for each in answers] == [202] * 4
    assert [(each["kind"], each["item_ids"]) for each in kafka.requests] == [
        *(("full", []), ("reconcile", []), ("retry", ["a"]), ("retry", []))
    ]
    assert {each["trigger"] for each in kafka.requests} == {"api"}
    assert answers[0].json()["request_id"] == kafka.requests[0]["request_id"]
    assert (unknown.status_code, wrong.status_code, wrong.json()["fields"]) == (404, 422, ["kind"])


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", RING), ("DELETE", RING), ("POST", f"{MAIN}/sync"), ("POST", f"{MAIN}/retry")],
)
async def test_who_only_reads_changes_nothing(
    client: httpx.AsyncClient, kafka: FakeKafka, method: str, path: str
) -> None:
    answer = await client.request(method, path, headers=READER, json=PRODUCT)

    assert (answer.status_code, kafka.changes, kafka.requests) == (403, [], [])


async def test_without_kafka_or_clickhouse_one_is_told_to_come_again(
    client: httpx.AsyncClient, kafka: FakeKafka
) -> None:
    archived = await client.get("/v1/shops/demo/catalogs", headers=READER)
    kafka.down = TransientError("kafka: gone")
    put = await client.put(RING, headers=ADMIN, json=PRODUCT)

    assert (archived.status_code, put.status_code) == (503, 503)
    assert put.headers["Retry-After"]


async def test_openapi_describes_them(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]

    assert set(paths["/v1/shops/{shop}/products/{product_id}"]) == {"get", "put", "delete"}
    assert paths["/v1/shops/{shop}/products/{product_id}"]["put"]["requestBody"]["content"]
    assert paths["/v1/shops/{shop}/catalogs/{name}/sync"]["post"]["security"] == [{"HTTPBearer": []}]
