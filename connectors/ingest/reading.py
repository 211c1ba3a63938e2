"""One event of a parsed body → its typed reading, or a refusal that names the field."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connectors.ingest import limits
from connectors.ingest.wire.events import DATA, Browser, Consent, Customer, PixelEvent, Wrapper
from connectors.ingest.wire.names import SHOPIFYS, WITHOUT_DATA, kind_of
from connectors.ingest.wire.values import Wire
from schemas.errors import Reason, TerminalError
from schemas.identifiers import is_junk
from schemas.records import EpochMillis

Model = TypeVar("Model", bound=BaseModel)


class Reading(NamedTuple):
    """One event as understood. *details* is its data by type, none where Shopify defines none."""

    event: PixelEvent
    kind: str
    details: Wire | None
    customer: Customer | None = None
    consent: Consent | None = None
    browser: Browser | None = None
    sent_at: EpochMillis | None = None


def read(value: Any) -> Reading:
    """Read one event, wrapped or not.

    Raises:
        TerminalError: with the path of the first field that is missing, of a wrong type, too large or senseless.
    """
    if not isinstance(value, dict):
        raise TerminalError("wrong_type", "event")
    limits.check(value)
    if "event" not in value or "name" in value:
        event = validated(PixelEvent, value, "")
        return Reading(event, *_understood(event, ""))
    wrapper = validated(Wrapper, value, "")
    understood = _understood(wrapper.event, "event.")
    return Reading(wrapper.event, *understood, wrapper.customer, wrapper.consent, wrapper.browser, wrapper.sent_at)


def _understood(event: PixelEvent, prefix: str) -> tuple[str, Wire | None]:
    """Return the event's kind and typed data; paths in a refusal begin with *prefix*."""
    for field, identifier in (("id", event.id), ("clientId", event.client_id)):
        if not identifies(identifier):
            raise TerminalError("bad_value", prefix + field)
    kind = kind_of(event.name, event.type)
    return kind, _details(event, kind, f"{prefix}data")


def identifies(identifier: str | None) -> bool:
    """Tell whether *identifier* may name something: neither junk nor somebody's e-mail address."""
    return not is_junk(identifier) and "@" not in (identifier or "")


def _details(event: PixelEvent, kind: str, field: str) -> Wire | None:
    model = DATA.get(kind) if event.name in SHOPIFYS else None
    if model is None or (event.data is None and event.name in WITHOUT_DATA):
        return None
    if event.data is None:
        raise TerminalError("missing_field", field)
    return validated(model, event.data, f"{field}.")


def validated(model: type[Model], value: Any, prefix: str) -> Model:
    """Read *value* as *model*; paths in a refusal begin with *prefix*.

    Raises:
        TerminalError: as `read`.
    """
    try:
        return model.model_validate(value)
    except ValidationError as exc:
        # The input stays in here: pydantic would quote it, and it holds e-mail addresses.
        wrong = list(_wrong(exc.errors(include_url=False, include_context=False), prefix))
    (reason, field), *others = wrong
    raise TerminalError(reason, field, ", ".join(path for _, path in others[:_MOST_NAMED]))


_MOST_NAMED: Final = 10
_REASONS: Final[dict[str, Reason]] = {
    "missing": "missing_field",
    "string_too_long": "too_large",
    "too_long": "too_large",
    "string_too_short": "bad_value",
    "too_short": "bad_value",
    "time_value": "bad_value",
    "finite_number": "bad_value",
    "greater_than_equal": "bad_value",
    "less_than_equal": "bad_value",
    "recursion_loop": "too_large",
}


def _wrong(errors: list[ErrorDetails], prefix: str) -> Iterator[tuple[Reason, str]]:
    for error in errors:
        path = (prefix + ".".join(map(str, error["loc"]))).removesuffix(".") or "event"
        reason = "missing_field" if error["input"] is None else _REASONS.get(error["type"], "wrong_type")
        yield reason, path
