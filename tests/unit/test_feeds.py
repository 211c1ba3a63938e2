"""The door to feeds: who may come in, what is there, and when it need not be sent again."""

import csv
import gzip
from io import StringIO
from typing import Any

import feedparser
import httpx
import pytest
from pydantic import SecretStr

from analytics.api.guard import GUARDED
from deploy.feeds.door import PATH
from deploy.processes.api import build
from schemas.product import to_deletion
from schemas.records import Inventory
from schemas.settings import ApiSettings, ClickHouseSettings
from tests.builders import NOON, a_shop
from tests.feeds_served import FEED, TOKEN, VARIABLE, a_shop_with_a_feed, client_of, followed_products
from tests.listed import a_bracelet, an_item_of_the_bracelet


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)


def parsed(answer: httpx.Response) -> list[dict[str, Any]]:
    read = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert not read.bozo, read.get("bozo_exception")
    return list(read.entries)


async def test_an_independent_reader_finds_the_item_in_the_xml() -> None:
    async with client_of(followed_products([a_bracelet(title='Ring & "Band" <2>')])) as client:
        answer = await client.get(FEED)
    (entry,) = parsed(answer)

    expected = an_item_of_the_bracelet(title='Ring & "Band" <2>').data
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    for name in ("id", "title", "price", "availability", "link", "image_link", "brand", "condition"):
        assert entry[f"g_{name}"] == expected[name]


async def test_a_reader_of_tables_finds_the_item_in_the_csv() -> None:
    async with client_of(followed_products([a_bracelet(title='Ring, "Band"')])) as client:
        answer = await client.get(FEED.replace("xml", "csv"))
    (row,) = csv.DictReader(StringIO(answer.text, newline=""))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (row["id"], row["title"], row["price"]) == ("43751530397931", 'Ring, "Band"', "42.99 EUR")


WAYS_IN: dict[str, dict[str, Any]] = {
    "password": {"auth": ("whoever", TOKEN)},
    "address": {"auth": None, "params": {"token": TOKEN}},
    "bearer": {"auth": None, "headers": {"Authorization": f"Bearer {TOKEN}"}},
}
WAYS_OUT: dict[str, dict[str, Any]] = {
    "nothing": {"auth": None},
    "another token": {"auth": ("meta", TOKEN + "x")},
    "no base64": {"auth": None, "headers": {"Authorization": "Basic é".encode()}},
    "token as the name": {"auth": (TOKEN, "")},
    "wrong header beside the right address": {"headers": {}, "auth": ("", "x"), "params": {"token": TOKEN}},
}


@pytest.mark.parametrize("way", WAYS_IN.values(), ids=WAYS_IN)
async def test_the_token_opens_the_door(way: dict[str, Any]) -> None:
    async with client_of(followed_products([a_bracelet()])) as client:
        answer = await client.get(FEED, **way)

    assert answer.status_code == 200


async def test_of_a_shop_without_any_product_there_is_no_file_that_would_empty_the_catalog() -> None:
    async with client_of(followed_products([])) as client:
        answers = [await client.get(FEED) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503] * 3


@pytest.mark.parametrize("way", WAYS_OUT.values(), ids=WAYS_OUT)
async def test_nothing_else_opens_the_door(way: dict[str, Any]) -> None:
    async with client_of(followed_products([])) as client:
        answer = await client.get(FEED, **way)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("value", ["", "short"])
async def test_a_token_that_is_missing_or_short_opens_nothing(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, value)
    async with client_of(followed_products([])) as client:
        answer = await client.get(FEED, auth=("meta", value))

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/feeds/other/main.xml", "/feeds/demo/other.xml", "/feeds/demo/main.json", "/feeds/demo/main", "/feeds/demo"],
)
async def test_what_is_not_there_is_404(path: str) -> None:
    async with client_of(followed_products([])) as client:
        answer = await client.get(path)

    assert answer.status_code == 404


async def test_a_catalog_without_a_token_has_no_feed() -> None:
    followed = followed_products([])
    followed.directory.put(a_shop(catalogs=[a_shop_with_a_feed()["catalogs"][0] | {"feed_token_env": None}]))
    async with client_of(followed) as client:
        answer = await client.get(FEED)

    assert answer.status_code == 404


async def test_while_kafka_is_read_the_feed_is_unavailable_and_the_door_shut_to_strangers() -> None:
    followed = followed_products([])
    followed.is_there = False
    async with client_of(followed) as client:
        stranger, meta = await client.get(FEED, auth=("meta", "wrong")), await client.get(FEED)

    assert (stranger.status_code, meta.status_code) == (401, 503)
    assert int(meta.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("offered", "packed"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("identity", False)]
)
async def test_it_is_compressed_for_who_takes_it(offered: str, packed: bool) -> None:
    headers = {"Accept-Encoding": offered}
    async with (
        client_of(followed_products([a_bracelet()])) as client,
        client.stream("GET", FEED, headers=headers) as answer,
    ):
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert (answer.headers.get("content-encoding") == "gzip") == packed
    assert (gzip.decompress(raw) if packed else raw).startswith(b"<?xml")
    assert answer.headers["vary"] == "Accept-Encoding, Authorization"


