"""
Uploads of feeds: `GET|POST /{version}/{feed_id}/uploads`, `GET /{version}/{upload_id}/errors`.

Documented at https://developers.facebook.com/docs/marketing-api/reference/product-feed/uploads. A file is really
fetched, after the answer. No schedule is kept by itself: `POST /_feeds/{feed_id}/fetch` plays its hour.
"""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.catalog.batch_api import fault_played
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.feeds import Feed, Reading, Upload
from deploy.servers.meta.catalog.fetching import Source, fetch
from deploy.servers.meta.catalog.parameters import Fields, flag_of, names_in, text_of
from deploy.servers.meta.catalog.quotas import CatalogAnswer, under_quota
from deploy.servers.meta.catalog.shown import shown_error, shown_upload
from deploy.servers.meta.graph import GraphError, invalid, json_response, new_trace, unknown_object
from deploy.servers.meta.standin import StandIn

_BY_HAND: Final = "User initiated server fetch"
_BY_SCHEDULE: Final = "Server Fetch"
_UPLOAD_FIELDS: Final = "id,start_time,end_time"
_under_way: Final[set[asyncio.Task[None]]] = set()


def routes(standin: StandIn) -> list[Route]:
    """Serve the uploads of *standin*'s feeds."""
    upload, uploads = endpoint(standin, "uploads", _upload), endpoint(standin, "uploads", _list)
    errors = endpoint(standin, "errors", _list_errors)

    async def play(request: Request) -> Response:
        try:
            return _play(standin, request)
        except GraphError as error:
            return error.response(new_trace())

    return [
        Route("/{version}/{object_id}/uploads", upload, methods=["POST"]),
        Route("/{version}/{object_id}/uploads", uploads, methods=["GET"]),
        Route("/{version}/{object_id}/errors", errors, methods=["GET"]),
        Route("/_feeds/{feed_id}/fetch", play, methods=["POST"]),
    ]


async def _upload(call: Call) -> Response:
    async def begun(call: Call, catalog: Catalog) -> Response:
        feed, source = catalog.feeds[call.object_id], _source(call.fields)
        upload = _started(call.standin, catalog, feed, source.url, _BY_HAND)
        upload.update_only = flag_of(call.fields, "update_only", default=False)
        _read_later(call.standin, catalog, feed, upload, source)
        return json_response({"id": upload.upload_id})

    return await _of_feed(call, begun)


async def _list(call: Call) -> Response:
    async def listed(call: Call, catalog: Catalog) -> Response:
        names = names_in(call.fields, default=_UPLOAD_FIELDS)
        newest_first = reversed(catalog.feeds[call.object_id].uploads.values())
        return json_response({"data": [shown_upload(upload, names) for upload in newest_first]})

    return await _of_feed(call, listed)


async def _list_errors(call: Call) -> Response:
    found = call.standin.catalogs.upload(call.object_id)
    if found is None:
        raise unknown_object(call.object_id)
    catalog, upload = found

    async def listed(_: Call, __: Catalog) -> Response:
        return json_response({"data": [shown_error(problem) for problem in upload.problems.values()]})

    call.standin.access.check_catalog(catalog.catalog_id, call.token)
    return await under_quota(call, catalog, "management_quota", 80009, listed)


async def _of_feed(call: Call, answer: CatalogAnswer) -> Response:
    found = call.standin.catalogs.feed(call.object_id)
    if found is None:
        raise unknown_object(call.object_id)
    call.standin.access.check_catalog(found[0].catalog_id, call.token)
    return await under_quota(call, found[0], "management_quota", 80009, answer)


def _play(standin: StandIn, request: Request) -> Response:
    """Fetch a feed as its schedule says (`which=update_schedule`: the other one)."""
    found = standin.catalogs.feed(request.path_params["feed_id"])
    which = request.query_params.get("which", "schedule")
    schedule = found[1].settings.get(which) if found else None
    if found is None or not isinstance(schedule, dict):
        raise unknown_object(request.path_params["feed_id"])
    catalog, feed = found
    source = _source(schedule)
    upload = _started(standin, catalog, feed, source.url, _BY_SCHEDULE)
    upload.update_only = which == "update_schedule"
    _read_later(standin, catalog, feed, upload, source)
    return json_response({"id": upload.upload_id})


def _source(fields: Fields) -> Source:
    source = Source(text_of(fields, "url"), text_of(fields, "username") or None, text_of(fields, "password") or None)
    if not source.is_here():
        raise invalid("The parameter url is required; this stand-in fetches from http://127.0.0.1 only")
    return source


def _started(standin: StandIn, catalog: Catalog, feed: Feed, url: str, method: str) -> Upload:
    upload = Upload(str(catalog.number()), url, method, standin.clock())
    feed.uploads[upload.upload_id] = upload
    return upload


def _read_later(standin: StandIn, catalog: Catalog, feed: Feed, upload: Upload, source: Source) -> None:
    task = asyncio.create_task(_read(standin, catalog, feed, upload, source))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


async def _read(standin: StandIn, catalog: Catalog, feed: Feed, upload: Upload, source: Source) -> None:
    fetched = await fetch(source)
    now = standin.clock()
    catalog.settle(now)
    if fetched.problem is not None:
        upload.note(fetched.problem, "fatal", 0, "")
    fault = fault_played(standin, catalog.catalog_id, [str(row.get("id", "")) for row in fetched.rows])
    reading = Reading(feed, upload, catalog.items, catalog.number, now, fault)
    reading.take(fetched.rows, complete=fetched.problem is None)
