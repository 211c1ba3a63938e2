"""Whose data Meta must use in a limited way, and in which words it is told where they live; pure.

The state is not among what an event says; its hash for Meta is, and there are few states to compare it with.
https://developers.facebook.com/documentation/ads-commerce/marketing-api/overview/data-processing-options
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

from schemas.records import Event

USA: Final = 1
STATES: Final[Mapping[str, int]] = {
    "CA": 1000,
    "CO": 1001,
    "CT": 1002,
    "FL": 1003,
    "OR": 1004,
    "TX": 1005,
    "MT": 1006,
    "DE": 1007,
    "NE": 1008,
    "NH": 1009,
    "NJ": 1010,
    "MN": 1011,
    "MD": 1012,
    "RI": 1013,
}
OTHER: Final = "other"
_STATE_OF: Final = {sha256(state.lower().encode()).hexdigest(): state for state in STATES}
_USA_HASHED: Final = sha256(b"us").hexdigest()


class LimitedUse(NamedTuple):
    """Where the visitor lives, in Meta's numbers; 0: Meta finds out, and applies that state's law."""

    country: int
    state: int


def limited_use(event: Event, shop_country: str | None) -> LimitedUse:
    """Tell Meta where the visitor of *event* lives, as far as it is known."""
    country, state = _home(event, shop_country)
    if country != "US":
        return LimitedUse(0, 0)
    return LimitedUse(USA, STATES[state]) if state and state in STATES else LimitedUse(0, 0)


def lives_in(event: Event, shop_country: str | None, regions: Sequence[str]) -> bool:
    """Tell whether *event* is of a visitor of one of *regions*, or may be: of its country, the state not known."""
    country, state = _home(event, shop_country)
    if country is None:
        return bool(regions)
    if state:
        return country in regions or f"{country}-{state}" in regions
    return any(region.partition("-")[0] == country for region in regions)


def _home(event: Event, shop_country: str | None) -> tuple[str | None, str | None]:
    """Find the visitor's country and state: by address, else by network; `OTHER` for a state without its own law."""
    user = event["user_data"]
    in_usa = user.get("country") == _USA_HASHED
    country = "US" if in_usa else (event["country"] or shop_country)
    state = _STATE_OF.get(user["st"], OTHER) if country == "US" and user.get("st") else None
    return country, state
