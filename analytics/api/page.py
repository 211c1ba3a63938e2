"""The page at /docs: what /openapi.json tells machines goes in, HTML for people comes out. It loads nothing more."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "summary{cursor:pointer;padding:.25em 0}table{border-collapse:collapse;margin:.5em 0 1.5em 1em}"
    "td,th{text-align:left;vertical-align:top;padding:.15em 1em .15em 0}code{white-space:nowrap}"
)
_HEAD: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>storestream</title>'
    f"<style>{_STYLE}</style><h1>What can be asked</h1>"
    "<p>Under /v1 the header <code>Authorization: Bearer TOKEN</code> says who asks. "
    'For machines: <a href="openapi.json">openapi.json</a>.</p>'
)


def page(openapi: Mapping[str, Any]) -> str:
    """Write *openapi* as HTML: a line for each address, its parameters beneath."""
    told = [
        _operation(method.upper(), path, operation)
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    ]
    return _HEAD + "".join(told)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(_row(each) for each in operation.get("parameters", ()) if each["in"] == "query")
    table = f"<table><tr><th>parameter<th>values<th>unless told<th>meaning{rows}</table>" if rows else ""
    summary = escape(operation.get("summary", ""))
    return f"<details><summary><code>{method} {escape(path)}</code><br>{summary}</summary>{table}</details>"


def _row(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    default = schema.get("default")
    texts = (
        parameter["name"],
        _values(schema),
        "must be told" if parameter["required"] else ",".join(default) if isinstance(default, list) else default,
        schema.get("description", ""),
    )
    return "<tr>" + "".join(f"<td>{'' if each is None else escape(str(each))}" for each in texts)


def _values(schema: Mapping[str, Any]) -> str:
    """Say which values there are; of one that may be null, those that are not."""
    schema = next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "minimum" in schema or "maximum" in schema:
        return f"{schema.get('minimum', '…')} to {schema.get('maximum', '…')}"
    return "several, with commas" if schema.get("type") == "array" else str(schema.get("type", ""))
