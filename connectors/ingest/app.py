"""The door as an ASGI application: the pixel's routes, health and metrics, and whatever routes it is given.

`python -m deploy.processes.ingest` serves it.
"""

import time
from collections.abc import Sequence

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Lifespan, Message, Receive, Scope, Send

from connectors.ingest import answers, metrics
from connectors.ingest.bodies import SlowBody
from connectors.ingest.door import Shops, Sink
from connectors.ingest.pixel import PixelDoor
from schemas.errors import TerminalError, TransientError
from schemas.settings import IngestSettings


def create_app(
    shops: Shops,
    sink: Sink,
    settings: IngestSettings,
    more: Sequence[BaseRoute] = (),
    *,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Build the door around *shops* and *sink*; *more* are the routes of other systems' webhooks and feeds.

    A route may raise `TerminalError` (answered 4xx) and `TransientError` (answered 503 with Retry-After).
    """

    async def ready(request: Request) -> Response:
        missing = await sink.missing()
        if not shops.is_complete:
            missing["shops"] = "shops.configured has not been read to its end"
        return Response(
            orjson.dumps({"ready": not missing, "missing": missing}),
            503 if missing else 200,
            media_type="application/json",
        )

    own = [Route("/healthz", _healthy), Route("/readyz", ready), Route("/metrics", _metrics)]
    return Starlette(
        routes=[*PixelDoor(shops, sink, settings).routes(), *more, *own],
        lifespan=lifespan,
        middleware=[Middleware(_Doorman)],
        exception_handlers={
            TerminalError: _refused,
            TransientError: _unavailable,
            SlowBody: _slow,
            ClientDisconnect: _gone,
            HTTPException: _no_route,
            Exception: _failed,
        },
    )


class _Doorman:
    """Answers preflights, and counts and times every request by its route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=answers.PREFLIGHT | answers.CORS)(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with metrics.REQUESTS_IN_PROGRESS.track_inprogress():
            try:
                await self._app(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                metrics.note_request(route, status, time.perf_counter() - began)


async def _healthy(request: Request) -> Response:
    return Response(b'{"healthy":true}', media_type="application/json")


async def _metrics(request: Request) -> Response:
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


async def _refused(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, TerminalError)  # noqa: S101 - Starlette's handlers are typed by Exception
    return answers.refused(exc)


async def _unavailable(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, TransientError)  # noqa: S101 - as above
    return answers.come_again(exc)


async def _slow(request: Request, exc: Exception) -> Response:
    return answers.problem(408, "the body did not arrive in time")


async def _gone(request: Request, exc: Exception) -> Response:
    return answers.problem(400, "the sender went away")


async def _no_route(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - as above
    return answers.problem(exc.status_code, exc.detail.lower(), exc.headers)


async def _failed(request: Request, exc: Exception) -> Response:
    return answers.problem(500, "internal error")
