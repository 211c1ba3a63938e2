"""What was refused, as `records.rejected` keeps it: the very bytes, the reason and the field, never in a log."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from json import JSONDecoder
from typing import Final, NamedTuple

from connectors.ingest.batches import Refusal
from schemas.errors import TerminalError
from schemas.identifiers import rejection_id
from schemas.records import EpochMillis, Rejected

KEPT_BYTES: Final = 262_144
"""Of one refused event or body; the rest is cut off, and the detail says so."""


class Origin(NamedTuple):
    """Where bytes came from. *shop_id* is '' when not even that is known."""

    shop_id: str
    content_type: str | None
    received_at: EpochMillis


def of_events(body: bytes, refusals: Sequence[Refusal], origin: Origin) -> list[Rejected]:
    """Keep each refused event of *body*, an event or an array of events; once the whole where it cannot be cut."""
    if not refusals:
        return []
    if body.lstrip()[:1] != b"[":
        return [_rejected(body, refusals[0], origin)]
    if (listed := _elements(body)) is None:
        told = f"the first of {len(refusals)} that were refused of this body"
        return [_rejected(body, replace(refusals[0], detail=told), origin)]
    return [_rejected(listed[each.index], each, origin) for each in refusals]


def of_body(body: bytes, why: TerminalError, origin: Origin) -> Rejected:
    """Keep a *body* that could not be read at all."""
    return _rejected(body, Refusal(0, why.reason, why.field, why.detail), origin)


def _rejected(content: bytes, refusal: Refusal, origin: Origin) -> Rejected:
    cut = f"cut off: {len(content)} bytes" if len(content) > KEPT_BYTES else ""
    digest = sha256(content).hexdigest()
    return Rejected(
        rejection_id=rejection_id(
            "ingest", origin.shop_id, digest, str(refusal.index), refusal.field, str(origin.received_at)
        ),
        shop_id=origin.shop_id,
        stage="ingest",
        reason=refusal.reason,
        field=refusal.field or None,
        detail="; ".join(part for part in (refusal.detail, cut) if part) or None,
        payload=content[:KEPT_BYTES],
        content_type=origin.content_type,
        topic=None,
        partition=None,
        offset=None,
        received_at=origin.received_at,
    )


def _elements(body: bytes) -> list[bytes] | None:
    """Cut a valid JSON array into the bytes of its elements; nothing when it is too deep to be cut."""
    text, decoder, found = body.decode(), JSONDecoder(), []
    position = _next(text, text.index("[") + 1)
    while text[position] != "]":
        try:
            _, end = decoder.raw_decode(text, position)
        except (RecursionError, ValueError):
            return None
        found.append(text[position:end].encode())
        position = _next(text, end)
        if text[position] == ",":
            position = _next(text, position + 1)
    return found


def _next(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position
