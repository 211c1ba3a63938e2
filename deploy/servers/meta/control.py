"""
The control door: what arrived (`/_received`), how to misbehave (`/_behave`), who may call (`/_configure`), `/_health`.

Every answer is JSON. A wrong field or parameter is a 400 that names it: `{"error":{"field":…,"problem":…}}`.
"""

from typing import Annotated, Final, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta.access import AccessChange
from deploy.servers.meta.behaviours import Script
from deploy.servers.meta.graph import json_response
from deploy.servers.meta.received import Wanted
from deploy.servers.meta.standin import StandIn

MAX_PAGE: Final = 10_000
M = TypeVar("M", bound=BaseModel)


class WrongControl(ValueError):
    """A control request that is not understood: which field, and why."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class PageQuery(BaseModel):
    """The parameters of `GET /_received`. `cursor` is the `next_cursor` of the page before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_name: str | None = None
    pixel_id: str | None = None
    event_id: str | None = None
    duplicate: bool | None = None
    since: Annotated[float | None, Field(description="Received at or after, Unix seconds.")] = None
    cursor: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=MAX_PAGE)

    def wanted(self) -> Wanted:
        """Build the filter."""
        return Wanted(**self.model_dump(exclude={"cursor", "limit"}))


def wrong_control(_: Request, error: Exception) -> Response:
    """Answer a control request that was not understood."""
    assert isinstance(error, WrongControl)  # noqa: S101 - Starlette's handlers are typed for any exception
    return json_response({"error": {"field": error.field, "problem": error.problem}}, status=400)


def routes(standin: StandIn) -> list[Route]:
    """Serve the control door of *standin*."""
    return [*_received_routes(standin), *_settings_routes(standin)]


def _received_routes(standin: StandIn) -> list[Route]:
    async def show(request: Request) -> Response:
        query = _checked(PageQuery, dict(request.query_params))
        return _page(standin, query)

    async def summarise(_: Request) -> Response:
        return json_response(_summary(standin))

    async def forget(_: Request) -> Response:
        standin.forget()
        return json_response(_summary(standin))

    return [
        Route("/_received", show, methods=["GET"]),
        Route("/_received", forget, methods=["DELETE"]),
        Route("/_received/summary", summarise, methods=["GET"]),
    ]


def _settings_routes(standin: StandIn) -> list[Route]:
    async def configure(request: Request) -> Response:
        if request.method == "POST":
            standin.access.change(_checked(AccessChange, await _body(request)))
        return json_response(standin.access.shown())

    async def behave(request: Request) -> Response:
        if request.method == "POST":
            standin.stage.play(_checked(Script, await _body(request)))
        if request.method == "DELETE":
            standin.stage.clear()
        return json_response({"behaviours": standin.stage.shown()})

    async def health(_: Request) -> Response:
        return json_response({"status": "ok", "events": len(standin.received)} | standin.access.shown())

    return [
        Route("/_configure", configure, methods=["GET", "POST"]),
        Route("/_behave", behave, methods=["GET", "POST", "DELETE"]),
        Route("/_health", health, methods=["GET"]),
    ]


def _page(standin: StandIn, query: PageQuery) -> Response:
    total, more = standin.received.page(query.wanted(), after=query.cursor, limit=query.limit + 1)
    records = more[: query.limit]
    next_cursor = records[-1].sequence if len(more) > query.limit else None
    return json_response(
        {
            "total": total,
            "dropped": standin.received.dropped,
            "next_cursor": next_cursor,
            "events": [orjson.Fragment(record.to_json()) for record in records],
        }
    )


def _summary(standin: StandIn) -> dict[str, object]:
    received = standin.received
    by_name: dict[str, dict[str, int]] = {}
    by_pixel: dict[str, dict[str, int]] = {}
    for kind, counter in (("accepted", received.accepted), ("duplicates", received.duplicates)):
        for (pixel_id, event_name), count in counter.items():
            for table, key in ((by_name, event_name), (by_pixel, pixel_id)):
                row = table.setdefault(key, {"accepted": 0, "duplicates": 0})
                row[kind] += count
    return {
        "accepted": received.accepted.total(),
        "duplicates": received.duplicates.total(),
        "kept": len(received),
        "dropped": received.dropped,
        "by_event_name": by_name,
        "by_pixel": by_pixel,
        "requests_by_status": dict(standin.answers),
        "errors": dict(standin.errors),
    }


async def _body(request: Request) -> object:
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        raise WrongControl("body", "must be JSON") from None


def _checked(model: type[M], given: object) -> M:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise WrongControl(".".join(map(str, first["loc"])) or "body", first["msg"]) from None
