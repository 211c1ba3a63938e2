"""What is wrong with settings that a person wrote, field by field, in words that quote no value."""

from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.errors import TerminalError

_WORDS: Final = {
    "missing": "missing",
    "extra_forbidden": "there is no such name",
    "string_type": "must be a text: put quotes around it",
    "tuple_type": "must be a list, as [a, b]",
    "list_type": "must be a list, as [a, b]",
    "dict_type": "must be names with values, as {{a: b}}",
    "model_type": "must be names with values, as {{a: b}}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, as 12.50",
    "float_parsing": "must be a number, as 12.50",
    "finite_number": "must be a number, as 12.50",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "string_pattern_mismatch": "must match {pattern}",
    "string_too_short": "must not be empty",
    "string_too_long": "has more than {max_length} characters",
    "too_long": "are more than {max_length}",
    "timezone_aware": "needs a zone, as 2026-10-26T08:00:00+01:00",
}
"""By pydantic's type of an error; what stands in braces is the rule's, never what was written."""


def refusal(exc: ValidationError, whole: str) -> TerminalError:
    """Say `bad_value`, with each wrong field and what is wrong with it; *whole* is as in `wrong_fields`."""
    return TerminalError("bad_value", ", ".join(wrong_fields(exc, whole)), told(exc, whole))


def told(exc: ValidationError, whole: str) -> str:
    """Say each wrong field, and what is wrong with it behind it in brackets; *whole* is as in `wrong_fields`."""
    return ", ".join(f"{field} ({said})" for field, said in wrong_fields(exc, whole).items())


def wrong_fields(exc: ValidationError, whole: str) -> dict[str, str]:
    """Say of each wrong field, by its path, what is wrong with it; *whole* is the name of what has no path.

    A list whose members are wrong is not said to be too short as well.
    """
    wrong: dict[str, str] = {}
    for each in exc.errors(include_url=False, include_input=False):
        path = ".".join(str(part) for part in each["loc"] if part != "[key]") or whole
        if each["type"] == "too_short" and any(other.startswith(f"{path}.") for other in wrong):
            continue
        wrong[path] = _said(each)
    return wrong


def _said(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":  # our own words, which quote nothing
        return str(context["error"])
    if error["type"] == "too_short":
        return f"needs {context['min_length']} or more"
    return _WORDS.get(error["type"], error["type"]).format_map(context)
