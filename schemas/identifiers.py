"""Ids that every process derives alike, so that a replay or another device finds the same ones.

All are UUIDs of version 5 under one namespace; equal input gives equal ids for ever.
"""

from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

NAMESPACE: Final = UUID("6f1d3c1e-6b0e-5d0a-9a54-5f1f6c0a7e11")

# Values that senders write where they mean "nothing": they must never join two people.
JUNK: Final = frozenset(
    {
        "",
        "0",
        "null",
        "undefined",
        "none",
        "nil",
        "nan",
        "anonymous",
        "guest",
        "false",
        "true",
        "[object object]",
        "unknown",
    }
)


def _derive(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "\x1f".join(parts)))


@lru_cache(maxsize=65_536)
def visitor_id(shop_id: str, client_id: str) -> str:
    """Name the visitor behind one browser at one shop."""
    return _derive("visitor", shop_id, client_id)


@lru_cache(maxsize=65_536)
def person_id(shop_id: str, customer_id: str) -> str:
    """Name the person a known customer is, on whatever device."""
    return _derive("person", shop_id, customer_id)


def session_id(visitor: str, first_event_id: str) -> str:
    """Name a session after its first event."""
    return _derive("session", visitor, first_event_id)


def purchase_event_id(shop_id: str, order_id: str) -> str:
    """Name the one Purchase of an order; page and server derive the same."""
    return _derive("purchase", shop_id, order_id)


def derived_event_id(shop_id: str, client_id: str, *content: str) -> str:
    """Name an event whose sender gave it no id, from what it says."""
    return _derive("event", shop_id, client_id, *content)


def link_id(shop_id: str, *content: str) -> str:
    """Name a piece of identity evidence after what it says."""
    return _derive("link", shop_id, *content)


def rejection_id(*content: str) -> str:
    """Name a rejection after where its bytes came from."""
    return _derive("rejected", *content)


def alert_id(shop_id: str, *content: str) -> str:
    """Name an alert after what it says, and of when."""
    return _derive("alert", shop_id, *content)


def run_id(shop_id: str, catalog: str, *content: str) -> str:
    """Name a run over a catalog after what started it."""
    return _derive("run", shop_id, catalog, *content)


def is_junk(identifier: str | None) -> bool:
    """Tell whether *identifier* is one of the closed list of values that identify nobody."""
    return identifier is None or identifier.strip().lower() in JUNK
