"""What the door answers: JSON for machines, CORS for browsers, a status for every kind of refusal."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

import orjson
from starlette.responses import Response

from connectors.ingest.batches import Refusal
from schemas.errors import Reason, TerminalError, TransientError

CORS: Final = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "retry-after",  # else no page can read when to come again
    "cross-origin-resource-policy": "cross-origin",
}
PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "content-type, content-encoding",
    "access-control-max-age": "86400",
}
RETRY_SECONDS: Final = 1.0
"""When a sender may come again, unless we know better."""

_STATUS: Final[dict[Reason, int]] = {"too_large": 413, "unknown_shop": 404, "bad_signature": 401}


def accepted(count: int, refusals: Sequence[Refusal] = ()) -> Response:
    """Answer 202 if any event was accepted, else 400; each refused one with its index, reason and field."""
    return _outcome(202 if count else 400, count, refusals)


def refused(why: TerminalError) -> Response:
    """Answer that nothing of the request was accepted; 413, 404 or 401 where HTTP has a word for it."""
    return _outcome(_STATUS.get(why.reason, 400), 0, [Refusal(0, why.reason, why.field, why.detail)])


def come_again(why: TransientError) -> Response:
    """Answer 503 with Retry-After; nothing is known to be accepted."""
    seconds = max(1, ceil(why.retry_after or RETRY_SECONDS))
    content = {"accepted": 0, "rejected": [], "error": "unavailable", "retry_after_seconds": seconds}
    return Response(
        orjson.dumps(content), 503, media_type="application/json", headers={"retry-after": str(seconds), **CORS}
    )


def problem(status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
    """Answer a request that is none of ours."""
    content = orjson.dumps({"error": error})
    return Response(content, status, media_type="application/json", headers={**(headers or {}), **CORS})


def _outcome(status: int, count: int, refusals: Sequence[Refusal]) -> Response:
    rejected = [{"index": each.index, "reason": each.reason, "field": each.field} for each in refusals]
    content = orjson.dumps({"accepted": count, "rejected": rejected})
    return Response(content, status, media_type="application/json", headers=CORS)
