"""
Feeds: `GET|POST /{version}/{catalog_id}/product_feeds`.

Documented at https://developers.facebook.com/docs/marketing-api/reference/product-catalog/product_feeds
"""

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.feeds import Feed
from deploy.servers.meta.catalog.parameters import Fields, flag_of, names_in, object_of, text_of
from deploy.servers.meta.catalog.quotas import counted
from deploy.servers.meta.catalog.shown import shown_feed
from deploy.servers.meta.graph import invalid, json_response
from deploy.servers.meta.standin import StandIn

SCHEDULES: Final = ("schedule", "update_schedule")
_INTERVALS: Final = frozenset({"HOURLY", "DAILY", "WEEKLY", "MONTHLY"})


def routes(standin: StandIn) -> list[Route]:
    """Serve the feeds of *standin*."""
    make = endpoint(standin, "product_feeds", counted("management_quota", 80009, _make))
    listed = endpoint(standin, "product_feeds", counted("management_quota", 80009, _list))
    return [
        Route("/{version}/{object_id}/product_feeds", make, methods=["POST"]),
        Route("/{version}/{object_id}/product_feeds", listed, methods=["GET"]),
    ]


async def _make(call: Call, catalog: Catalog) -> Response:
    settings = feed_settings(call.fields)
    if not settings.get("name"):
        raise invalid("The parameter name is required")
    feed = Feed(str(catalog.number()), {"deletion_enabled": True} | settings, call.standin.clock())
    catalog.put_feed(feed)
    return json_response({"id": feed.feed_id})


async def _list(call: Call, catalog: Catalog) -> Response:
    names = names_in(call.fields, default="id,name")
    return json_response({"data": [shown_feed(catalog, feed, names) for feed in catalog.feeds.values()]})


def feed_settings(fields: Fields) -> dict[str, object]:
    """
    Read what a feed is made with or changed to.

    Raises:
        GraphError: a schedule or a truth is not one.
    """
    texts = ("name", "country", "default_currency", "file_name", "delimiter", "encoding", "quoted_fields_mode")
    settings: dict[str, object] = {name: text_of(fields, name) for name in texts if name in fields}
    settings |= {name: _schedule(fields, name) for name in SCHEDULES if fields.get(name)}
    if "deletion_enabled" in fields:
        settings["deletion_enabled"] = flag_of(fields, "deletion_enabled", default=True)
    return settings


def _schedule(fields: Fields, name: str) -> dict[str, object]:
    schedule = object_of(fields, name)
    if schedule.get("interval") not in _INTERVALS or not schedule.get("url"):
        raise invalid(f"The parameter {name} must have an interval, one of {', '.join(sorted(_INTERVALS))}, and a url")
    return schedule
