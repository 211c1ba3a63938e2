"""
Batches of items: `POST /{version}/{catalog_id}/items_batch`, `GET …/check_batch_request_status`.

Documented at https://developers.facebook.com/documentation/ads-commerce/marketing-api/reference/product-catalog/items_batch
and …/product-catalog/check_batch_request_status
"""

from collections.abc import Collection
from functools import partial
from hashlib import sha256
from typing import Final

import orjson
from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta import behaviours as b
from deploy.servers.meta.bodies import objects_in
from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.catalog.batches import Batch, Fault, ItemRequest, Problem, Remark, remarks_on, requests_in
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.parameters import flag_of, text_of
from deploy.servers.meta.catalog.quotas import counted
from deploy.servers.meta.graph import GraphError, invalid, json_response
from deploy.servers.meta.standin import StandIn

MAX_REQUESTS: Final = 5000
MAX_BYTES: Final = 28 * 1024 * 1024
SAMPLES: Final = 25
"""Errors and warnings that a status shows at most; all of them are counted."""
_DELAY_SECONDS: Final = 0.3


def routes(standin: StandIn) -> list[Route]:
    """Serve batches of items from *standin*."""
    batch = endpoint(standin, "items_batch", counted("batch_quota", 80014, _take))
    status = endpoint(standin, "check_batch_request_status", counted("management_quota", 80009, _show))
    return [
        Route("/{version}/{object_id}/items_batch", batch, methods=["POST"]),
        Route("/{version}/{object_id}/check_batch_request_status", status, methods=["GET"]),
    ]


async def _take(call: Call, catalog: Catalog) -> Response:
    if call.size > MAX_BYTES:
        raise GraphError(1, "Please reduce the amount of data you're asking for, then retry your request")
    if text_of(call.fields, "item_type") != "PRODUCT_ITEM":
        raise invalid("The parameter item_type is required and must be PRODUCT_ITEM")
    records = objects_in(call.fields, "requests", at_most=MAX_REQUESTS)
    requests = requests_in(records)
    remarks = remarks_on(requests)
    at_fault = {remark.retailer_id for remark in remarks if remark.errors}
    taken = [request for request in requests if request.item_id not in at_fault]
    handles = []
    if taken:
        batch = _batch(call, taken)
        catalog.take(batch, sha256(orjson.dumps(records, option=orjson.OPT_SORT_KEYS)).hexdigest())
        handles = [batch.handle]
    return json_response({"handles": handles, "validation_status": [_shown_remark(remark) for remark in remarks]})


def _batch(call: Call, taken: list[ItemRequest]) -> Batch:
    delay, end = call.hit(b.BatchDelay, "batch_delay_seconds"), call.hit(b.BatchEnd, "batch_end")
    now = call.standin.clock()
    return Batch(
        taken,
        flag_of(call.fields, "allow_upsert", default=True),
        taken_at=now,
        ends_at=now + (delay.seconds if delay else _DELAY_SECONDS),
        fault=fault_played(call.standin, call.object_id, [request.item_id for request in taken]),
        end=end.status if end else "finished",
    )


def fault_played(standin: StandIn, catalog_id: str, item_ids: Collection[str]) -> Fault:
    """Play `reject_items` on a batch or feed of *item_ids*."""

    def hits_one(reject: b.RejectItems) -> bool:
        return any(map(reject.rejects, item_ids))

    return partial(_fault, standin.stage.hit(b.RejectItems, "reject_items", catalog_id, when=hits_one))


def _fault(played: b.RejectItems | None, item_id: str) -> tuple[list[str], list[str]]:
    if played is None or not played.rejects(item_id):
        return [], []
    return ([], [played.message]) if played.warning else ([played.message], [])


async def _show(call: Call, catalog: Catalog) -> Response:
    batch = catalog.batches.get(text_of(call.fields, "handle"))
    if batch is None:
        raise invalid("The parameter handle must be that of a batch of this catalog")
    batch.polls += 1
    shown = {
        "handle": batch.handle,
        "status": batch.status(call.standin.clock()),
        "errors_total_count": len(batch.errors),
        "errors": _samples(batch.errors),
        "warnings_total_count": len(batch.warnings),
        "warnings": _samples(batch.warnings),
        "ids_of_invalid_requests": [],
    }
    if flag_of(call.fields, "load_ids_of_invalid_requests", default=False):
        shown["ids_of_invalid_requests"] = list(dict.fromkeys(problem.id for problem in batch.errors))
    return json_response({"data": [shown]})


def _samples(problems: list[Problem]) -> list[dict[str, object]]:
    return [problem._asdict() for problem in problems[:SAMPLES]]


def _shown_remark(remark: Remark) -> dict[str, object]:
    return {
        "retailer_id": remark.retailer_id,
        "errors": [{"message": message} for message in remark.errors],
        "warnings": [{"message": message} for message in remark.warnings],
    }
