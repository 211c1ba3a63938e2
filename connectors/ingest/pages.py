"""The page an event happened on: its URL and campaign, the referrer, the browser."""

from typing import Final, TypedDict
from urllib.parse import parse_qsl, urlsplit

from connectors.ingest.reading import Reading
from connectors.ingest.wire.pages import Context
from schemas.scrubbing import scrub_text

CLICK_IDS: Final = frozenset(
    ("fbclid", "gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "epik", "ScCid")
)
_UTM: Final = {f"utm_{part}": part for part in ("source", "medium", "campaign", "term", "content")}
_LONGEST: Final = 500
"""Characters of one parameter; Meta's click ids have up to a few hundred."""
_MOST_PARAMETERS: Final = 200


class Page(TypedDict):
    """Where the shopper was and with what; the URLs hold no personal data any more."""

    url: str | None
    referrer: str | None
    title: str | None
    user_agent: str | None
    language: str | None
    utm: dict[str, str]
    click_ids: dict[str, str]


def to_page(reading: Reading, *, user_agent: str | None) -> Page:
    """Read the event's own context; *user_agent* is the request's, where the event names none."""
    context = reading.event.context or _NOWHERE
    document, navigator, browser = context.document, context.navigator, reading.browser
    url = _address(context) or (browser.url if browser else None)
    utm, click_ids = campaign(url) if url and "?" in url else ({}, {})
    return Page(
        url=_scrubbed(url),
        referrer=_scrubbed(document.referrer if document else None),
        title=_scrubbed(document.title if document else None),
        user_agent=_scrubbed((navigator.user_agent if navigator else None) or user_agent),
        language=(navigator.language or None) if navigator else None,
        utm=utm,
        click_ids=click_ids,
    )


def campaign(url: str) -> tuple[dict[str, str], dict[str, str]]:
    """Find the campaign (by `source`, `medium`, …) and the click ids, in their own case, in *url*'s query."""
    utm: dict[str, str] = {}
    click_ids: dict[str, str] = {}
    for name, value in _parameters(url):
        if not value or len(value) > _LONGEST:
            continue
        if name in CLICK_IDS and "@" not in value:
            click_ids.setdefault(name, value)
        elif part := _UTM.get(name.lower()):
            utm.setdefault(part, scrub_text(value))
    return utm, click_ids


_NOWHERE: Final = Context()


def _address(context: Context) -> str | None:
    for place in (context.document, context.window):
        if place is not None and place.location is not None and place.location.href:
            return place.location.href
    return None


def _parameters(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, max_num_fields=_MOST_PARAMETERS)
    except ValueError:  # an unclosed bracket in the host, or too many parameters
        return []


def _scrubbed(text: str | None) -> str | None:
    return scrub_text(text) if text else None
