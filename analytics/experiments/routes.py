"""The door to experiments over HTTP, for the `api` process to mount: which variant somebody sees, and its settings.

    GET /v1/shops/{shop}/experiments/{name}/assignment?visitor=&person=&kept=

    {"shop": "demo", "experiment": "home", "variant": "knn", "settings": {"strategy": "item_knn"}}

`variant` is null for who takes no part. It is a pure function, so asking again, or elsewhere, gives the same.
"""

from typing import Any, Final, Self

from fastapi import APIRouter, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from analytics.experiments.assignment import assign
from analytics.experiments.serving import Experiments

PATH: Final = "/v1/shops/{shop}/experiments/{name}/assignment"

_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "The shop has no such experiment."},
    422: {"description": "Parameters are unknown or wrong, or nobody is named: `fields` names them."},
    503: {"description": "ClickHouse does not answer, and the shop was never read; come again."},
}
_HEADERS: Final = {"Cache-Control": "private, no-store"}


class Who(BaseModel):
    """What the address may say beside the shop and the experiment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    person: str | None = Field(None, min_length=1, max_length=200, description="The person, where known.")
    visitor: str | None = Field(None, min_length=1, max_length=200, description="The browser, while nobody knows who.")
    kept: str | None = Field(None, max_length=100, description="The variant shown before, as the storefront remembers.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.person is None and self.visitor is None:
            raise PydanticCustomError("nobody", "give a person or a visitor")
        return self


def routes(experiments: Experiments) -> list[BaseRoute]:
    """Make the route that assigns by *experiments*."""
    router = APIRouter(dependencies=[Security(HTTPBearer(auto_error=False))])

    async def assignment(shop: str, name: str, request: Request) -> JSONResponse:
        try:
            who = Who.model_validate(dict(request.query_params))
        except ValidationError as exc:  # its text would quote what was asked
            wrong = {str(field) for each in exc.errors(include_input=False) for field in each["loc"][:1] or _NOBODY}
            return JSONResponse({"error": "bad_value", "fields": sorted(wrong)}, 422, _HEADERS)
        found = (await run_in_threadpool(experiments.of, shop)).get(name)
        if found is None:
            return JSONResponse({"error": "not_found", "detail": "the shop has no such experiment"}, 404, _HEADERS)
        variant = assign(found, **who.model_dump())
        settings = next((each.settings for each in found.variants if each.name == variant), {})
        told = {"shop": shop, "experiment": name, "variant": variant, "settings": settings}
        return JSONResponse(told, 200, _HEADERS)

    described: dict[str, Any] = {"responses": _ERRORS, "openapi_extra": {"parameters": _described()}}
    router.get(PATH, summary="Which variant does somebody see?", response_model=None, **described)(assignment)
    return list(router.routes)


_NOBODY: Final = ("person", "visitor")


def _described() -> list[dict[str, Any]]:
    """Tell of each parameter for OpenAPI: the endpoint reads them itself, to name what is wrong and never repeat it."""
    told = Who.model_json_schema()["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in told.items()]
