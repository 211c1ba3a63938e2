"""Hashes personal data and counts, for `/metrics`, what had to be left out; never the values themselves."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter

from schemas.user_data import hash_user_data

VALUES_REFUSED: Final = Counter(
    "ingest_values_refused",
    "Personal data that was left out of an event or an order, by Meta's name of the field and why.",
    ("field", "reason"),
)


def hashed_and_counted(raw: Mapping[str, object], *, region: str | None) -> dict[str, str]:
    """Hash the fields of *raw* as `hash_user_data` does; a bad value costs only itself, and is counted."""
    hashed = hash_user_data(raw, region=region)
    for field, reason in hashed.refused:
        VALUES_REFUSED.labels(field, reason).inc()
    return hashed.hashes
