"""
Request bodies of the Graph API: bytes and a content type in, named fields out.

Three encodings carry the same fields: JSON, a multipart or urlencoded form whose `data` is a JSON array of objects,
and one whose `data` is a JSON array of JSON *strings* (what Meta's own SDK sends).
Documented at https://developers.facebook.com/documentation/ads-commerce/conversions-api/using-the-api
"""

from collections.abc import Mapping
from email import policy
from email.parser import BytesParser
from typing import Final
from urllib.parse import parse_qsl

import orjson

from deploy.servers.meta.graph import invalid

MAX_EVENTS: Final = 1000


class BadBody(ValueError):
    """The body is not what its content type says; its fields are unknown."""


def fields_of(body: bytes, content_type: str) -> Mapping[str, object]:
    """
    Read the top-level fields of a request.

    Raises:
        BadBody: the body cannot be read.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _multipart(body, content_type)
    if kind == "application/json" or (not kind and body.lstrip()[:1] == b"{"):
        return _json_object(body)
    return _urlencoded(body)


def events_of(fields: Mapping[str, object]) -> list[dict[str, object]]:
    """
    Read the events out of the field `data`.

    Raises:
        GraphError: `data` is absent, empty, too long, or holds something other than objects.
    """
    return objects_in(fields, "data", at_most=MAX_EVENTS)


def objects_in(fields: Mapping[str, object], name: str, *, at_most: int) -> list[dict[str, object]]:
    """
    Read the objects out of the field *name*.

    Raises:
        GraphError: the field is absent, empty, too long, or holds something other than objects.
    """
    listed = parsed(fields.get(name), name)
    if not isinstance(listed, list) or not listed:
        raise invalid(f"The parameter {name} is required and must be a non-empty array")
    if len(listed) > at_most:
        raise invalid(f"The parameter {name} must not have more than {at_most} items")
    objects = [parsed(item, name) for item in listed]
    return [each if isinstance(each, dict) else _refuse(name) for each in objects]


def parsed(value: object, name: str) -> object:
    """
    Read the parameter *name*, which forms carry as a text of JSON.

    Raises:
        GraphError: it is not JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise invalid(f"The parameter {name} must be JSON") from None


def _refuse(name: str) -> dict[str, object]:
    raise invalid(f"Each item of {name} must be an object")


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadBody from None
    if not isinstance(fields, dict):
        raise BadBody
    return fields


def _urlencoded(body: bytes) -> Mapping[str, object]:
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:  # also UnicodeDecodeError
        raise BadBody from None


def _multipart(body: bytes, content_type: str) -> Mapping[str, object]:
    head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise BadBody
    fields: dict[str, object] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise BadBody
        fields[name] = _text(content)
    return fields


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadBody from None
