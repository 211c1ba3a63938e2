"""What a merchant does at the fake Shopify: products change there, and the shop's webhooks tell of it.

GET    /_products, /_products/{id}    what the shop sells
PATCH  /_products/{id}                {"price": 9.5}, or any fields of the product; tells products/update
PUT    /_products/{id}                a whole product; tells products/create
DELETE /_products/{id}                tells products/delete
POST   /_inventory                    {"inventory_item_id": 1, "available": 0}; tells inventory_levels/update
PATCH  /_inventory_items/{id}         {"sku": "R-S", "tracked": false}; tells inventory_items/update
PUT    /_collections/{id}             {"title": "Summer", "products": [1, 2]}; tells collections/create or /update
DELETE /_collections/{id}             tells collections/delete
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
        self._collections: Things = {}
        self._shop.lines = bulk_lines(products)

    def app(self) -> Starlette:
        """Serve the Admin API, and the control beside it."""
        one = Route("/_products/{product_id:int}", self._one, methods=["GET", "PUT", "PATCH", "DELETE"])
        item = Route("/_inventory_items/{item_id:int}", self._item, methods=["PATCH"])
        group = Route("/_collections/{collection_id:int}", self._collection, methods=["PUT", "DELETE"])
        level = Route("/_inventory", self._level, methods=["POST"])
        mine = [Route("/_products", self._listed), one, level, item, group]
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

    async def _item(self, request: Request) -> Response:
        item_id = request.path_params["item_id"]
        try:
            asked = orjson.loads(await request.body())
            changed = {name: asked[name] for name in ("sku", "tracked") if name in asked}
        except (orjson.JSONDecodeError, TypeError) as exc:
            return JSONResponse({"error": "no inventory item", "detail": type(exc).__name__}, 422)
        held_by = [each for each in self._products.values() if item_id in _items(each)]
        if not held_by:
            return JSONResponse({"error": "no such inventory item"}, 404)
        variants = [v | changed if v["inventory_item_id"] == item_id else v for v in held_by[0]["variants"]]
        self._products[held_by[0]["id"]] = held_by[0] | {"variants": variants}
        item = {"id": item_id, "admin_graphql_api_id": f"gid://shopify/InventoryItem/{item_id}", "updated_at": _now()}
        return await self._told("inventory_items/update", item | changed)

    async def _collection(self, request: Request) -> Response:
        collection_id = request.path_params["collection_id"]
        known = collection_id in self._collections
        if request.method == "DELETE":
            if not known:
                return JSONResponse({"error": "no such collection"}, 404)
            del self._collections[collection_id]
            return await self._told("collections/delete", {"id": collection_id})
        try:
            asked = orjson.loads(await request.body())
            kept = {"title": str(asked["title"]), "products": [int(each) for each in asked["products"]]}
        except (orjson.JSONDecodeError, TypeError, KeyError, ValueError) as exc:
            return JSONResponse({"error": "no collection", "detail": type(exc).__name__}, 422)
        self._collections[collection_id] = kept
        gid = f"gid://shopify/Collection/{collection_id}"
        told = {"id": collection_id, "title": kept["title"], "admin_graphql_api_id": gid, "updated_at": _now()}
        return await self._told("collections/update" if known else "collections/create", told)

    async def _told(self, topic: str, content: dict[str, Any]) -> Response:
        self._shop.lines = bulk_lines(self._products) + self._memberships()
        status = None if self._tell is None else await self._tell(topic, content)
        return JSONResponse({"topic": topic, "webhook": status, "content": content})

    def _memberships(self) -> list[dict[str, Any]]:
        return [
            {"id": f"gid://shopify/Collection/{number}", "title": each["title"], "__parentId": _gid(product_id)}
            for number, each in self._collections.items()
            for product_id in each["products"]
            if product_id in self._products
        ]


def _changed(product: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Merge what was *asked*; `price` is for all variants. Raises for what is no product: `KeyError`, `ValueError`."""
    stamp, fields = _now(), {name: value for name, value in asked.items() if name not in ("price", "id")}
    changed = product | fields | {"updated_at": stamp}
    changed["admin_graphql_api_id"] = _gid(changed["id"])
    price = f"{float(asked['price']):.2f}" if "price" in asked else None
    changed["variants"] = [
        each | ({"price": price} if price else {}) | {"updated_at": stamp} for each in changed["variants"]
    ]
    bulk_lines({changed["id"]: changed})  # it must be a product to the Admin API too
    return changed


def _items(product: dict[str, Any]) -> set[int]:
    return {each["inventory_item_id"] for each in product["variants"]}


def _gid(product_id: int) -> str:
    return f"gid://shopify/Product/{product_id}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
