"""A stand-in of WooCommerce's REST API: products and their variations, page by page.

https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-products
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.servers.storefronts.stage import Stage

BASE: Final = "/wp-json/wc/v3/products"


@dataclass
class WooShop:
    """The products by id, the variations by product id, the one key that is let in, and the path it lives under."""

    root: str = ""
    key: str = "ck_test"
    secret: str = "cs_test"  # noqa: S105 - of a shop that exists only here
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    variations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    stage: Stage = field(default_factory=Stage)

    def app(self) -> Starlette:
        """Serve it."""
        routes = [
            Route(self.root + BASE, self._list),
            Route(self.root + BASE + "/{product_id:int}", self._one),
            Route(self.root + BASE + "/{product_id:int}/variations", self._variations),
        ]
        return Starlette(routes=routes)

    async def _list(self, request: Request) -> Response:
        after = request.query_params.get("modified_after", "")
        only = {int(each) for each in request.query_params.get("include", "").split(",") if each}
        listed = [self.products[number] for number in sorted(self.products) if not only or number in only]
        return self._answer(request, [each for each in listed if each["date_modified_gmt"] > after])

    async def _one(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        product = self.products.get(request.path_params["product_id"])
        return JSONResponse(product) if product else _no_such_product()

    async def _variations(self, request: Request) -> Response:
        product_id = request.path_params["product_id"]
        if product_id not in self.products:
            return self._refused(request) or _no_such_product()
        return self._answer(request, self.variations.get(product_id, []))

    def _answer(self, request: Request, listed: Sequence[dict[str, Any]]) -> Response:
        if refused := self._refused(request):
            return refused
        page, size = (int(request.query_params.get(name, usual)) for name, usual in (("page", "1"), ("per_page", "10")))
        if not 1 <= size <= 100:
            return JSONResponse({"code": "rest_invalid_param"}, 400)
        headers = {"X-WP-Total": str(len(listed)), "X-WP-TotalPages": str(-(-len(listed) // size))}
        return JSONResponse(listed[(page - 1) * size : page * size], headers=headers)

    def _refused(self, request: Request) -> Response | None:
        if played := self.stage.played(request):
            return played
        expected = "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return JSONResponse({"code": "woocommerce_rest_cannot_view"}, 401)
        return None


def _no_such_product() -> Response:
    return JSONResponse({"code": "woocommerce_rest_product_invalid_id", "data": {"status": 404}}, 404)
