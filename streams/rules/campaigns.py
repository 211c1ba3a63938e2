"""Tells which campaign an event names, and whether it is another than the one a visit began with."""

from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.records import Event

_NAMED_BY: Final = ("source", "medium", "campaign")


class Campaign(NamedTuple):
    """Digests of what an address says of a campaign, and of the click on an advertisement; '' where it says nothing."""

    named: str = ""
    click: str = ""


NONE: Final = Campaign()


def campaign_of(event: Event) -> Campaign:
    """Read the campaign from *event*'s address."""
    utm, clicks = event["utm"], event["click_ids"]
    if not utm and not clicks:
        return NONE
    named = "\x1f".join([utm.get(each, "") for each in _NAMED_BY])
    return Campaign(
        _digest(named.strip("\x1f")), _digest("\x1f".join(f"{key}={clicks[key]}" for key in sorted(clicks)))
    )


def goes_on(campaign: Campaign, entry: Campaign) -> bool:
    """Tell whether an event of *campaign* goes on with a visit that began with *entry*: it names nothing else."""
    return (not campaign.named or campaign.named == entry.named) and (
        not campaign.click or campaign.click == entry.click
    )


@lru_cache(maxsize=4096)
def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=6).hexdigest() if text else ""
