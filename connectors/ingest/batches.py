"""A body → the events in it and what was refused; one bad event costs only itself."""

from dataclasses import dataclass

from connectors.ingest.limits import parse_json
from connectors.ingest.mapping import Visit, to_event
from connectors.ingest.reading import read
from schemas.errors import Reason, TerminalError
from schemas.records import Event


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the event at *index* was refused; *detail* names further fields, never a value."""

    index: int
    reason: Reason
    field: str
    detail: str = ""


def to_events(body: bytes, visit: Visit, *, max_events: int) -> tuple[list[Event], list[Refusal]]:
    """Read an event, our wrapper, or an array of either, in their order.

    Raises:
        TerminalError: *body* as a whole is no JSON, no event, empty, or holds more than *max_events*.
    """
    value = parse_json(body)
    if not isinstance(value, dict | list):
        raise TerminalError("wrong_type", "body")
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise TerminalError("missing_field", "body")
    if len(listed) > max_events:
        raise TerminalError("too_large", "body", f"more than {max_events} events")
    events, refusals = [], []
    for index, each in enumerate(listed):
        try:
            events.append(to_event(read(each), visit))
        except TerminalError as exc:
            refusals.append(Refusal(index, exc.reason, exc.field, exc.detail))
    return events, refusals
