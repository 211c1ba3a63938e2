"""Completes /openapi.json: every route of /v1 wants a token, and tells every error in one form."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI

_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What kind of error it is, in one word."},
        "detail": {"type": "string", "description": "More about it, in words."},
        "fields": {"type": "array", "items": {"type": "string"}, "description": "Names of what is missing or wrong."},
    },
}
_CONTENT: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
_EVERYWHERE: Final = {
    "401": "No token, or one that is not known.",
    "403": "The token is not for this shop, or may change nothing.",
    "422": "Parameters are unknown or wrong: `fields` names them.",
}
_FASTAPIS_OWN: Final = ("HTTPValidationError", "ValidationError")


def describe_errors(app: FastAPI) -> None:
    """Let *app* tell of the errors that its guard and its handlers answer with, and not of FastAPI's own."""
    made = app.openapi

    def completed() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = made()
            for operation in _operations(described):
                _add_errors(operation)
            known = described.setdefault("components", {}).setdefault("schemas", {})
            described["components"]["schemas"] = {
                name: each for name, each in known.items() if name not in _FASTAPIS_OWN
            } | {"Error": _ERROR}
            app.openapi_schema = described
        return app.openapi_schema

    app.openapi = completed  # type: ignore[method-assign]  # as FastAPI documents it


def _operations(described: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in described["paths"].values() for operation in path.values()]


def _add_errors(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status, description in _EVERYWHERE.items():
        own = responses.get(status, {}).get("description", "Validation Error")
        responses[status] = {"description": description if own == "Validation Error" else own}
    if "requestBody" in operation:
        responses.setdefault("400", {"description": "The body is not UTF-8."})
    for status, response in responses.items():
        if status >= "400":
            response["content"] = _CONTENT
