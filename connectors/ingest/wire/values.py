"""The values that wire models are made of: identifiers, amounts, times."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from schemas.records import EpochMillis

LONGEST_NAME: Final = 255
LARGEST_AMOUNT: Final = 1e12
LARGEST_QUANTITY: Final = 1_000_000
LARGEST_SEQUENCE: Final = 2**53
_YEARS: Final = range(1970, 2200)  # what ClickHouse's DateTime64 holds, and a browser may claim


class Wire(BaseModel):
    """Something a browser sent, in camelCase; numbers are numbers and texts are texts."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", alias_generator=to_camel)


def _as_text(value: Any) -> Any:
    """Read an integer as the text it stands for: webhooks and some themes send ids as integers."""
    return str(value) if type(value) is int else value


def _as_millis(value: Any) -> EpochMillis | None:
    """Read ISO 8601 with a time zone, or milliseconds since 1970."""
    if value is None or type(value) is int:
        moment = value
    elif not isinstance(value, str):
        raise PydanticCustomError("time_type", "no time")
    else:
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("time_value", "no ISO 8601 time") from None
        if read.tzinfo is None or read.year not in _YEARS:
            raise PydanticCustomError("time_value", "no time zone, or out of range")
        moment = int(read.timestamp() * 1000)
    if moment is not None and not _FIRST <= moment < _LAST:
        raise PydanticCustomError("time_value", "out of range")
    return moment


_FIRST: Final = 0
_LAST: Final = int(datetime(_YEARS.stop, 1, 1, tzinfo=UTC).timestamp() * 1000)

Identifier = Annotated[str, BeforeValidator(_as_text), Field(max_length=LONGEST_NAME)]
Moment = Annotated[int, BeforeValidator(_as_millis)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Amount = Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST_AMOUNT, le=LARGEST_AMOUNT)]
Quantity = Annotated[int, Field(ge=0, le=LARGEST_QUANTITY)]
