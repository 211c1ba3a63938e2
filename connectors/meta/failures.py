"""The one table of what Meta's errors mean to a sender, and how an answer is read; pure.

In: HTTP status, headers and body. Out: `Accepted`, or a `Failure` of one kind. Texts are never matched:
Meta translates them.
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, get_args

import orjson

from connectors.meta.usage import pause_seconds

Kind = Literal[
    # One event of the batch is bad, Meta does not say which: bisect; alone, it is refused.
    "permanent",
    # It may work in a moment: the same events again, after a growing wait.
    "transient",
    # Meta wants no calls for a while; calling anyway makes it longer.
    "throttled",
    # The token, or what it may do, or where it points, is wrong: the destination stops until a person acts.
    "token",
    # Meta refuses whatever comes, see `connectors.meta.suspicion`: something is wrong that no event is to blame for.
    "refusing",
    # The request is too large as it is: halve it.
    "split",
]

RefuseReason = Literal[
    # Meta read the event alone and refused it.
    "refused_by_meta",
    # 100/2804003, 100/2804009 and 100/2804050: what `validation` should have seen.
    "refused_as_too_old",
    "refused_without_value",
    "refused_for_little_user_data",
    # Meta kept failing on this very event while it took others.
    "kept_failing",
]
REFUSE_REASONS: Final[tuple[str, ...]] = get_args(RefuseReason)


class Accepted(NamedTuple):
    """Meta took the batch. *pause_seconds*: how long its usage headers ask us to rest before the next.

    *messages*: how many remarks came with the answer.
    """

    http_status: int
    trace_id: str | None
    pause_seconds: float = 0.0
    messages: int = 0


class Failure(NamedTuple):
    """Meta did not take the batch; no event of it counts. *detail* is one of ours, never Meta's text."""

    kind: Kind
    http_status: int | None = None
    code: int | None = None
    subcode: int | None = None
    trace_id: str | None = None
    pause_seconds: float = 0.0
    detail: str = ""


# Codes: https://developers.facebook.com/docs/graph-api/guides/error-handling, limits (80000 to 80014):
# https://developers.facebook.com/docs/graph-api/overview/rate-limiting, 104:
# https://developers.facebook.com/docs/marketing-api/error-reference, 5000 and 21009: RudderStack's table, which retries
BY_CODE: Final[Mapping[int, Kind]] = {
    1: "transient",  # unknown, possibly a downtime; not transient by `is_transient`: too much data, see `_kind`
    2: "transient",  # service temporarily down
    3: "token",  # the application lacks the capability
    4: "throttled",  # application limit
    10: "token",  # permission not granted, or removed
    17: "throttled",  # user limit
    32: "throttled",  # page limit
    102: "token",  # session key invalid
    104: "token",  # incorrect signature: the app wants an `appsecret_proof`, which we do not send
    190: "token",  # access token expired, revoked or unreadable; subcodes 452 to 467 say how
    200: "token",  # 200 to 299: a permission
    341: "throttled",  # application limit
    368: "throttled",  # temporarily blocked for policy
    613: "throttled",  # custom limit
    2500: "token",  # unknown path: a setting of ours, not an event
    # The version of the Graph API is one no more:
    # https://developers.facebook.com/blog/post/2024/04/16/upcoming-change-in-marketing-api-version-deprecation
    2635: "token",
    5000: "transient",  # unknown
    21009: "transient",  # not documented
}
PERMISSIONS: Final = range(200, 300)
BUSINESS_LIMITS: Final = frozenset({80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014})
# The pixel does not exist or the token may not write to it.
MISSING_OBJECT: Final = (100, 33)

# Subcodes of 100 (invalid parameter), from observed answers and RudderStack's table.
REFUSALS: Final[Mapping[int, RefuseReason]] = {
    2804003: "refused_as_too_old",
    2804009: "refused_without_value",
    2804050: "refused_for_little_user_data",
}


def refuse_reason(failure: Failure) -> RefuseReason:
    """Name why an event that was sent alone was refused."""
    return REFUSALS.get(failure.subcode or 0, "refused_by_meta")


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Accepted | Failure:
    """Read Meta's answer; what is no JSON of the Graph API, whatever its status, is a proxy's and `transient`."""
    answer = _parsed(body)
    error = answer.get("error")
    if isinstance(error, dict):
        return _failure(status, headers, error)
    if 200 <= status < 300 and isinstance(answer.get("events_received"), int):
        rest, messages = pause_seconds(headers, throttled=False), answer.get("messages")
        remarks = len(messages) if isinstance(messages, list) else 0
        return Accepted(status, _text(answer.get("fbtrace_id")), rest, remarks)
    if status == 413:
        return Failure("split", status, detail="too large")
    return _no_answer(status, headers)


def read_object(status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any] | Failure:
    """Read an answer of the Graph API that is any JSON object, such as those about catalogs."""
    answer = _parsed(body)
    error = answer.get("error")
    if isinstance(error, dict):
        return _failure(status, headers, error)
    if 200 <= status < 300 and answer:
        return answer
    return Failure("split", status, detail="too large") if status == 413 else _no_answer(status, headers)


def _no_answer(status: int, headers: Mapping[str, str]) -> Failure:
    wait = pause_seconds(headers, throttled=status == 429)
    kind: Kind = "throttled" if status == 429 else "token" if status in (401, 403) else "transient"
    return Failure(kind, status, pause_seconds=wait, detail="no answer of the Graph API")


def _failure(status: int, headers: Mapping[str, str], error: Mapping[str, Any]) -> Failure:
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    kind = _kind(code, subcode, error.get("is_transient"), status)
    wait = pause_seconds(headers, throttled=kind == "throttled")
    return Failure(kind, status, code, subcode, _text(error.get("fbtrace_id")), wait)


def _kind(code: int | None, subcode: int | None, is_transient: object, status: int) -> Kind:
    if code in BUSINESS_LIMITS:
        return "throttled"
    if (code, subcode) == MISSING_OBJECT or code in PERMISSIONS:
        return "token"
    if code == 1 and is_transient is False:
        return "split"
    known = BY_CODE.get(code) if code is not None else None
    if known is not None:
        return known
    return "transient" if is_transient is True or status >= 500 else "throttled" if status == 429 else "permanent"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
