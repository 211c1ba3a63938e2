"""Gives an event the browser ids that Meta matches by, from what its visitor has shown before.

In: an event and the visitor's `fbp` and `fbc`. Out: the event, the same object when there is nothing to give.
A click keeps the time it was first seen with; nothing is given to who refused marketing.
"""

from typing import Final

from schemas.click_ids import fbc_from_click, parse_fbc
from schemas.records import EpochMillis, Event

_OPENED: Final = "page_viewed"
CLICK_LIFETIME_MS: Final = 90 * 86_400_000
"""How long Meta's own cookie keeps a click: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc."""


def click_of(event: Event) -> str | None:
    """Tell which click *event* names: its cookie's, or that of its address where the cookie is not there, or older.

    Seen first now, where no cookie of it is. Only a page that is opened tells of a newer click than the cookie: Meta's
    own script may write it a moment later, and what happens on the page of an old click is not a click again.
    """
    own, fbclid = event["fbc"], event["click_ids"].get("fbclid")
    if not fbclid or (own is not None and event["name"] != _OPENED):
        return own
    clicked = fbc_from_click(fbclid, event["occurred_at"])
    if own is None or clicked is None:
        return clicked or own
    return own if _value_of(own) == _value_of(clicked) else clicked


def with_browser_ids(event: Event, fbp: str | None, fbc: str | None) -> Event:
    """Give *event* the visitor's *fbp* if it has none, and *fbc* if its own is none, older, or the same click."""
    own_fbp, own_fbc = event["fbp"], event["fbc"]
    if own_fbp == fbp and own_fbc == fbc:
        return event
    consent = event["consent"]
    if consent is not None and consent["marketing"] is False:
        return event
    wanted = own_fbc if fbc is None or own_fbc == fbc else _click(click_of(event), fbc, event["occurred_at"])
    if (own_fbp or fbp) == own_fbp and wanted == own_fbc:
        return event
    return {**event, "fbp": own_fbp or fbp, "fbc": wanted}


def _click(own: str | None, kept: str, time: EpochMillis) -> str | None:
    click, named = parse_fbc(kept), parse_fbc(own) if own is not None else None
    if click is None:
        return own
    if named is not None and named.value == click.value:
        return kept
    # A click made later, or long ago, did not lead to this event.
    is_of_it = click.created_ms <= time <= click.created_ms + CLICK_LIFETIME_MS
    return kept if is_of_it and (named is None or named.created_ms < click.created_ms) else own


def _value_of(fbc: str) -> str | None:
    click = parse_fbc(fbc)
    return click.value if click is not None else None
