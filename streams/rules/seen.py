"""Remembers the last events of one browser, to know one that comes twice.

Of each a digest and one byte, 1 if it came late, in one string of bytes: the oldest are forgotten first.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

SEEN_EVENTS: Final = 128

_DIGEST: Final = 8
_STRIDE: Final = _DIGEST + 1


def was_seen(seen: bytes, event_id: str) -> bool | None:
    """Tell whether the event was among the last *seen*: None if not, else whether it had come late."""
    digest = _digest(event_id)
    found = seen.find(digest)
    while found >= 0 and found % _STRIDE:
        found = seen.find(digest, found + 1)
    return None if found < 0 else seen[found + _DIGEST] == 1


def with_seen(seen: bytes, event_id: str, late: bool) -> bytes:
    """Remember an event, and whether it came *late*."""
    return (seen + _digest(event_id) + (b"\1" if late else b"\0"))[-SEEN_EVENTS * _STRIDE :]


@lru_cache(maxsize=256)
def _digest(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=_DIGEST).digest()
