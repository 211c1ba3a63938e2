"""
How a catalog is doing: `GET …/event_stats`, `GET …/diagnostics`, and the pixels whose events are meant for it.

Documented at https://developers.facebook.com/docs/marketing-api/reference/product-catalog (edges `event_stats`,
`diagnostics`, `external_event_sources`). Only events of pixels that are connected with the catalog are looked at.
"""

from collections import defaultdict
from collections.abc import Iterable

from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.bodies import parsed
from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.items import Item
from deploy.servers.meta.catalog.matching import EVENTS, Ids, Match
from deploy.servers.meta.catalog.quotas import CatalogAnswer, counted
from deploy.servers.meta.graph import invalid, json_response
from deploy.servers.meta.received import Wanted
from deploy.servers.meta.standin import StandIn


def routes(standin: StandIn) -> list[Route]:
    """Serve what *standin* knows of catalogs' health."""

    def at(edge: str, answer: CatalogAnswer, *methods: str) -> Route:
        served = endpoint(standin, edge, counted("management_quota", 80009, answer))
        return Route("/{version}/{object_id}/" + edge, served, methods=methods)

    return [
        at("external_event_sources", _connect, "POST"),
        at("external_event_sources", _disconnect, "DELETE"),
        at("external_event_sources", _connected, "GET"),
        at("event_stats", _match, "GET"),
        at("diagnostics", _diagnose, "GET"),
    ]


async def _connect(call: Call, catalog: Catalog) -> Response:
    catalog.connect({*catalog.pixels, *_pixels(call)})
    return json_response({"success": True})


async def _disconnect(call: Call, catalog: Catalog) -> Response:
    catalog.connect({*catalog.pixels} - _pixels(call))
    return json_response({"success": True})


async def _connected(_: Call, catalog: Catalog) -> Response:
    return json_response({"data": [{"id": pixel, "source_type": "PIXEL"} for pixel in catalog.pixels]})


def _pixels(call: Call) -> set[str]:
    listed = parsed(call.fields.get("external_event_sources"), "external_event_sources")
    if not isinstance(listed, list) or not all(isinstance(pixel, str | int) for pixel in listed):
        raise invalid("The parameter external_event_sources must be an array of pixel ids")
    return set(map(str, listed))


async def _match(call: Call, catalog: Catalog) -> Response:
    catalogs, received = call.standin.catalogs, call.standin.received
    here = Ids.of(catalog.items)
    others = Ids.of(item for other in catalogs.by_id.values() if other is not catalog for item in other.items)
    matches: defaultdict[tuple[str, str], Match] = defaultdict(Match)
    for pixel in catalog.pixels:
        _, records = received.page(Wanted(pixel_id=pixel, duplicate=False), after=0, limit=len(received))
        for record in records:
            if record.event_name in EVENTS:
                matches[record.event_name, pixel].add(record.event, here, others)
    rows = [_source(event, pixel) | match.shown() for (event, pixel), match in sorted(matches.items())]
    return json_response({"data": rows})


def _source(event: str, pixel: str) -> dict[str, object]:
    return {"event": event, "event_source": {"id": pixel, "source_type": "PIXEL"}}


async def _diagnose(_: Call, catalog: Catalog) -> Response:
    groups = [
        _group("ATTRIBUTES_INVALID", "MUST_FIX", "Refused changes", (item for item in catalog.items if item.errors)),
        _group("ATTRIBUTES_MISSING", "OPPORTUNITY", "No brand, gtin or mpn", filter(_is_anonymous, catalog.items)),
    ]
    if not catalog.pixels:
        groups.append(_group("EVENT_SOURCE_ISSUES", "MUST_FIX", "No pixel is connected", catalog.items))
    return json_response({"data": [group for group in groups if group["number_of_affected_items"]]})


def _group(kind: str, severity: str, title: str, items: Iterable[Item]) -> dict[str, object]:
    return {"type": kind, "severity": severity, "title": title, "number_of_affected_items": sum(1 for _ in items)}


def _is_anonymous(item: Item) -> bool:
    return not any(item.fields.get(name) for name in ("brand", "gtin", "mpn"))
