"""A stand-in of Shopify's GraphQL Admin API: bulk operations and their files, and plain queries of products.

https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.servers.storefronts import shopify_queries
from deploy.servers.storefronts.stage import Stage


@dataclass
class ShopifyShop:
    """The lines that an operation's file will have; it is *polls* times under way before it ends as *status*.

    Of one that asks for stock by location those are *levels*: locations, and the levels that name them as parents.
    The files of the operations *expired*, by number, are not kept any more.

    The next *throttled* requests find too few points in the bucket, which gets *restore_rate* of them a second.
    """

    token: str = "shpat_test"  # noqa: S105 - of a shop that exists only here
    lines: Sequence[dict[str, Any]] = ()
    levels: Sequence[dict[str, Any]] = ()
    expired: frozenset[str] = frozenset()
    polls: int = 1
    status: str = "COMPLETED"
    throttled: int = 0
    restore_rate: float = 100.0
    delay_seconds: float = 0.0
    queries: list[str] = field(default_factory=list)
    stage: Stage = field(default_factory=Stage)

    def app(self) -> Starlette:
        """Serve it."""
        graphql = Route("/admin/api/{version}/graphql.json", self._graphql, methods=["POST"])
        return Starlette(routes=[graphql, Route("/files/{name}", self._file)])

    async def _graphql(self, request: Request) -> Response:
        if played := self.stage.played(request):
            return played
        await asyncio.sleep(self.delay_seconds)
        if request.headers.get("x-shopify-access-token") != self.token:
            return JSONResponse({"errors": "[API] Invalid API key or access token"}, 401)
        if self.throttled:
            self.throttled -= 1
            return JSONResponse(self._throttled())
        asked = orjson.loads(await request.body())
        query, variables = asked["query"], asked["variables"]
        if "bulkOperationRunQuery" in query:
            return JSONResponse({"data": {"bulkOperationRunQuery": self._started(variables["query"])}})
        if "BulkOperation" in query:
            return JSONResponse({"data": {"node": self._node(variables["id"], request)}})
        return JSONResponse(shopify_queries.answer(self.lines, query, variables))

    def _throttled(self) -> dict[str, Any]:
        bucket = {"maximumAvailable": 2000.0, "currentlyAvailable": 100, "restoreRate": self.restore_rate}
        refusal = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return {"errors": [refusal], "extensions": {"cost": {"requestedQueryCost": 300, "throttleStatus": bucket}}}

    def _started(self, query: str) -> dict[str, Any]:
        self.queries.append(query)
        operation = {"id": f"gid://shopify/BulkOperation/{len(self.queries)}", "status": "CREATED"}
        return {"bulkOperation": operation, "userErrors": []}

    def _node(self, operation_id: str, request: Request) -> dict[str, Any]:
        self.polls -= 1
        ended = self.polls < 0
        number = operation_id.rpartition("/")[2]
        found = ended and self._found(number) and self.status == "COMPLETED" and number not in self.expired
        url = f"{request.base_url}files/{number}.jsonl" if found else None
        return {
            "id": operation_id,
            "status": self.status if ended else "RUNNING",
            "errorCode": "TIMEOUT" if ended and self.status == "FAILED" else None,
            "objectCount": str(len(self._found(number))),
            "url": url,
        }

    def _found(self, number: str) -> Sequence[dict[str, Any]]:
        asked = self.queries[int(number) - 1] if 0 < int(number) <= len(self.queries) else ""
        return self.levels if "inventoryLevels" in asked else self.lines

    async def _file(self, request: Request) -> Response:
        found = self._found(request.path_params["name"].partition(".")[0])
        return Response(b"".join(orjson.dumps(line) + b"\n" for line in found), media_type="application/jsonl")
