"""The values that shop systems' REST bodies are made of: ids as integers, prices as strings, times in ISO 8601."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from schemas.errors import Reason, TerminalError

LARGEST_AMOUNT: Final = 1e12
LARGEST_COUNT: Final = 2**53
LARGEST_QUANTITY: Final = 2**31 - 1
LONGEST: Final = 65_536
_YEARS: Final = range(1970, 2200)


class RestBody(BaseModel):
    """Something a shop system sent; unknown members are ignored, known ones may be null."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _as_amount(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        raise PydanticCustomError("amount_type", "no amount") from None


def _as_millis(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("time_value", "no ISO 8601 time") from None
    if read.year not in _YEARS[1:-1]:
        raise PydanticCustomError("time_value", "out of range")
    return int(read.replace(tzinfo=read.tzinfo or UTC).timestamp() * 1000)


Text = Annotated[str, Field(max_length=LONGEST)]
ShortText = Annotated[str, Field(max_length=2_048)]
Identifier = Annotated[str, BeforeValidator(_as_text), Field(max_length=255)]
Amount = Annotated[
    float, BeforeValidator(_as_amount), Field(allow_inf_nan=False, ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)
]
Count = Annotated[int, Field(ge=-LARGEST_COUNT, le=LARGEST_COUNT)]
Quantity = Annotated[int, Field(ge=0, le=LARGEST_QUANTITY)]
Moment = Annotated[int, BeforeValidator(_as_millis)]

Body = TypeVar("Body", bound=RestBody)

_REASONS: Final[dict[str, Reason]] = {
    "missing": "missing_field",
    "string_too_long": "too_large",
    "too_long": "too_large",
    "time_value": "bad_value",
    "finite_number": "bad_value",
    "greater_than_equal": "bad_value",
    "less_than_equal": "bad_value",
}


def validated(model: type[Body], value: Any) -> Body:
    """Read *value* as *model*.

    Raises:
        TerminalError: with the path of the first field that is wrong.
    """
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
    raise TerminalError(_REASONS.get(first["type"], "wrong_type"), ".".join(map(str, first["loc"])) or "body")


def moment(text: str | None) -> int | None:
    """Read a time from a header; nothing when it is none."""
    try:
        read = _as_millis(text or None)
    except PydanticCustomError:
        return None
    return read if isinstance(read, int) else None
