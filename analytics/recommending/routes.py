"""The door to recommendations over HTTP, for the `api` process to mount.

    GET /v1/shops/{shop}/recommendations?product=|session=|person=&placement=&n=&strategy=

    {"shop": "demo", "placement": "product", "products": [
        {"product_id": "2", "model": "viewed_together", "reason": "viewed together with 1", "because": ["1"], ...}]}

Who may ask is the api's business. An answer differs from person to person, so no shared cache may keep it.
"""

from typing import Any, Final

from fastapi import APIRouter, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from analytics.recommending.models import MODELS, Placement
from analytics.recommending.serving import Query, Recommender
from schemas.errors import TransientError

PATH: Final = "/v1/shops/{shop}/recommendations"

_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    422: {"description": "Parameters are unknown or wrong: `fields` names them."},
    503: {"description": "ClickHouse does not answer, and the shop was never read; come again."},
}
_HEADERS: Final = {"Cache-Control": "private, no-store"}
_UUID: Final = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class Parameters(BaseModel):
    """What the address may say beside the shop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: str | None = Field(None, max_length=200, description="The product looked at.")
    session: str | None = Field(None, pattern=_UUID, description="The visit at hand.")
    person: str | None = Field(None, pattern=_UUID, description="The person, or the browser, at hand.")
    placement: Placement = Field("product", description="Where it will be shown.")
    n: int = Field(10, ge=1, le=100, description="How many products.")
    strategy: str | None = Field(
        None, pattern=f"^({'|'.join(MODELS)})$", description="The model to ask first, for experiments."
    )


def routes(recommender: Recommender) -> list[BaseRoute]:
    """Make the route that answers from *recommender*."""
    router = APIRouter(dependencies=[Security(HTTPBearer(auto_error=False))])

    async def recommendations(shop: str, request: Request) -> JSONResponse:
        try:
            asked = Parameters.model_validate(dict(request.query_params))
        except ValidationError as exc:  # its text would quote what was asked
            wrong = sorted({str(each["loc"][0]) for each in exc.errors(include_input=False)})
            return JSONResponse({"error": "bad_value", "fields": wrong}, 422, _HEADERS)
        query = Query(shop=shop, **asked.model_dump())
        try:
            chosen = await run_in_threadpool(recommender.recommend, query)
        except TransientError:
            return JSONResponse({"error": "unavailable"}, 503, {**_HEADERS, "Retry-After": "5"})
        products = [each._asdict() | {"reason": each.reason} for each in chosen]
        return JSONResponse({"shop": query.shop, "placement": query.placement, "products": products}, 200, _HEADERS)

    told: dict[str, Any] = {"responses": _ERRORS, "openapi_extra": {"parameters": _described()}}
    router.get(PATH, summary="What to show next, and why?", response_model=None, **told)(recommendations)
    return list(router.routes)


def _described() -> list[dict[str, Any]]:
    """Tell of each parameter for OpenAPI: the endpoint reads them itself, to name what is wrong and never repeat it."""
    told = Parameters.model_json_schema()["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in told.items()]
