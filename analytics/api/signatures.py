"""Makes an endpoint of a question: FastAPI reads the parameters, with their bounds and texts, from its file."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

from fastapi import Path, Query, Request, Response

from analytics.parameters import MOST, Parameter, WrongParameterError
from analytics.questions import Question

SHOP: Final = "shop"
PAGE_ROWS: Final = 100


class Asked(NamedTuple):
    """What an address said: the question's *values*, and how its answer is wanted."""

    values: dict[str, object]
    format: str
    limit: int
    offset: int


Answer = Callable[[Question, Asked, Request], Awaitable[Response]]


def with_parameters(question: Question, answer: Answer, max_page_rows: int) -> Callable[..., Awaitable[Response]]:
    """Give *answer* the parameters of *question*, as FastAPI wants them."""

    known = {"format", "limit", "offset"} | {each.name for each in question.parameters} - {SHOP}

    async def endpoint(**given: Any) -> Response:
        if unknown := given["request"].query_params.keys() - known:
            raise WrongParameterError(unknown, f"{question.name} has no parameter {', '.join(sorted(unknown))}")
        request, form = given.pop("request"), given.pop("format")
        limit, offset = given.pop("limit"), given.pop("offset")
        values = {name: ",".join(value) if isinstance(value, list) else value for name, value in given.items()}
        return await answer(question, Asked(values, form, limit, offset), request)

    own = [
        _parameter("request", Request),
        _parameter("format", Annotated[Literal["json", "csv", "ndjson"], Query(description=_FORMAT)], "json"),
        _parameter("limit", Annotated[int, Query(ge=1, le=max_page_rows, description="Rows of a page.")], PAGE_ROWS),
        _parameter("offset", Annotated[int, Query(ge=0, description="Rows before the page.")], 0),
    ]
    asked = [_from_file(each) for each in question.parameters]
    endpoint.__signature__ = inspect.Signature([*own, *asked])  # type: ignore[attr-defined]
    endpoint.__name__ = question.name
    return endpoint


_FORMAT: Final = "json: a page of rows; csv or ndjson: all of them, one a line."


def _from_file(parameter: Parameter) -> inspect.Parameter:
    kind: Any = int if parameter.is_number else list[str] if parameter.is_list else str
    least = most = None
    if parameter.is_number:
        least, most = parameter.least or 0, parameter.most or MOST[parameter.type]
    if parameter.choices:
        kind = Literal[parameter.choices]
    if parameter.name == SHOP:
        return _parameter(SHOP, Annotated[str, Path(description=parameter.about)])
    kind = Annotated[kind, Query(description=parameter.about, ge=least, le=most)]
    if parameter.default is None:
        return _parameter(parameter.name, kind)
    default: Any = int(parameter.default) if parameter.is_number else parameter.default
    return _parameter(parameter.name, kind, default.split(",") if parameter.is_list else default)


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
