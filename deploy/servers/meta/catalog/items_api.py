"""
The items of a catalog: `GET|POST /{version}/{catalog_id}/products`, `GET|POST|DELETE /{version}/{item_id}`.

Documented at https://developers.facebook.com/docs/marketing-api/reference/product-item. A price is shown as it was
sent ("9.99 USD"); how Meta formats it is not established.
"""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.item_rules import judge, missing, of_request
from deploy.servers.meta.catalog.items import Item
from deploy.servers.meta.catalog.parameters import Fields, names_in, number_of, object_of, text_of
from deploy.servers.meta.catalog.quotas import counted
from deploy.servers.meta.catalog.shown import DEFAULT_FIELDS, shown_item
from deploy.servers.meta.graph import invalid, json_response
from deploy.servers.meta.standin import StandIn

MAX_PAGE: Final = 1000
_PAGE: Final = 25


def routes(standin: StandIn) -> list[Route]:
    """Serve the items of catalogs from *standin*."""
    listed = endpoint(standin, "products", counted("management_quota", 80009, _list))
    made = endpoint(standin, "products", counted("management_quota", 80009, _make))
    return [
        Route("/{version}/{object_id}/products", listed, methods=["GET"]),
        Route("/{version}/{object_id}/products", made, methods=["POST"]),
    ]


async def _list(call: Call, catalog: Catalog) -> Response:
    fields = call.fields
    limit = number_of(fields, "limit", default=_PAGE, at_most=MAX_PAGE)
    wanted = _wanted(object_of(fields, "filter"))
    after = text_of(fields, "after") or "0"
    if not after.isdecimal():
        raise invalid("The parameter after must be a cursor of this listing")
    found = _page(catalog, int(after), limit + 1, wanted)
    page, more = found[:limit], len(found) > limit
    names = names_in(fields, default=DEFAULT_FIELDS)
    answer: dict[str, object] = {"data": [shown_item(item, names) for item in page]}
    if page:
        cursors = {"before": str(page[0].number), "after": str(page[-1].number)}
        answer["paging"] = {"cursors": cursors}
        if more:
            following = call.request.url.include_query_params(after=cursors["after"])
            answer["paging"] = {"cursors": cursors, "next": str(following)}
    if "summary" in fields:
        answer["summary"] = {"total_count": len(catalog.items)}
    return json_response(answer)


async def _make(call: Call, catalog: Catalog) -> Response:
    fields = _batch_names(call.fields)
    item_id = text_of(call.fields, "retailer_id")
    problems = missing(of_request(item_id), fields) or judge(fields).errors
    if not item_id or problems:
        raise invalid(problems[0] if problems else "The parameter retailer_id is required")
    item = catalog.items.get(item_id)
    if item is None:
        item = Item(catalog.number(), item_id, fields, call.standin.clock())
        catalog.items.add(item)
    else:
        catalog.items.change(item, item.fields | fields, at=call.standin.clock())
    return json_response({"id": str(item.number)})


def _page(catalog: Catalog, after: int, limit: int, wanted: Callable[[Item], bool]) -> list[Item]:
    found: list[Item] = []
    while len(found) < limit and (chunk := catalog.items.page(after=after, limit=MAX_PAGE + 1)):
        found += filter(wanted, chunk)
        after = chunk[-1].number
    return found[:limit]


def _wanted(rule: Mapping[str, object]) -> Callable[[Item], bool]:
    """Read a filter: by retailer's id alone, as `eq` or `is_any`."""
    if not rule:
        return lambda _: True
    test = rule.get("retailer_id")
    if len(rule) != 1 or not isinstance(test, dict) or len(test) != 1:
        raise invalid("The parameter filter is only understood by retailer_id")
    ((operator, value),) = test.items()
    if operator == "eq":
        return lambda item: item.retailer_id == value
    if operator == "is_any" and isinstance(value, list):
        among = frozenset(map(str, value))
        return lambda item: item.retailer_id in among
    raise invalid("The parameter filter is only understood with eq or is_any")


def _batch_names(fields: Fields) -> dict[str, object]:
    """Say what the edge `products` calls by older names, and its price in minor units, as batches do."""
    price = text_of(fields, "price")
    if not price.isdecimal():
        raise invalid("The parameter price must be a whole number of minor units")
    found: dict[str, object] = {
        "id": text_of(fields, "retailer_id"),
        "title": text_of(fields, "name"),
        "description": text_of(fields, "description") or text_of(fields, "name"),
        "availability": text_of(fields, "availability") or "in stock",
        "condition": text_of(fields, "condition") or "new",
        "price": f"{int(price) / 100:.2f} {text_of(fields, 'currency')}",
        "link": text_of(fields, "url"),
        "image_link": text_of(fields, "image_url"),
    }
    return found
