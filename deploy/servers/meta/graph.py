"""
What the Graph API says: its errors, its answers and its usage headers.

Sources: https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

import secrets
from collections.abc import Mapping
from typing import Final

import orjson
from starlette.responses import Response

LATEST_VERSION: Final = 26

INVALID_PARAMETER: Final = 100
UNKNOWN_PATH: Final = 2500
MISSING_OBJECT: Final = 33
TIMESTAMP_TOO_OLD: Final = 2804003
PURCHASE_WITHOUT_VALUE: Final = 2804009
INSUFFICIENT_CUSTOMER: Final = 2804050
TITLES: Final = {
    TIMESTAMP_TOO_OLD: "Event Timestamp Too Old",
    PURCHASE_WITHOUT_VALUE: "Missing Value for Purchase Event",
    INSUFFICIENT_CUSTOMER: "You haven't added sufficient customer information parameter data",
}
# "API unknown" and "service temporarily down".
TRANSIENT: Final = frozenset({1, 2})


class GraphError(Exception):
    """An answer of the Graph API that is not a success. Never says which event of a batch is at fault."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        subcode: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.status = code, subcode, status
        self.message = message
        self.headers = dict(headers or {})

    def response(self, trace: str) -> Response:
        """Answer with the error envelope of the Graph API."""
        error: dict[str, object] = {"message": self.message, "type": "OAuthException", "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.code in TRANSIENT
        if self.subcode in TITLES:
            error |= {"error_user_title": TITLES[self.subcode], "error_user_msg": self.message}
        error["fbtrace_id"] = trace
        return json_response({"error": error}, status=self.status, headers=self.headers)


def invalid(problem: str, *, subcode: int | None = None) -> GraphError:
    """Refuse the whole request: code 100."""
    return GraphError(INVALID_PARAMETER, f"(#100) {problem}", subcode=subcode)


def unknown_path() -> GraphError:
    """Say that nothing lives at this address: code 2500."""
    return GraphError(UNKNOWN_PATH, "(#2500) Unknown path components")


def unknown_object(object_id: str) -> GraphError:
    """Say that the object is missing, or that the token may not use it: 100/33."""
    problem = (
        f"Unsupported post request. Object with ID '{object_id}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation"
    )
    return GraphError(INVALID_PARAMETER, problem, subcode=MISSING_OBJECT)


def unreadable_token() -> GraphError:
    """Refuse an absent or unknown token: HTTP 401, code 190, no subcode."""
    return GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)


def expired_token() -> GraphError:
    """Refuse a token that used to work: 190/463."""
    problem = "Error validating access token: Session has expired"
    return GraphError(190, problem, status=401, subcode=463)


def new_trace() -> str:
    """Make an id of the shape Meta's `fbtrace_id` has."""
    return "A" + secrets.token_urlsafe(16)


def events_received(count: int, trace: str) -> Response:
    """Answer that *count* events were taken; copies of earlier events are counted too."""
    return json_response({"events_received": count, "messages": [], "fbtrace_id": trace})


def json_response(content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer *content* as JSON."""
    return Response(orjson.dumps(content), status_code=status, headers=headers, media_type="application/json")


def app_usage(percent: int) -> dict[str, str]:
    """Build `X-App-Usage`: whole percents of a rolling hour."""
    usage = {"call_count": percent, "total_time": percent, "total_cputime": percent}
    return {"X-App-Usage": orjson.dumps(usage).decode()}


def business_usage(percent: int, *, regain_minutes: int, kind: str) -> dict[str, str]:
    """Build `X-Business-Use-Case-Usage`, which alone says how many minutes until calls are taken again."""
    usage = {
        "type": kind,
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": regain_minutes,
        "ads_api_access_tier": "development_access",
    }
    return {"X-Business-Use-Case-Usage": orjson.dumps({"100000000000001": [usage]}).decode()}
