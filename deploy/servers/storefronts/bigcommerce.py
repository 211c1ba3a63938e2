"""A stand-in of BigCommerce's catalog API: products with variants and images, brands, categories, stock, the quota.

https://developer.bigcommerce.com/docs/rest-catalog/products
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.servers.storefronts.stage import Stage

Things = dict[int, dict[str, Any]]


@dataclass
class BigCommerceStore:
    """One store's catalog by id; *quota* is what is left of the requests until it is reset.

    *inventory*: the stock of items by location, unless the token is *forbidden* to read `inventory`.
    """

    store_hash: str = "abcde"
    token: str = "bc_token"  # noqa: S105 - of a store that exists only here
    products: Things = field(default_factory=dict)
    brands: Things = field(default_factory=dict)
    categories: Things = field(default_factory=dict)
    inventory: list[dict[str, Any]] = field(default_factory=list)
    forbidden: frozenset[str] = frozenset()
    quota: int = 150
    stage: Stage = field(default_factory=Stage)

    def app(self) -> Starlette:
        """Serve it."""
        base = f"/stores/{self.store_hash}/v3/catalog"
        stock = Route(f"/stores/{self.store_hash}/v3/inventory/items", self._stock)
        routes = [stock, Route(base + "/products/{product_id:int}", self._one), Route(base + "/{kind}", self._list)]
        return Starlette(routes=routes)

    async def _one(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        product = self.products.get(request.path_params["product_id"])
        if product is None:
            return JSONResponse({"status": 404, "title": "Not found"}, 404, self._headers())
        return JSONResponse({"data": _included(product, request), "meta": {}}, headers=self._headers())

    async def _list(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        asked = request.query_params
        kept: Things = getattr(self, request.path_params["kind"])
        after = int(asked.get("id:greater", "0"))
        only = {int(each) for each in asked.get("id:in", "").split(",") if each}
        listed = [
            _included(kept[number], request)
            for number in sorted(kept)
            if number > after
            and (not only or number in only)
            and kept[number].get("date_modified", "9") >= asked.get("date_modified:min", "")
        ]
        return self._page(listed, int(asked.get("page", "1")), int(asked.get("limit", "50")))

    async def _stock(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        if "inventory" in self.forbidden:
            return JSONResponse({"status": 403, "title": "Your credentials lack the required scopes"}, 403)
        asked = request.query_params
        only = asked.get("product_id:in", "").split(",")
        listed = [each for each in self.inventory if str(each["identity"]["product_id"]) in only]
        return self._page(listed, int(asked.get("page", "1")), int(asked.get("limit", "50")))

    def _page(self, listed: Sequence[dict[str, Any]], page: int, limit: int) -> Response:
        shown = listed[(page - 1) * limit : page * limit]
        pagination = {"total": len(listed), "count": len(shown), "per_page": limit, "current_page": page}
        pages = {"total_pages": -(-len(listed) // limit)}
        return JSONResponse({"data": shown, "meta": {"pagination": pagination | pages}}, headers=self._headers())

    def _refused(self, request: Request) -> Response | None:
        if played := self.stage.played(request):
            return played
        if request.headers.get("x-auth-token") != self.token:
            return JSONResponse({"status": 401, "title": "Unauthorized"}, 401)
        self.quota -= 1
        return None

    def _headers(self) -> dict[str, str]:
        left = max(0, self.quota)
        return {"X-Rate-Limit-Requests-Left": str(left), "X-Rate-Limit-Time-Reset-Ms": "1500"}


def _included(thing: dict[str, Any], request: Request) -> dict[str, Any]:
    """Leave out what `include` does not ask for."""
    asked = request.query_params.get("include", "").split(",")
    return {name: value for name, value in thing.items() if name in asked or name not in ("variants", "images")}
