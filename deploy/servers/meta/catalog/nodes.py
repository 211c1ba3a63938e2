"""`GET|POST|DELETE /{version}/{id}`: the one address that items, feeds, uploads and catalogs share."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.feeds import Feed, Upload
from deploy.servers.meta.catalog.feeds_api import feed_settings
from deploy.servers.meta.catalog.item_rules import judge
from deploy.servers.meta.catalog.items import Item, merged
from deploy.servers.meta.catalog.parameters import names_in
from deploy.servers.meta.catalog.quotas import under_quota
from deploy.servers.meta.catalog.shown import DEFAULT_FIELDS, shown_feed, shown_item, shown_upload
from deploy.servers.meta.graph import invalid, json_response, unknown_object
from deploy.servers.meta.standin import StandIn

_NOT_FIELDS = frozenset({"access_token", "fields", "appsecret_proof", "id"})


def routes(standin: StandIn) -> list[Route]:
    """Serve objects of *standin* by their own id."""
    node = endpoint(standin, "node", _answer)
    return [Route("/{version}/{object_id}", node, methods=["GET", "POST", "DELETE"])]


async def _answer(call: Call) -> Response:
    standin = call.standin
    standin.catalogs.settle(standin.clock())
    if (item := standin.catalogs.item(call.object_id)) is not None:
        return await _limited(call, item[0], lambda _, catalog: _of_item(call, catalog, item[1]))
    if (feed := standin.catalogs.feed(call.object_id)) is not None:
        return await _limited(call, feed[0], lambda _, catalog: _of_feed(call, catalog, feed[1]))
    if (upload := standin.catalogs.upload(call.object_id)) is not None:
        return await _limited(call, upload[0], lambda _, __: _of_upload(call, upload[1]))
    raise unknown_object(call.object_id)


async def _limited(call: Call, catalog: Catalog, answer: Callable[[Call, Catalog], Awaitable[Response]]) -> Response:
    call.standin.access.check_catalog(catalog.catalog_id, call.token)
    return await under_quota(call, catalog, "management_quota", 80009, answer)


async def _of_item(call: Call, catalog: Catalog, item: Item) -> Response:
    if call.request.method == "DELETE":
        catalog.items.remove(item.retailer_id)
        return json_response({"success": True})
    if call.request.method == "POST":
        changes = {name: value for name, value in call.fields.items() if name not in _NOT_FIELDS}
        if problems := judge(changes).errors:
            raise invalid(problems[0])
        catalog.items.change(item, merged(item, changes), at=call.standin.clock())
        return json_response({"success": True})
    return json_response(shown_item(item, names_in(call.fields, default=DEFAULT_FIELDS)))


async def _of_feed(call: Call, catalog: Catalog, feed: Feed) -> Response:
    if call.request.method == "DELETE":
        catalog.drop_feed(feed.feed_id)
        return json_response({"success": True})
    if call.request.method == "POST":
        feed.settings |= feed_settings(call.fields)
        catalog.put_feed(feed)
        return json_response({"success": True})
    return json_response(shown_feed(catalog, feed, names_in(call.fields, default="id,name")))


async def _of_upload(call: Call, upload: Upload) -> Response:
    if call.request.method != "GET":
        raise unknown_object(call.object_id)
    return json_response(shown_upload(upload, names_in(call.fields, default="id,start_time,end_time")))
