"""The GIF: events of pages that run no JavaScript."""

from typing import Any

import pytest

from connectors.ingest.images import PIXEL
from schemas.records import Event
from tests.doors import FakeSink, a_door, calling

CLIENT = "ece6cea2-0914-4dcd-8345-8d64ce97b76b"


async def seen(**parameters: str) -> Event:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        answer = await client.get("/v1/pixel/wk_demo.gif", params={"cid": CLIENT} | parameters)
    assert answer.status_code == 200, answer.text
    (event,) = sink.events
    return event


async def test_the_image_is_one_transparent_pixel_that_no_cache_keeps() -> None:
    async with calling(a_door(FakeSink())) as client:
        answer = await client.get("/v1/pixel/wk_demo.gif", params={"name": "page_viewed", "cid": CLIENT})

    assert answer.content == PIXEL
    assert PIXEL[:6] == b"GIF89a"
    assert PIXEL[6:10] == b"\x01\x00\x01\x00"
    assert answer.headers["content-type"] == "image/gif"
    assert "no-store" in answer.headers["cache-control"]


async def test_asking_for_the_headers_alone_tells_of_no_event() -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        answer = await client.head("/v1/pixel/wk_demo.gif", params={"name": "page_viewed", "cid": CLIENT})

    assert (answer.status_code, answer.headers["content-type"], sink.events) == (200, "image/gif", [])


async def test_the_page_and_the_person_are_read() -> None:
    event = await seen(
        name="page_viewed",
        id="e-1",
        ts="1792995200000",
        url="https://shop.example/?utm_source=mail",
        ref="https://search.example/",
        title="Home",
        cust="gid://shopify/Customer/77",
        fbp="fb.1.1700000000000.1234567890",
    )

    assert (event["event_id"], event["source"], event["name"]) == ("e-1", "gif", "page_viewed")
    assert 1_792_995_200_000 in (event["occurred_at"], event["reported_at"])
    assert (event["utm"], event["referrer"]) == ({"source": "mail"}, "https://search.example/")
    assert (event["customer_id"], event["fbp"]) == ("77", "fb.1.1700000000000.1234567890")


async def test_a_product_is_read() -> None:
    event = await seen(name="product_viewed", pid="7", vid="43", sku="B", ptitle="Bracelet", price="42.99", cur="eur")

    (item,) = event["items"]
    assert (item["product_id"], item["variant_id"], item["title"], item["price"]) == ("7", "43", "Bracelet", 42.99)
    assert (event["value"], event["currency"]) == (42.99, "EUR")


async def test_a_cart_a_search_and_a_checkout_are_read() -> None:
    added = await seen(name="product_added_to_cart", vid="43", qty="3", price="2.5", cur="EUR")
    searched = await seen(name="search_submitted", q="bracelet")
    viewed = await seen(name="cart_viewed", cart="c1-abc", value="7.5", cur="EUR")
    bought = await seen(name="checkout_completed", token="t1", oid="539", value="90.88", cur="EUR", vid="43", qty="2")

    assert (added["items"][0]["quantity"], added["value"]) == (3, 7.5)
    assert searched["search_query"] == "bracelet"
    assert (viewed["cart_token"], viewed["value"]) == ("c1-abc", 7.5)
    assert (bought["checkout_token"], bought["order_id"], bought["value"]) == ("t1", "539", 90.88)
    assert bought["items"][0]["quantity"] == 2


async def test_other_parameters_are_the_data_of_a_custom_event() -> None:
    event = await seen(name="mail_opened", campaign="june")

    assert (event["kind"], event["properties"]) == ("custom", '{"campaign":"june"}')


async def test_an_id_is_derived_so_that_a_repeated_request_is_the_same_event() -> None:
    first = await seen(name="mail_opened", ts="1792995200000")
    second = await seen(name="mail_opened", ts="1792995200000")
    other = await seen(name="mail_opened", ts="1792995200001")

    assert first["event_id"] == second["event_id"] != other["event_id"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "name"),
        ("cid=abc", "name"),
        ("name=page_viewed", "cid"),
        ("name=page_viewed&cid=null", "cid"),
        ("name=page_viewed&cid=a&ts=soon", "ts"),
        ("name=product_viewed&cid=a&price=cheap", "price"),
        ("name=product_viewed&cid=a&price=nan", "price"),
        ("name=product_added_to_cart&cid=a&qty=inf", "qty"),
        ("name=product_added_to_cart&cid=a&qty=1e300", "qty"),
        ("name=page_viewed&cid=%ff%fe", "query"),
        ("&".join(f"p{number}=1" for number in range(200)), "query"),
    ],
)
async def test_a_wrong_parameter_is_named_and_the_query_kept(query: str, field: str) -> None:
    sink = FakeSink()
    async with calling(a_door(sink)) as client:
        answer = await client.get(f"/v1/pixel/wk_demo.gif?{query}")

    assert answer.status_code in (400, 413)
    assert [each["field"] for each in answer.json()["rejected"]] == [field]
    assert [each["payload"] for each in sink.rejected] == [query.encode()]


async def test_an_unknown_key_and_a_missing_kafka_are_told() -> None:
    sink = FakeSink()
    sink.down = "no broker"
    parameters: dict[str, Any] = {"name": "page_viewed", "cid": CLIENT}
    async with calling(a_door(sink)) as client:
        unknown = await client.get("/v1/pixel/wk_other.gif", params=parameters)
        unavailable = await client.get("/v1/pixel/wk_demo.gif", params=parameters)

    assert (unknown.status_code, unavailable.status_code) == (404, 503)
