"""What a question wants to know: the comment lines of its file go in, checked values for ClickHouse come out.

-- days = 7: days back from now                                    7 unless told
-- every = day|week|month: how long a period is                    one of three, the first unless told
-- steps = product_viewed,purchase (2 to 20): names of events      a list of 2 to 20; a number: from 2 to 20
-- shop: the shop                                                  must be told
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.errors import ConfigurationError

TIME_ZONE: Final = "time_zone"
UNTIL: Final = "until"
MOST: Final = {"UInt8": 2**8 - 1, "UInt16": 2**16 - 1, "UInt32": 2**32 - 1, "UInt64": 2**64 - 1}

_DOCUMENTED = re.compile(r"-- (\w+)(?: = (\S+))?(?: \((\d+) to (\d+)\))?: (.+)")

# Days and times that Python and ClickHouse read alike.
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_FIRST_YEAR: Final = 1970


class WrongParameterError(ConfigurationError):
    """What a question was told is missing, unknown or not of its kind; *fields* are the names."""

    def __init__(self, fields: Iterable[str], detail: str) -> None:
        super().__init__(detail)
        self.fields = sorted(fields)


class Parameter(NamedTuple):
    """What a question wants to know. *default* None: it must be given.

    *choices* are the only values where there are any; *least* and *most* bound a number, or the length of a list.
    """

    name: str
    type: str
    default: str | None
    about: str
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether its values are whole numbers."""
        return self.type in MOST

    @property
    def is_list(self) -> bool:
        """Whether it takes several values."""
        return self.type.startswith("Array(")


def documented(line: str) -> Parameter | None:
    """Read one comment line; None if it documents no parameter. Its type is still to be found in the SQL."""
    found = _DOCUMENTED.fullmatch(line)
    if found is None:
        return None
    name, default, least, most, about = found.groups()
    choices = tuple(default.split("|")) if default and "|" in default else ()
    bounds = (int(least), int(most)) if least else (None, None)
    return Parameter(name, "", choices[0] if choices else default, about, choices, *bounds)


def bound(question: str, parameters: Sequence[Parameter], given: Mapping[str, object]) -> dict[str, object]:
    """Check what was *given* to *question* and add the defaults.

    Raises:
        WrongParameterError: something is missing, unknown, or not of its kind.
    """
    unknown = given.keys() - {each.name for each in parameters}
    if unknown:
        raise WrongParameterError(unknown, f"{question} has no parameter {', '.join(sorted(unknown))}")
    values: dict[str, object] = {}
    for each in parameters:
        value = given.get(each.name)
        value = each.default if value is None else value
        if value is None:
            raise WrongParameterError([each.name], f"{question} needs {each.name}: {each.about}")
        problem = _problem(each, value := _several(value) if each.is_list else value)
        if problem:
            raise WrongParameterError([each.name], f"{question}: {each.name} must be {problem}")
        values[each.name] = value if isinstance(value, list) else str(value)
    return values


def _several(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split(",")
    return [str(each) for each in value] if isinstance(value, Sequence) else [str(value)]


def _problem(parameter: Parameter, value: object) -> str | None:
    least, most = parameter.least or 0, parameter.most
    if parameter.is_number:
        if not re.fullmatch(r"[0-9]{1,20}", str(value)):
            return "a whole number"
        most = MOST[parameter.type] if most is None else most
        return None if least <= int(str(value)) <= most else f"from {least} to {most}"
    if isinstance(value, list):
        wrong = most is not None and not least <= len(value) <= most
        return f"a list of {least} to {most}" if wrong or "" in value else None
    if parameter.choices:
        return None if value in parameter.choices else f"one of {', '.join(parameter.choices)}"
    if parameter.name == UNTIL:
        return None if value == "now" or _is_time(str(value)) else "now, or a day or time such as 2026-11-01"
    return None if parameter.name != TIME_ZONE or _is_time_zone(str(value)) else "a time zone such as Europe/Berlin"


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text)) and datetime.fromisoformat(text).year >= _FIRST_YEAR
    except ValueError:
        return False


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
