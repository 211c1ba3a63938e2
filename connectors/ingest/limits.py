"""How much JSON we read: bytes in, a value of bounded depth, breadth, length and number size out.

orjson itself refuses NaN, infinities, broken UTF-8, lone surrogates and more than 1,024 levels.
"""

from typing import Any, Final

import orjson

from schemas.errors import TerminalError

DEPTH: Final = 128
"""Levels; the tree of a page, as `advanced_dom_available` tells it, has two for each of its own."""
VALUES: Final = 20_000
TEXT: Final = 65_536
"""Characters."""
KEY: Final = 255
"""Characters."""
NUMBER: Final = 2.0**64
"""Larger than any id; also what a longer integer has become when it is read."""

_SAID_TOO_LARGE: Final = ("depth limit", "infinity")


def parse_json(body: bytes) -> Any:
    """Read *body*.

    Raises:
        TerminalError: `bad_json` or `too_large`, for the field `body`.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        large = any(words in exc.msg for words in _SAID_TOO_LARGE)
        raise TerminalError("too_large" if large else "bad_json", "body") from None


def check(value: Any) -> None:
    """Let *value* pass if it is within all limits.

    Raises:
        TerminalError: `too_large`, for the path of the first member that is not.
    """
    if not _fits(value):
        raise TerminalError("too_large", ".".join(_path_to_misfit(value)))


def _fits(value: Any) -> bool:
    level: list[Any] = [[value]]
    depth, left = 0, VALUES
    while level:
        depth += 1
        below: list[Any] = []
        for container in level:
            left -= len(container)
            members: Any = container
            if type(container) is dict:
                if max(map(len, container), default=0) > KEY:
                    return False
                members = container.values()
            for member in members:
                kind = type(member)
                if kind is str:
                    if len(member) > TEXT:
                        return False
                elif kind is dict or kind is list:
                    below.append(member)
                elif member is not None and not -NUMBER < member < NUMBER:
                    return False
        if depth > DEPTH or left < 0:
            return False
        level = below
    return True


def _path_to_misfit(value: Any) -> list[str]:
    """Follow what does not fit on its own, as deep as it can be told; senders' own keys are shown as `*`."""
    path: list[str] = []
    while isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        found = next(((key, member) for key, member in members if not _fits(member)), None)
        if found is None or len(path) == DEPTH:
            break
        key, value = found
        path.append(str(key) if isinstance(key, int) or (key.isidentifier() and len(key) <= 40) else "*")
        if len(path) == 8:
            break
    return path or ["body"]
