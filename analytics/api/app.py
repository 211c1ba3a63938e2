"""The questions over HTTP, as an ASGI application; `python -m deploy.processes.api` serves it.

GET /v1/shops/{shop}/queries                 what can be asked
GET /v1/shops/{shop}/queries/{name}?days=7   the answer: a page as JSON, or all of it with format=csv or ndjson
GET /openapi.json                            each question's parameters, from its file; /docs, the same to read
GET /metrics                                 requests by route and status, for Prometheus; /healthz, /readyz
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.security import HTTPBearer
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import Lifespan, Receive, Scope, Send

from analytics.api.asking import Asker, Form
from analytics.api.guard import Guard
from analytics.api.measuring import Measured, metrics
from analytics.api.openapi import describe_errors
from analytics.api.page import page
from analytics.api.places import Places
from analytics.api.signatures import Asked, with_parameters
from analytics.api.tokens import Tokens
from analytics.parameters import WrongParameterError, bound
from analytics.questions import Question, questions
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.settings import ApiSettings

QUERIES: Final = "/v1/shops/{shop}/queries"
FORMS: Final[dict[str, tuple[Form, str]]] = {
    "csv": ("CSVWithNames", "text/csv; charset=utf-8"),
    "ndjson": ("JSONEachRow", "application/x-ndjson"),
}
_PAGE: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_RETRY: Final = {"Retry-After": "2"}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media_type.partition(";")[0]: {} for _, media_type in FORMS.values()}},
    304: {"description": "The answer is as it was: `If-None-Match` names its `ETag`."},
    503: {"description": "ClickHouse does not answer, or too many ask at once; come again."},
}


def create_app(
    asker: Asker,
    tokens: Tokens,
    limits: ApiSettings,
    more: Sequence[BaseRoute] = (),
    *,
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """Build the application; *more* are routes of others under /v1/shops/{shop}, which the same tokens guard."""
    app = FastAPI(title="storestream", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.add_middleware(Guard, tokens=tokens)
    app.add_middleware(Measured)  # the last one added is the outermost
    app.router.routes.extend(more)
    answers, bearer = _Answers(asker, limits), [Security(HTTPBearer(auto_error=False))]

    async def ready() -> Response:
        there = await run_in_threadpool(asker.is_ready)
        return JSONResponse({"ready": there}, 200 if there else 503)

    async def healthy() -> Response:
        return JSONResponse({"healthy": True})

    async def listed(shop: str) -> dict[str, Any]:
        return {"shop": shop, "queries": {each.name: each.text for each in questions().values()}}

    async def told() -> Response:
        return HTMLResponse(page(app.openapi()), headers=_PAGE)

    app.add_api_route("/docs", told, include_in_schema=False)
    app.add_api_route("/healthz", healthy, include_in_schema=False)
    app.add_api_route("/readyz", ready, include_in_schema=False)
    app.add_api_route("/metrics", metrics, include_in_schema=False)
    app.add_api_route(QUERIES, listed, dependencies=bearer, name="queries", summary="What can be asked?")
    for question in questions().values():
        app.add_api_route(
            f"{QUERIES}/{question.name}",
            with_parameters(question, answers.answer, limits.max_page_rows),
            dependencies=bearer,
            name=question.name,
            summary=question.text,
            response_model=None,
            responses=_RESPONSES,
        )
    describe_errors(app)
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
    return app


class _Answers:
    """Answers questions, so many at once."""

    def __init__(self, asker: Asker, limits: ApiSettings) -> None:
        self._asker, self._limits = asker, limits
        self._places = Places(limits.questions_at_once, limits.wait_seconds)

    async def answer(self, question: Question, asked: Asked, request: Request) -> Response:
        values = bound(question.name, question.parameters, asked.values)
        if asked.format != "json":
            return await self._whole(question, values, asked.format)
        async with self._places.one():
            page = await run_in_threadpool(self._asker.page, question, values, asked.offset, asked.limit)
        body = orjson.dumps({"question": question.text} | page._asdict())
        headers = self._headers() | {"ETag": f'"{sha256(body).hexdigest()[:32]}"'}
        if page.next_offset is not None:
            rest = request.url.include_query_params(offset=page.next_offset)
            headers["Link"] = f'<{rest.path}?{rest.query}>; rel="next"'
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    async def _whole(self, question: Question, values: dict[str, object], name: str) -> Response:
        form, media_type = FORMS[name]
        place = await self._places.take()
        pieces = self._asker.pieces(question, values, form)
        try:
            first = await run_in_threadpool(next, pieces, b"")
        except BaseException:
            place.free()
            raise

        async def stream() -> Any:
            yield first
            async for piece in iterate_in_threadpool(pieces):
                yield piece

        def end() -> None:
            pieces.close()  # type: ignore[attr-defined]  # it is a generator
            place.free()

        return _Stream(stream(), end, headers=self._headers(), media_type=media_type)

    def _headers(self) -> dict[str, str]:
        return {"Cache-Control": f"private, max-age={self._limits.cache_seconds}", "Vary": "Authorization"}


class _Stream(StreamingResponse):
    """Calls *end* however it ends: who asked may be gone before the first piece is sent."""

    def __init__(self, content: Any, end: Callable[[], None], **told: Any) -> None:
        super().__init__(content, **told)
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._end()


async def _wrong_values(request: Request, exc: Exception) -> Response:
    """Name the parameters; the error's own text would quote what was sent."""
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - registered for it alone
    fields = sorted({_field(each["loc"]) for each in exc.errors()})
    return JSONResponse({"error": "bad_value", "fields": fields}, 422)


def _field(place: Sequence[int | str]) -> str:
    """Name the innermost field; of a body that is no JSON Pydantic tells the position."""
    return next((each for each in reversed(place) if isinstance(each, str)), "body")


async def _wrong_question(request: Request, exc: Exception) -> Response:
    named = {"fields": exc.fields} if isinstance(exc, WrongParameterError) else {}
    return JSONResponse({"error": "bad_value", "detail": str(exc)} | named, 422)


async def _no_such(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for it alone
    return JSONResponse(
        {"error": HTTPStatus(exc.status_code).phrase.lower().replace(" ", "_")}, exc.status_code, exc.headers
    )


async def _unavailable(request: Request, exc: Exception) -> Response:
    return JSONResponse({"error": "unavailable"}, 503, _RETRY)


async def _refused(request: Request, exc: Exception) -> Response:
    return JSONResponse({"error": "refused", "detail": str(exc)}, 422)


_HANDLERS: Final[dict[type[Exception], Any]] = {
    HTTPException: _no_such,
    RequestValidationError: _wrong_values,
    ConfigurationError: _wrong_question,
    TransientError: _unavailable,
    TerminalError: _refused,
}
