"""
The Conversions API: `POST /{version}/{pixel_id}/events`, one function from request to answer.

Checked in this order: token, pixel, `data`, then each event; the first problem refuses the whole request.
Documented at https://developers.facebook.com/documentation/ads-commerce/conversions-api/using-the-api
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta import behaviours as b
from deploy.servers.meta.bodies import BadBody, events_of, fields_of
from deploy.servers.meta.event_rules import check_events
from deploy.servers.meta.graph import (
    LATEST_VERSION,
    GraphError,
    app_usage,
    business_usage,
    events_received,
    expired_token,
    invalid,
    new_trace,
    unknown_path,
)
from deploy.servers.meta.protocol import NoAnswer
from deploy.servers.meta.received import Delivery
from deploy.servers.meta.stage import Stage
from deploy.servers.meta.standin import StandIn

_VERSION: Final = re.compile(r"v(\d{1,3})\.\d\Z").match
_BAD_GATEWAY: Final = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_BUCKET: Final = "ads_management"
_SUBCODES: Final = {80000: 2446079, 80003: 2446079, 80004: 2446079}


def routes(standin: StandIn) -> list[Route]:
    """Serve the Conversions API from *standin*."""

    async def receive(request: Request) -> Response:
        trace = new_trace()
        try:
            response = await _answer(standin, request, trace)
        except GraphError as error:
            standin.errors[_name_of(error)] += 1
            response = error.response(trace)
        usage = standin.stage.hit(b.Usage, "usage", request.path_params["pixel_id"])
        if usage is not None:
            response.headers.update(_usage_headers(usage.percent, usage.regain_minutes))
        standin.answers["reset" if isinstance(response, NoAnswer) else str(response.status_code)] += 1
        return response

    return [Route("/{version}/{pixel_id}/events", receive, methods=["POST"])]


async def _answer(standin: StandIn, request: Request, trace: str) -> Response:
    pixel_id, stage = request.path_params["pixel_id"], standin.stage
    body = await request.body()
    await _wait(stage, pixel_id)
    if stage.hit(b.Html502, "html_502", pixel_id):
        return Response(_BAD_GATEWAY, status_code=502, media_type="text/html")
    _check_version(request.path_params["version"])
    fields = _fields(body, request)
    token = _token(fields or {}, request)
    standin.access.check_token(token)
    _misbehave(stage, pixel_id)
    standin.access.check_pixel(pixel_id, token)
    if fields is None:
        raise invalid("The request body cannot be read")
    events, now = events_of(fields), standin.clock()
    warnings = check_events(events, now=now)
    _refuse(stage, pixel_id, events)
    code = fields.get("test_event_code") or request.query_params.get("test_event_code")
    standin.take(Delivery(now, pixel_id, trace, str(code) if code else None, events, warnings))
    if stage.hit(b.ResetAfterAccept, "reset_after_accept", pixel_id):
        return NoAnswer()
    return events_received(len(events), trace)


async def _wait(stage: Stage, pixel_id: str) -> None:
    latency = stage.hit(b.Latency, "latency_ms", pixel_id)
    if latency is not None:
        await asyncio.sleep(latency.ms / 1000)
    stall = stage.hit(b.Stall, "stall_seconds", pixel_id)
    if stall is not None:
        await asyncio.sleep(stall.seconds)


def _check_version(version: str) -> None:
    match = _VERSION(version)
    if match is None or int(match[1]) > LATEST_VERSION:
        raise unknown_path()


def _fields(body: bytes, request: Request) -> Mapping[str, object] | None:
    try:
        return fields_of(body, request.headers.get("content-type", ""))
    except BadBody:
        return None


def _token(fields: Mapping[str, object], request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    query = request.query_params.get("access_token")
    if query is not None:
        return query
    return bearer.strip() if scheme.lower() == "bearer" else str(fields.get("access_token") or "")


def _misbehave(stage: Stage, pixel_id: str) -> None:
    if stage.hit(b.TokenDead, "token_dead", pixel_id):
        raise expired_token()
    throttle = stage.hit(b.Throttle, "throttle", pixel_id)
    if throttle is not None:
        raise _throttled(throttle)
    fail = stage.hit(b.Fail, "fail", pixel_id)
    if fail is not None:
        problem = "An unknown error occurred" if fail.code == 1 else "Service temporarily unavailable"
        raise GraphError(fail.code, problem, status=fail.status)


def _throttled(throttle: b.Throttle) -> GraphError:
    headers = _usage_headers(throttle.usage_percent, throttle.regain_minutes)
    if throttle.retry_after_seconds is not None:
        headers["Retry-After"] = str(throttle.retry_after_seconds)
    problem = f"(#{throttle.code}) Request limit reached"
    subcode = throttle.subcode or _SUBCODES.get(throttle.code)
    return GraphError(throttle.code, problem, subcode=subcode, headers=headers)


def _usage_headers(percent: int, regain_minutes: int) -> dict[str, str]:
    return app_usage(percent) | business_usage(percent, regain_minutes=regain_minutes, kind=_BUCKET)


def _refuse(stage: Stage, pixel_id: str, events: Sequence[Mapping[str, object]]) -> None:
    def holds_one(refuse: b.Refuse) -> bool:
        return any(refuse.refuses(event_name=event["event_name"], event_id=event.get("event_id")) for event in events)

    refuse = stage.hit(b.Refuse, "refuse", pixel_id, when=holds_one)
    if refuse is not None:
        raise GraphError(refuse.code, f"(#{refuse.code}) Invalid parameter", subcode=refuse.subcode)


def _name_of(error: GraphError) -> str:
    return str(error.code) if error.subcode is None else f"{error.code}/{error.subcode}"
