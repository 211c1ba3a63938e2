"""What a merchant does at the fake Shopify: products change there, and the shop's webhooks tell of it.

GET    /_products, /_products/{id}    what the shop sells
PATCH  /_products/{id}                {"price": 9.5}, or any fields of the product; tells products/update
PUT    /_products/{id}                a whole product; tells products/create
DELETE /_products/{id}                tells products/delete
POST   /_inventory                    {"inventory_item_id": 1, "available": 0}; tells inventory_levels/update
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.servers.storefronts.samples import Things, bulk_lines
from deploy.servers.storefronts.shopify import ShopifyShop

LOCATION: Final = 53_716_844_710

Tell = Callable[[str, Mapping[str, Any]], Awaitable[int]]
"""Delivers a webhook of a topic; returns the HTTP status."""


class ShopifyControl:
    """A shop whose products can be changed."""

    def __init__(self, shop: ShopifyShop, products: Things, tell: Tell | None) -> None:
        """Put *products* into *shop*; without *tell* nobody is told."""
        self._shop, self._products, self._tell = shop, products, tell
        self._shop.lines = bulk_lines(products)

    def app(self) -> Starlette:
        """Serve the Admin API, and the control beside it."""
        one = Route("/_products/{product_id:int}", self._one, methods=["GET", "PUT", "PATCH", "DELETE"])
        mine = [Route("/_products", self._listed), one, Route("/_inventory", self._level, methods=["POST"])]
        return Starlette(routes=[*mine, *self._shop.app().routes])

    async def _listed(self, request: Request) -> Response:
        return JSONResponse(
            [
                {"id": each["id"], "title": each["title"], "prices": [v["price"] for v in each["variants"]]}
                for each in self._products.values()
            ]
        )

    async def _one(self, request: Request) -> Response:
        product_id = request.path_params["product_id"]
        if request.method != "PUT" and product_id not in self._products:
            return JSONResponse({"error": "no such product"}, 404)
        if request.method == "GET":
            return JSONResponse(self._products[product_id])
        if request.method == "DELETE":
            del self._products[product_id]
            return await self._told("products/delete", {"id": product_id})
        try:
            asked = orjson.loads(await request.body())
            known = self._products.get(product_id, {}) if request.method == "PATCH" else {}
            self._products[product_id] = product = _changed(known | {"id": product_id}, asked)
        except (orjson.JSONDecodeError, TypeError, KeyError, ValueError) as exc:
            return JSONResponse({"error": "no product", "detail": type(exc).__name__}, 422)
        return await self._told("products/update" if known else "products/create", product)

    async def _level(self, request: Request) -> Response:
        try:
            asked = orjson.loads(await request.body())
            level = {"inventory_item_id": int(asked["inventory_item_id"]), "available": asked["available"]}
        except (orjson.JSONDecodeError, TypeError, KeyError, ValueError) as exc:
            return JSONResponse({"error": "no stock level", "detail": type(exc).__name__}, 422)
        told = {"location_id": asked.get("location_id", LOCATION), "updated_at": _now()}
        return await self._told("inventory_levels/update", level | told)

    async def _told(self, topic: str, content: dict[str, Any]) -> Response:
        self._shop.lines = bulk_lines(self._products)
        status = None if self._tell is None else await self._tell(topic, content)
        return JSONResponse({"topic": topic, "webhook": status, "content": content})


def _changed(product: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Merge what was *asked*; `price` is for all variants. Raises for what is no product: `KeyError`, `ValueError`."""
    stamp, fields = _now(), {name: value for name, value in asked.items() if name not in ("price", "id")}
    changed = product | fields | {"updated_at": stamp}
    changed["admin_graphql_api_id"] = f"gid://shopify/Product/{changed['id']}"
    price = f"{float(asked['price']):.2f}" if "price" in asked else None
    changed["variants"] = [
        each | ({"price": price} if price else {}) | {"updated_at": stamp} for each in changed["variants"]
    ]
    bulk_lines({changed["id"]: changed})  # it must be a product to the Admin API too
    return changed


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
