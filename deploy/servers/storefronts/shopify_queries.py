"""Answers the Admin API's plain queries from the lines of a bulk operation's file: the same shop, asked in another way.

Only what was asked for is answered, pages are as long as `first` says, and a query that costs too much is refused:
https://shopify.dev/docs/api/usage/limits#graphql-admin-api-rate-limits
"""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

MOST_POINTS: Final = 1_000
MOST_OF_A_PAGE: Final = 250
_TOKEN: Final = re.compile(r"\.\.\.|\$?\w+|[{}():]")
_PARTS: Final = {
    "ProductImage": "images",
    "Collection": "collections",
    "Metafield": "metafields",
    "ProductVariant": "variants",
}

Line = Mapping[str, Any]


class Field(NamedTuple):
    """A field that is asked for; *fields*: of what it holds, none where it is a plain value."""

    name: str
    arguments: dict[str, Any]
    fields: "tuple[Field, ...]"

    @property
    def points(self) -> int:
        """Say what it may cost: an object 1, and a connection as much as all that a full page may hold."""
        if not self.fields or self.name == "pageInfo":
            return 0
        within = sum(each.points for each in self.fields)
        if "first" in self.arguments:
            return int(self.arguments["first"]) * within
        return len(self.arguments.get("ids", "1")) * (1 + within)


def answer(lines: Sequence[Line], query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Answer *query* as the API does, with status 200 also where it refuses."""
    try:
        fields = read(query, variables)
        points = sum(field.points for field in fields)
        if points > MOST_POINTS:
            return _refusal("MAX_COST_EXCEEDED")
        told = {field.name: _shown(_root(lines, field), field) for field in fields}
    except (IndexError, KeyError, ValueError):
        return _refusal("GRAPHQL_VALIDATION_FAILED")
    return {"data": told, "extensions": {"cost": {"requestedQueryCost": points}}}


def read(query: str, variables: Mapping[str, Any]) -> tuple[Field, ...]:
    """Read the fields of a query without aliases. Raises `IndexError`, `KeyError` or `ValueError` where it is none."""
    tokens = deque(_TOKEN.findall(query[query.index("{") :]))
    fields = _selection(tokens, variables)
    if tokens:
        raise ValueError("something follows the query")
    return fields


def _selection(tokens: deque[str], variables: Mapping[str, Any]) -> tuple[Field, ...]:
    if tokens.popleft() != "{":
        raise ValueError("no selection")
    fields: list[Field] = []
    while (name := tokens.popleft()) != "}":
        if name == "...":  # `... on Product`: all that can be asked for in this way is of that type
            tokens.popleft(), tokens.popleft()
            fields += _selection(tokens, variables)
            continue
        arguments = _arguments(tokens, variables) if tokens[0] == "(" else {}
        fields.append(Field(name, arguments, _selection(tokens, variables) if tokens[0] == "{" else ()))
    return tuple(fields)


def _arguments(tokens: deque[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    tokens.popleft()
    while (name := tokens.popleft()) != ")":
        if tokens.popleft() != ":":
            raise ValueError("no argument")
        value = tokens.popleft()
        arguments[name] = variables[value[1:]] if value.startswith("$") else int(value)
    return arguments


def _root(lines: Sequence[Line], field: Field) -> Any:
    if field.name == "nodes":
        return [_product(lines, each) for each in field.arguments["ids"]]
    asked = field.arguments["id"]
    if field.name == "node":
        return _product(lines, asked)
    if field.name == "inventoryItem":
        of = [line for line in lines if line.get("inventoryItem", {}).get("id") == asked]
        variants = [{**line, "product": {"id": line["__parentId"]}} for line in of]
        return {"id": asked, "variants": variants} if of else None
    if field.name == "collection":
        members = [{"id": line["__parentId"]} for line in lines if line["id"] == asked]
        return {"id": asked, "products": members} if members else None
    raise KeyError(field.name)


def _product(lines: Sequence[Line], product_id: str) -> dict[str, Any] | None:
    head = next((line for line in lines if line["id"] == product_id and "__parentId" not in line), None)
    if head is None:
        return None
    product: dict[str, Any] = dict(head) | {name: [] for name in _PARTS.values()}
    for line in lines:
        if line.get("__parentId") == product_id:
            product[_PARTS[line["id"].split("/")[3]]].append(line)
    return product


def _shown(thing: Any, field: Field) -> Any:
    """Leave out what was not asked for."""
    if thing is None or not field.fields:
        return thing
    if isinstance(thing, list):
        if "first" not in field.arguments:
            return [_shown(each, field) for each in thing]
        thing = _page(thing, field.arguments)
    return {each.name: _shown(thing.get(each.name), each) for each in field.fields}


def _page(things: list[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    if arguments["first"] > MOST_OF_A_PAGE:
        raise ValueError("too long a page")
    begin = int(arguments.get("after", 0))
    end = begin + int(arguments["first"])
    return {"nodes": things[begin:end], "pageInfo": {"hasNextPage": end < len(things), "endCursor": str(end)}}


def _refusal(code: str) -> dict[str, Any]:
    return {"errors": [{"message": "refused", "extensions": {"code": code}}]}
