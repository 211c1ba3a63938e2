"""Products by hand over HTTP: the same checks as `storestream products put|delete|show`.

PUT    /v1/shops/{shop}/products/{id}    writes the product over what is known of it; 202 once Kafka has it
DELETE /v1/shops/{shop}/products/{id}    says that it is gone
GET    /v1/shops/{shop}/products/{id}    what is in force, with the stock of its variants by location

The first two want a token that may change things. A PUT is answered before ClickHouse and Meta know of it.
"""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, Protocol
from uuid import uuid4

import orjson
from fastapi import APIRouter, Request, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from analytics.api.places import Places
from connectors.ingest.bodies import SlowBody, read_body
from schemas.errors import TerminalError
from schemas.product import ProductFile, parse_product, to_deletion
from schemas.records import Inventory, ProductChange, Shop
from schemas.topics import MAX_RECORD_BYTES

PATH: Final = "/v1/shops/{shop}/products/{product_id:path}"
WAIT_SECONDS: Final = 5.0
_HEADERS: Final = {"Cache-Control": "private, no-store"}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "No such shop, or nobody told of the product."},
    413: {"description": "It does not fit into a Kafka record."},
    422: {"description": "Fields are missing or wrong: `fields` names them, `detail` what is wrong with each."},
    503: {"description": "Kafka does not answer; come again."},
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The product as `storestream products put` takes it (docs/catalog.md); the id may be left out.",
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["title", "variants"]},
                "example": {
                    "title": "Ring",
                    "url": "https://shop.example/ring",
                    "image_url": "https://shop.example/ring.jpg",
                    "variants": [{"variant_id": "ring-1-s", "sku": "R-S", "price": 9.5, "inventory_quantity": 3}],
                },
            }
        },
    }
}


class Products(Protocol):
    """Kafka, as far as products go; each raises `TransientError` while it does not answer."""

    async def shop(self, shop_id: str) -> Shop | None:
        """Find a shop's settings."""

    async def change(self, change: ProductChange) -> None:
        """Publish; returns once Kafka has it. Raises `TerminalError` when it is too large for a record."""

    async def known(self, shop_id: str, product_id: str) -> tuple[ProductChange | None, list[Inventory]]:
        """Read what is in force of a product, and the stock levels of its variants."""


def routes(products: Products) -> list[BaseRoute]:
    """Make the routes; what they read and write goes through *products*."""
    router = APIRouter(dependencies=[Security(HTTPBearer(auto_error=False))])
    reading = Places(1, WAIT_SECONDS)  # each reads the whole topic

    async def put(shop: str, product_id: str, request: Request) -> Response:
        """Write the product over what is known of it."""
        try:
            body = await read_body(request, max_bytes=MAX_RECORD_BYTES)
        except SlowBody:
            return JSONResponse({"error": "too_slow"}, 408, _HEADERS)
        product = await run_in_threadpool(_parsed, body, product_id)
        variants = {"variants": len(product.variants)}
        return await _changed(products, shop, lambda of, now: product.to_change(of, str(uuid4()), now), variants)

    async def delete(shop: str, product_id: str) -> Response:
        """Say that a product is gone; an older change does not bring it back."""
        return await _changed(products, shop, lambda of, now: to_deletion(of, product_id, str(uuid4()), now), {})

    async def show(shop: str, product_id: str) -> Response:
        """Tell what is in force of a product, and its stock by location."""
        async with reading.one():
            change, levels = await products.known(shop, product_id)
        if change is None:
            return _unknown(f"nobody told of product {product_id}")
        return JSONResponse(change | {"levels": levels}, 200, _HEADERS)

    same: dict[str, Any] = {"response_model": None, "responses": _ERRORS}
    router.put(PATH, status_code=202, summary="Write a product", openapi_extra=_BODY, **same)(_told(put))
    router.delete(PATH, status_code=202, summary="Delete a product", **same)(_told(delete))
    router.get(PATH, summary="What is known of a product?", **same)(show)
    return list(router.routes)


def _told(endpoint: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """Name the fields at fault, each with what is wrong with it; never a value."""

    @wraps(endpoint)
    async def answered(**given: Any) -> Response:
        try:
            return await endpoint(**given)
        except TerminalError as exc:
            told = {"error": exc.reason, "fields": exc.field.split(", "), "detail": exc.detail}
            return JSONResponse(told, 413 if exc.reason == "too_large" else 422, _HEADERS)

    return answered


def _parsed(body: bytes, product_id: str) -> ProductFile:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise TerminalError("bad_json", "body", "no JSON") from None
    if not isinstance(content, dict):
        raise TerminalError("wrong_type", "body", "an object")
    if content.setdefault("product_id", product_id) != product_id:
        raise TerminalError("bad_value", "product_id", "not that of the address")
    return parse_product(content)


async def _changed(
    products: Products, shop_id: str, made: Callable[[Shop, int], ProductChange], more: dict[str, Any]
) -> Response:
    shop = await products.shop(shop_id)
    if shop is None:
        return _unknown(f"no shop {shop_id}")
    change = made(shop, time.time_ns() // 1_000_000)
    await products.change(change)
    told = {name: change[name] for name in ("product_id", "action", "delivery_id", "occurred_at")}
    return JSONResponse(told | more, 202, _HEADERS)


def _unknown(detail: str) -> Response:
    return JSONResponse({"error": "unknown", "detail": detail}, 404, _HEADERS)
