"""Catalogs at Meta over HTTP: how they stand, as `storestream catalogs status` tells, and what is wanted of them.

GET  /v1/shops/{shop}/catalogs                  each with its items by status, its runs and when the next comes
POST /v1/shops/{shop}/catalogs/{name}/sync      {"kind": "full" or "reconcile"}; 202 once Kafka has the request
POST /v1/shops/{shop}/catalogs/{name}/retry     {"items": [...]}; without items all that Meta rejected

The posts want a token that may change things.
"""

import time
from typing import Annotated, Any, Final, Literal, Protocol

from fastapi import APIRouter, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from analytics.catalog_states import State, states
from connectors.kafka.sync_requests import request_of
from schemas.catalog_records import SyncRequest
from schemas.records import Shop
from schemas.settings import ClickHouseSettings

PATH: Final = "/v1/shops/{shop}/catalogs"
_HEADERS: Final = {"Cache-Control": "private, no-store"}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "No such shop, or the shop has no such catalog."},
    503: {"description": "ClickHouse or Kafka does not answer; come again."},
}
_TIMES: Final = ("oldest_pending_at", "last_told_at", "next_at", "stopped_at")
_ItemId = Annotated[str, Field(min_length=1, max_length=255)]


class Catalogs(Protocol):
    """Kafka, as far as catalogs go; each raises `TransientError` while it does not answer."""

    async def shop(self, shop_id: str) -> Shop | None:
        """Find a shop's settings."""

    async def request(self, request: SyncRequest) -> tuple[int, int]:
        """Publish; returns partition and offset once Kafka has it."""


class Sync(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["full", "reconcile"] = Field("full", description="reconcile: only compare with what Meta has.")


class Retry(BaseModel):
    """What is to be sent again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[_ItemId, ...] = Field((), max_length=5000, description="Ids at Meta; none: all that were rejected.")


def routes(clickhouse: ClickHouseSettings, catalogs: Catalogs) -> list[BaseRoute]:
    """Make the routes; they read from *clickhouse*, and requests go through *catalogs*."""
    router = APIRouter(dependencies=[Security(HTTPBearer(auto_error=False))])

    async def listed(shop: str) -> Response:
        """Tell of each catalog how its items stand, how the last runs went, and when the next comes."""
        found = await catalogs.shop(shop)
        if found is None:
            return _unknown(f"no shop {shop}")
        told = await run_in_threadpool(states, found, clickhouse)
        return JSONResponse({"shop": shop, "catalogs": [_told(each) for each in told]}, 200, _HEADERS)

    async def sync(shop: str, name: str, wanted: Sync | None = None) -> Response:
        """Look through all products and all that Meta has: send what differs, remove orphans, repair drift."""
        return await _requested(catalogs, shop, name, wanted.kind if wanted else "full")

    async def retry(shop: str, name: str, wanted: Retry | None = None) -> Response:
        """Send again what Meta rejected, although nothing of it has changed."""
        return await _requested(catalogs, shop, name, "retry", wanted.items if wanted else ())

    same: dict[str, Any] = {"response_model": None, "responses": _ERRORS}
    router.get(PATH, summary="How do the catalogs at Meta stand?", **same)(listed)
    router.post(f"{PATH}/{{name}}/sync", status_code=202, summary="Sync a catalog", **same)(sync)
    router.post(f"{PATH}/{{name}}/retry", status_code=202, summary="Send again what was rejected", **same)(retry)
    return list(router.routes)


async def _requested(catalogs: Catalogs, shop_id: str, name: str, kind: str, items: tuple[str, ...] = ()) -> Response:
    shop = await catalogs.shop(shop_id)
    if shop is None or name not in [each["name"] for each in shop["catalogs"]]:
        return _unknown(f"no shop {shop_id}" if shop is None else f"the shop has no catalog {name}")
    request = request_of(shop_id, name, kind, item_ids=items, trigger="api", requested_at=time.time_ns() // 1_000_000)
    partition, offset = await catalogs.request(request)
    told = {"request_id": request["request_id"], "catalog": name, "kind": kind}
    return JSONResponse(told | {"partition": partition, "offset": offset}, 202, _HEADERS)


def _told(state: State) -> dict[str, Any]:
    runs = [run._asdict() | {"started_at": run.started_at.isoformat()} for run in state.runs]
    times = {name: at.isoformat() if (at := getattr(state, name)) else None for name in _TIMES}
    return state._asdict() | times | {"runs": runs}


def _unknown(detail: str) -> Response:
    return JSONResponse({"error": "unknown", "detail": detail}, 404, _HEADERS)