@pytest.fixture
def changes() -> dict[str, Any]:
    """What may happen to a shop, by name."""
    level = Inventory(inventory_item_id="4711", location_id="1", available=0)
    stock = a_bracelet() | {"action": "inventory", "product": None, "product_id": "", "inventory": level}
    stock["occurred_at"] = NOON + 1
    deleted = to_deletion(a_shop(), "7992983748843", "d1", NOON + 1)
    repeated = a_bracelet() | {"received_at": NOON + 9, "occurred_at": NOON + 8, "delivery_id": "again"}
    return {
        "price": a_bracelet({"price": 1.0}) | {"occurred_at": NOON + 1},
        "stock": stock,
        "deletion": deleted,
        "nothing": repeated,
    }


@pytest.mark.parametrize(("change", "status"), [("price", 200), ("stock", 200), ("deletion", 200), ("nothing", 304)])
async def test_it_is_sent_again_when_it_changed_and_only_then(
    change: str, status: int, changes: dict[str, Any]
) -> None:
    followed = followed_products([a_bracelet()])
    async with client_of(followed) as client:
        first = await client.get(FEED)
        known = {"If-None-Match": first.headers["etag"]}
        unchanged = await client.get(FEED, headers=known)
        followed.tell(changes[change])
        later = await client.get(FEED, headers=known)

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    assert later.status_code == status
    assert (later.status_code == 304) or later.content != first.content


async def test_settings_of_the_catalog_change_the_tag_too() -> None:
    followed = followed_products([a_bracelet()])
    async with client_of(followed) as client:
        first = await client.get(FEED)
        followed.directory.put(a_shop_with_a_feed(id_template="{sku}"))
        later = await client.get(FEED, headers={"If-None-Match": first.headers["etag"]})

    assert later.status_code == 200
    assert [entry["g_id"] for entry in parsed(later)] == ["BR-BLUE"]


async def test_a_preorder_that_has_come_changes_the_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    date = NOON + 3_600_000
    async with client_of(followed_products([a_bracelet(preorder_at=date)])) as client:
        monkeypatch.setattr("deploy.feeds.door.now_ms", lambda: date - 1)
        ahead = await client.get(FEED)
        monkeypatch.setattr("deploy.feeds.door.now_ms", lambda: date)
        come = await client.get(FEED, headers={"If-None-Match": ahead.headers["etag"]})

    assert [entry["g_availability"] for entry in parsed(ahead)] == ["available for order"]
    assert [entry["g_availability"] for entry in parsed(come)] == ["in stock"]


async def test_head_says_the_same_without_a_body() -> None:
    async with client_of(followed_products([a_bracelet()])) as client:
        head, got = await client.head(FEED), await client.get(FEED)

    assert (head.status_code, head.content) == (200, b"")
    assert "content-length" not in head.headers
    assert head.headers["etag"] == got.headers["etag"]


async def test_of_two_products_with_one_sku_the_first_is_in_the_feed() -> None:
    products = [a_bracelet(title=name) | {"product_id": name} for name in ("b", "a")]
    async with client_of(followed_products(products, id_template="{sku}")) as client:
        answer = await client.get(FEED)

    assert [entry["g_title"] for entry in parsed(answer)] == ["a"]


async def test_what_cannot_be_listed_is_left_out_and_the_rest_is_there() -> None:
    products = [a_bracelet() | {"product_id": "1"}, a_bracelet(title=None) | {"product_id": "2"}]
    async with client_of(followed_products(products)) as client:
        answer = await client.get(FEED)

    assert [entry["g_item_group_id"] for entry in parsed(answer)] == ["1"]


async def test_places_are_free_again_after_every_kind_of_answer() -> None:
    async with client_of(followed_products([a_bracelet()])) as client:
        tag = (await client.get(FEED)).headers["etag"]
        for _ in range(3):
            answers = [await client.head(FEED), await client.get(FEED, headers={"If-None-Match": tag})]
            answers.append(await client.get(FEED))

    assert [answer.status_code for answer in answers] == [200, 304, 200]


def test_the_api_has_the_door_beside_what_its_tokens_guard() -> None:
    nobody = ClickHouseSettings.model_construct(url=SecretStr("http://127.0.0.1:1/nothing"), cluster="")
    paths = [getattr(route, "path", None) for route in build(ApiSettings(), nobody).routes]

    assert PATH in paths
    assert not PATH.startswith(GUARDED)
