"""Gives an event the browser ids that Meta matches by, from what its visitor has shown before.

In: an event and the visitor's `fbp` and `fbc`. Out: the event, the same object when there is nothing to give.
A click keeps the time it was first seen with; nothing is given to who refused marketing.
"""

from typing import Final

from schemas.click_ids import parse_fbc
from schemas.records import EpochMillis, Event

CLICK_LIFETIME_MS: Final = 90 * 86_400_000
"""How long Meta's own cookie keeps a click: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc."""


def with_browser_ids(event: Event, fbp: str | None, fbc: str | None) -> Event:
    """Give *event* the visitor's *fbp* if it has none, and *fbc* if it has none or names the same click otherwise."""
    own_fbp, own_fbc = event["fbp"], event["fbc"]
    if own_fbp == fbp and own_fbc == fbc:
        return event
    consent = event["consent"]
    if consent is not None and consent["marketing"] is False:
        return event
    wanted = own_fbc if fbc is None or own_fbc == fbc else _click(own_fbc, fbc, event["occurred_at"])
    if (own_fbp or fbp) == own_fbp and wanted == own_fbc:
        return event
    return {**event, "fbp": own_fbp or fbp, "fbc": wanted}


def _click(own: str | None, kept: str, time: EpochMillis) -> str | None:
    click = parse_fbc(kept)
    if click is None:
        return own
    if own is None:  # a click made later, or long ago, did not lead to this event
        return kept if click.created_ms <= time <= click.created_ms + CLICK_LIFETIME_MS else None
    named = parse_fbc(own)
    return kept if named is not None and named.value == click.value else own
