"""
One call of the Graph API from request to answer: what every edge does before and after its own work.

In this order: the ways to misbehave that need no reading, the version, the token, the ways to misbehave that need it;
then the edge answers, and usage headers are added.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from deploy.servers.meta import behaviours as b
from deploy.servers.meta.bodies import BadBody, fields_of
from deploy.servers.meta.graph import (
    LATEST_VERSION,
    GraphError,
    app_usage,
    business_usage,
    expired_token,
    invalid,
    new_trace,
    unknown_path,
)
from deploy.servers.meta.protocol import NoAnswer
from deploy.servers.meta.standin import StandIn

B = TypeVar("B", bound=b.Behaviour)
_VERSION: Final = re.compile(r"v(\d{1,3})\.\d\Z").match
_BAD_GATEWAY: Final = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_BUCKET: Final = "ads_management"
_SUBCODES: Final = {80000: 2446079, 80003: 2446079, 80004: 2446079}


@dataclass(frozen=True)
class Call:
    """A request whose token is known. `edge` is the last part of its path, `size` that of its body in bytes."""

    standin: StandIn
    request: Request
    edge: str
    trace: str
    token: str
    size: int
    body_fields: Mapping[str, object] | None

    @property
    def object_id(self) -> str:
        """The object that is called: a pixel, a catalog, a feed, …"""
        return str(self.request.path_params["object_id"])

    @property
    def fields(self) -> Mapping[str, object]:
        """
        The parameters: of the address, then of the body.

        Raises:
            GraphError: the body cannot be read.
        """
        if self.body_fields is None:
            raise invalid("The request body cannot be read")
        return dict(self.request.query_params) | dict(self.body_fields)

    def hit(self, kind: type[B], name: str, *, when: Callable[[B], bool] = lambda _: True) -> B | None:
        """Take one hit of the behaviour *name*, as `Stage.hit`."""
        return hit(self.standin, self.request, self.edge, kind, name, when=when)


Answer = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(standin: StandIn, edge: str, answer: Answer) -> Endpoint:
    """Serve calls of *edge* by *answer*."""
    return partial(_served, standin, edge, answer)


def hit(
    standin: StandIn,
    request: Request,
    edge: str,
    kind: type[B],
    name: str,
    *,
    when: Callable[[B], bool] = lambda _: True,
) -> B | None:
    """Take one hit of the behaviour *name* on a request to *edge*, as `Stage.hit`."""
    target = request.path_params["object_id"]
    return standin.stage.hit(kind, name, target, when=lambda played: played.edge in (None, edge) and when(played))


def usage_headers(percent: int, regain_minutes: int, *, kind: str = _BUCKET) -> dict[str, str]:
    """Build both headers that say how much of a limit is used up."""
    return app_usage(percent) | business_usage(percent, regain_minutes=regain_minutes, kind=kind)


async def _served(standin: StandIn, edge: str, answer: Answer, request: Request) -> Response:
    trace = new_trace()
    try:
        response = await _answered(standin, edge, answer, request, trace)
    except GraphError as error:
        standin.errors[_name_of(error)] += 1
        response = error.response(trace)
    except ClientDisconnect:  # it was killed before it had said all: nobody is there to be answered
        standin.answers["gone"] += 1
        return Response(status_code=400)
    usage = hit(standin, request, edge, b.Usage, "usage")
    if usage is not None:
        response.headers.update(usage_headers(usage.percent, usage.regain_minutes))
    standin.answers["reset" if isinstance(response, NoAnswer) else str(response.status_code)] += 1
    return response


async def _answered(standin: StandIn, edge: str, answer: Answer, request: Request, trace: str) -> Response:
    body = await request.body()
    await _wait(standin, edge, request)
    if hit(standin, request, edge, b.Html502, "html_502"):
        return Response(_BAD_GATEWAY, status_code=502, media_type="text/html")
    _check_version(request.path_params["version"])
    fields = _fields(body, request)
    token = _token(fields or {}, request)
    standin.access.check_token(token)
    call = Call(standin, request, edge, trace, token, len(body), fields)
    _misbehave(call)
    response = await answer(call)
    return NoAnswer() if call.hit(b.ResetAfterAccept, "reset_after_accept") else response


async def _wait(standin: StandIn, edge: str, request: Request) -> None:
    latency = hit(standin, request, edge, b.Latency, "latency_ms")
    if latency is not None:
        await asyncio.sleep(latency.ms / 1000)
    stall = hit(standin, request, edge, b.Stall, "stall_seconds")
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


def _misbehave(call: Call) -> None:
    if call.hit(b.TokenDead, "token_dead"):
        raise expired_token()
    throttle = call.hit(b.Throttle, "throttle")
    if throttle is not None:
        raise _throttled(throttle)
    fail = call.hit(b.Fail, "fail")
    if fail is not None:
        problem = "An unknown error occurred" if fail.code == 1 else "Service temporarily unavailable"
        raise GraphError(fail.code, problem, status=fail.status)


def _throttled(throttle: b.Throttle) -> GraphError:
    headers = usage_headers(throttle.usage_percent, throttle.regain_minutes)
    if throttle.retry_after_seconds is not None:
        headers["Retry-After"] = str(throttle.retry_after_seconds)
    problem = f"(#{throttle.code}) Request limit reached"
    subcode = throttle.subcode or _SUBCODES.get(throttle.code)
    return GraphError(throttle.code, problem, subcode=subcode, headers=headers)


def _name_of(error: GraphError) -> str:
    return str(error.code) if error.subcode is None else f"{error.code}/{error.subcode}"
