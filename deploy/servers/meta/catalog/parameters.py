"""Parameters of the catalog API: what an address, a form or JSON says, as texts, truths, numbers, objects."""

from collections.abc import Mapping
from typing import Final

from deploy.servers.meta.bodies import parsed
from deploy.servers.meta.graph import invalid

Fields = Mapping[str, object]
_FLAGS: Final[Mapping[object, bool]] = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}


def text_of(fields: Fields, name: str) -> str:
    """Read a text; empty when it is absent."""
    value = fields.get(name)
    return "" if value is None else str(value)


def flag_of(fields: Fields, name: str, *, default: bool) -> bool:
    """
    Read a truth.

    Raises:
        GraphError: it is neither true nor false.
    """
    value = fields.get(name, default)
    value = value.lower() if isinstance(value, str) else value
    if not isinstance(value, bool | int | str) or value not in _FLAGS:
        raise invalid(f"The parameter {name} must be true or false")
    return _FLAGS[value]


def number_of(fields: Fields, name: str, *, default: int, at_most: int) -> int:
    """
    Read a whole number from 1 on; *at_most* is what Meta gives, not an error.

    Raises:
        GraphError: it is not such a number.
    """
    text = text_of(fields, name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise invalid(f"The parameter {name} must be a number over 0")
    return min(int(text), at_most)


def object_of(fields: Fields, name: str) -> dict[str, object]:
    """
    Read an object; empty when it is absent.

    Raises:
        GraphError: it is something else.
    """
    value = parsed(fields.get(name), name) or {}
    if not isinstance(value, dict):
        raise invalid(f"The parameter {name} must be an object")
    return value


def names_in(fields: Fields, *, default: str) -> list[str]:
    """Read the parameter `fields`: which ones of an object are asked for, without what they are asked about."""
    return [
        name.strip().partition("{")[0] for name in (text_of(fields, "fields") or default).split(",") if name.strip()
    ]
