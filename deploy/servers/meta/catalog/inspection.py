"""
The control door of catalogs: what is in them and how they were called.

    GET    /_catalogs                    ids, and how many items each has
    GET    /_catalogs/{id}               counts, calls by edge, batches, and what is odd about the calls
    GET    /_catalogs/{id}/items         the items: item_id=…, after=…, limit=…
    DELETE /_catalogs                    forget every catalog
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.catalog.batches import Batch
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.items import Item
from deploy.servers.meta.graph import json_response
from deploy.servers.meta.standin import StandIn


def routes(standin: StandIn) -> list[Route]:
    """Serve what is in the catalogs of *standin*."""

    async def listed(request: Request) -> Response:
        if request.method == "DELETE":
            standin.catalogs.clear()
        standin.catalogs.settle(standin.clock())
        return json_response({name: {"items": len(each.items)} for name, each in standin.catalogs.by_id.items()})

    async def one(request: Request) -> Response:
        now = standin.clock()
        return json_response(_shown(standin.catalogs.of(request.path_params["catalog_id"], now), now))

    async def items(request: Request) -> Response:
        catalog = standin.catalogs.of(request.path_params["catalog_id"], standin.clock())
        return json_response(_items(catalog, request))

    return [
        Route("/_catalogs", listed, methods=["GET", "DELETE"]),
        Route("/_catalogs/{catalog_id}", one, methods=["GET"]),
        Route("/_catalogs/{catalog_id}/items", items, methods=["GET"]),
    ]


def _shown(catalog: Catalog, now: float) -> dict[str, object]:
    repeated = sum(times - 1 for times in catalog.seen_requests.values())
    return {
        "catalog_id": catalog.catalog_id,
        "items": len(catalog.items),
        "feeds": len(catalog.feeds),
        "calls": dict(catalog.calls),
        "repeated_requests": repeated,
        "overlapping_items": catalog.overlaps,
        "repeats_in_batch": catalog.repeats_in_batch,
        "batches": [_shown_batch(batch, now) for batch in catalog.batches.values()],
    }


def _shown_batch(batch: Batch, now: float) -> dict[str, object]:
    return {
        "handle": batch.handle,
        "status": batch.status(now),
        "taken_at": batch.taken_at,
        "ends_at": batch.ends_at,
        "requests": len(batch.requests),
        "item_ids": batch.item_ids(),
        "errors": len(batch.errors),
        "warnings": len(batch.warnings),
        "polls": batch.polls,
    }


def _items(catalog: Catalog, request: Request) -> dict[str, object]:
    item_id = request.query_params.get("item_id")
    if item_id is not None:
        item = catalog.items.get(item_id)
        return {"items": [] if item is None else [_shown_item(item)], "next": None}
    after, limit = int(request.query_params.get("after", 0)), int(request.query_params.get("limit", 100))
    page = catalog.items.page(after=after, limit=limit)
    return {"items": [_shown_item(item) for item in page], "next": page[-1].number if len(page) == limit else None}


def _shown_item(item: Item) -> dict[str, object]:
    return {
        "item_id": item.retailer_id,
        "number": item.number,
        "updated_at": item.updated_at,
        "feed_id": item.feed_id,
        "errors": item.errors,
        "fields": item.fields,
    }
