"""Counts and times what the api is asked: requests come in, series on `/metrics` go out.

Labels are the addresses' patterns, never what stands in them; whom the guard turns away has no route.
"""

import time
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS: Final = Counter("api_requests_answered", "Requests by route and status.", ("route", "status"))
SECONDS: Final = Histogram(
    "api_request_seconds",
    "From the first byte to the end of the answer.",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
IN_PROGRESS: Final = Gauge("api_requests_in_progress", "Requests being answered.")


class Measured:
    """Middleware: stands before all others."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before *app*."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and note what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with IN_PROGRESS.track_inprogress():
            try:
                await self._app(scope, receive, noting)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                REQUESTS.labels(route, status).inc()
                SECONDS.labels(route).observe(time.perf_counter() - began)


async def metrics(request: Request) -> Response:
    """Answer as Prometheus reads it."""
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})
