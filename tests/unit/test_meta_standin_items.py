"""The items of the stand-in's catalogs one by one and in pages, and how well events match them."""

from itertools import chain
from typing import Any

import httpx
import pytest

from tests.unit.meta_catalog import CATALOG, PRODUCTS, a_clocked_standin, a_request, an_item, handle_of, items_of
from tests.unit.meta_standin import EVENTS, a_purchase, client_of, code_of, send

PIXEL = EVENTS.split("/")[2]


async def all_pages(meta: httpx.AsyncClient, **parameters: Any) -> list[list[str]]:
    """Follow the cursors; the retailers' ids of each page."""
    pages: list[list[str]] = []
    answer = (await meta.get(PRODUCTS, params={"fields": "retailer_id"} | parameters)).json()
    while True:
        pages.append([item["retailer_id"] for item in answer["data"]])
        following = answer.get("paging", {}).get("next")
        if following is None:
            return pages
        answer = (await meta.get(following)).json()


async def test_pages_hold_every_item_once_while_items_come_and_go() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, *(a_request(**an_item(f"sku-{number}")) for number in range(25)))
        clock.advance(1)
        pages = await all_pages(meta, limit=10)
        first = (await meta.get(PRODUCTS, params={"limit": 10, "fields": "retailer_id"})).json()
        await handle_of(meta, a_request("DELETE", id="sku-3"), a_request("DELETE", id="sku-9"))
        clock.advance(1)
        second = (await meta.get(first["paging"]["next"])).json()

    assert [len(page) for page in pages] == [10, 10, 5]
    assert sorted(chain(*pages)) == sorted(f"sku-{number}" for number in range(25))
    assert [item["retailer_id"] for item in second["data"]] == [f"sku-{number}" for number in range(10, 20)]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ('{"retailer_id":{"eq":"sku-3"}}', ["sku-3"]),
        ('{"retailer_id":{"is_any":["sku-3","sku-4","nowhere"]}}', ["sku-3", "sku-4"]),
    ],
)
async def test_items_are_found_by_the_ids_of_the_retailer(rule: str, found: list[str]) -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, *(a_request(**an_item(f"sku-{number}")) for number in range(9)))
        clock.advance(1)
        pages = await all_pages(meta, filter=rule)

    assert pages == [found]


@pytest.mark.parametrize("query", [{"filter": '{"name":{"eq":"x"}}'}, {"limit": "0"}, {"after": "x"}])
async def test_listing_that_is_not_understood_is_refused(query: dict[str, str]) -> None:
    async with client_of() as meta:
        answer = await meta.get(PRODUCTS, params=query)

    assert code_of(answer) == (400, 100, None)


async def test_item_is_shown_under_the_names_of_the_graph_api_with_what_was_refused() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, a_request())
        clock.advance(1)
        await handle_of(meta, a_request("UPDATE", id="sku-1", price="free"))
        clock.advance(1)
        params = {"fields": "name,image_url,price,errors", "summary": "true"}
        answer = (await meta.get(PRODUCTS, params=params)).json()

    (item,) = answer["data"]
    assert (item["name"], item["image_url"], item["price"]) == ("A jug", "https://shop.test/jug.jpg", "9.99 EUR")
    assert item["errors"][0]["title"] == "Invalid price"
    assert answer["summary"] == {"total_count": 1}


async def test_item_can_be_made_changed_and_deleted_by_itself() -> None:
    made = {
        "retailer_id": "sku-1",
        "name": "A jug",
        "price": 999,
        "currency": "EUR",
        "image_url": "https://shop.test/jug.jpg",
        "url": "https://shop.test/jug",
    }
    async with client_of() as meta:
        number = (await meta.post(PRODUCTS, json=made)).json()["id"]
        await meta.post(f"/v26.0/{number}", json={"availability": "out of stock"})
        items = await items_of(meta)
        await meta.delete(f"/v26.0/{number}")
        gone = await meta.get(f"/v26.0/{number}")

    assert (items["sku-1"]["price"], items["sku-1"]["availability"]) == ("9.99 EUR", "out of stock")
    assert code_of(gone) == (400, 100, 33)


async def test_match_of_events_counts_the_ids_of_connected_pixels() -> None:
    standin, clock = a_clocked_standin()

    def bought(order: str, **custom: Any) -> dict[str, Any]:
        return a_purchase(event_id=order, custom_data={"value": 1, "currency": "EUR"} | custom)

    async with client_of(standin) as meta:
        await handle_of(meta, a_request(**an_item(item_group_id="jugs")))
        clock.advance(1)
        unconnected = (await meta.get(f"/v26.0/{CATALOG}/event_stats")).json()["data"]
        await meta.post(f"/v26.0/{CATALOG}/external_event_sources", json={"external_event_sources": [PIXEL]})
        await send(
            meta,
            bought("1", content_ids=["sku-1", "nowhere"]),
            bought("2", contents=[{"id": "sku-1", "quantity": 1}]),
            bought("3", content_ids='["jugs"]', content_type="product_group"),
        )
        (row,) = (await meta.get(f"/v26.0/{CATALOG}/event_stats")).json()["data"]

    assert unconnected == []
    assert (row["event"], row["total_matched_content_ids"], row["total_unmatched_content_ids"]) == ("Purchase", 3, 1)
    assert row["unique_matched_content_ids"] == 2


async def test_diagnostics_name_what_to_fix() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, a_request(**an_item(brand="")))
        clock.advance(1)
        groups = (await meta.get(f"/v26.0/{CATALOG}/diagnostics")).json()["data"]

    assert [group["type"] for group in groups] == ["ATTRIBUTES_MISSING", "EVENT_SOURCE_ISSUES"]
