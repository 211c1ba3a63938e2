"""Shopify's GraphQL Admin API, as far as products need it: https://shopify.dev/docs/api/admin-graphql.

`bulkOperationRunQuery` starts an operation on Shopify's side, which goes on without us; its result stays for a week.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple

import httpx
import orjson

from connectors.storefronts.calls import Caller, parsed
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.records import Shop

POLL_SECONDS: Final = 5.0
_THROTTLED_SECONDS: Final = 2.0
"""Where the answer does not tell how long the bucket of points takes."""
_SHORTEST_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 20.0
_START: Final = """
mutation ($query: String!) {
  bulkOperationRunQuery(query: $query) { bulkOperation { id status } userErrors { field message } }
}
"""
_LOOK: Final = """
query ($id: ID!) { node(id: $id) { ... on BulkOperation { id status errorCode objectCount url } } }
"""
_UNDER_WAY: Final = frozenset({"CREATED", "RUNNING"})

Sleep = Callable[[float], Awaitable[None]]


class Operation(NamedTuple):
    """A bulk operation. *url* is None where it found nothing."""

    status: str
    error: str | None
    objects: int
    url: str | None


class AdminClient:
    """Asks one shop, and runs bulk queries there."""

    def __init__(self, shop: Shop, caller: Caller, *, sleep: Sleep = asyncio.sleep) -> None:
        """Take which shop it is. Raises `ConfigurationError` where the variable with the token is not set."""
        access = shop["shopify"]
        token = os.environ.get(access["token_env"]) if access else None
        if access is None or not token:
            raise ConfigurationError(f"shopify.token_env: {access['token_env'] if access else 'nothing'} is not set")
        home = access["api_url"] or f"https://{shop['domains'][0]}"
        self._url = f"{home.rstrip('/')}/admin/api/{access['api_version']}/graphql.json"
        self._headers = {"X-Shopify-Access-Token": token}
        self._caller = caller
        self._sleep = sleep

    async def start(self, query: str) -> str:
        """Start a bulk query and return its id.

        Raises:
            TransientError: another one is under way, or the API does not answer.
            TerminalError: it refuses the query.
        """
        started = (await self.ask(_START, {"query": query}))["bulkOperationRunQuery"]
        if operation := started.get("bulkOperation"):
            return str(operation["id"])
        if any("in progress" in str(each.get("message")) for each in started["userErrors"]):
            raise TransientError("another bulk operation of this app is under way")
        raise TerminalError("not_fetched", "bulkOperationRunQuery", "the query is refused")

    async def finished(self, operation_id: str) -> Operation | None:
        """Wait until the operation has ended; None where it is not known any more. Raises as `start`."""
        while True:
            node = (await self.ask(_LOOK, {"id": operation_id}))["node"]
            if node is None:
                return None
            operation = Operation(node["status"], node.get("errorCode"), int(node["objectCount"]), node.get("url"))
            if operation.status not in _UNDER_WAY:
                return operation
            await self._sleep(POLL_SECONDS)

    async def lines(self, url: str | None) -> AsyncIterator[bytes]:
        """Yield the lines of a finished operation's file. The token is not sent: the address is of another server."""
        if url is None:
            return
        answer = await self._caller.get(url)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise TerminalError("not_fetched", "bulkOperation.url", "404")
        for line in answer.content.splitlines():
            yield line

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the `data` of an answer; asks once more while the bucket of points is empty, told with status 200.

        Raises:
            TransientError: the bucket stays empty, or the API does not answer.
            TerminalError: `not_fetched`, it refuses; the detail is its code.
        """
        body = orjson.dumps({"query": query, "variables": variables})
        for _ in range(30):
            answer = parsed(await self._caller.post(self._url, body, headers=self._headers))
            errors = answer.get("errors") or [] if isinstance(answer, dict) else ["no object"]
            if not errors and isinstance(answer.get("data"), dict):
                data: dict[str, Any] = answer["data"]
                return data
            codes = [each.get("extensions", {}).get("code") for each in errors if isinstance(each, dict)]
            if "THROTTLED" not in codes:
                raise TerminalError("not_fetched", "graphql", str(codes[0] if codes else "error")[:64])
            await self._sleep(_pause(answer))
        raise TransientError("the shop's API is throttled")


def _pause(answer: dict[str, Any]) -> float:
    """Return the seconds until the bucket holds what the question may cost.

    https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
    """
    try:
        cost = answer["extensions"]["cost"]
        bucket = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"] - bucket["currentlyAvailable"])
        return min(max(missing / float(bucket["restoreRate"]), _SHORTEST_SECONDS), _LONGEST_SECONDS)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return _THROTTLED_SECONDS
