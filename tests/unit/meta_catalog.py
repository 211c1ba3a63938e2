"""Builders for the tests of the stand-in's catalogs: an item Meta would take, a batch, and a clock to wait by."""

from typing import Any

import httpx

from deploy.servers.meta.standin import StandIn
from tests.unit.meta_standin import NOW, a_standin

CATALOG = "5550001"
ITEMS_BATCH = f"/v26.0/{CATALOG}/items_batch"
STATUS = f"/v26.0/{CATALOG}/check_batch_request_status"
PRODUCTS = f"/v26.0/{CATALOG}/products"


class Clock:
    """A clock that only goes when told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def a_clocked_standin(**changes: Any) -> tuple[StandIn, Clock]:
    """Build a stand-in and the clock it goes by."""
    clock = Clock()
    return a_standin(clock=clock, **changes), clock


def an_item(item_id: str = "sku-1", **changes: Any) -> dict[str, Any]:
    """Build the fields of an item that Meta would take."""
    fields = {
        "id": item_id,
        "title": "A jug",
        "description": "Of clay",
        "availability": "in stock",
        "condition": "new",
        "price": "9.99 EUR",
        "link": "https://shop.test/jug",
        "image_link": "https://shop.test/jug.jpg",
        "brand": "Clayworks",
    }
    return fields | changes


def a_request(method: str = "CREATE", **fields: Any) -> dict[str, Any]:
    """Build one record of a batch."""
    return {"method": method, "data": fields or an_item()}


async def send_batch(meta: httpx.AsyncClient, *requests: dict[str, Any], **parameters: Any) -> httpx.Response:
    """Send a batch as JSON."""
    return await meta.post(ITEMS_BATCH, json={"item_type": "PRODUCT_ITEM", "requests": list(requests)} | parameters)


async def status_of(meta: httpx.AsyncClient, handle: str, **parameters: Any) -> dict[str, Any]:
    """Ask how far a batch is."""
    answer = await meta.get(STATUS, params={"handle": handle} | parameters)
    assert answer.status_code == 200, answer.text
    (shown,) = answer.json()["data"]
    status: dict[str, Any] = shown
    return status


async def handle_of(meta: httpx.AsyncClient, *requests: dict[str, Any], **parameters: Any) -> str:
    """Send a batch that is taken."""
    answer = await send_batch(meta, *requests, **parameters)
    assert answer.status_code == 200, answer.text
    (handle,) = answer.json()["handles"]
    return str(handle)


async def items_of(meta: httpx.AsyncClient, catalog_id: str = CATALOG) -> dict[str, dict[str, Any]]:
    """List what is in a catalog: fields by retailer's id."""
    answer = (await meta.get(f"/_catalogs/{catalog_id}/items", params={"limit": 10_000})).json()
    return {item["item_id"]: item["fields"] for item in answer["items"]}
