"""What `/metrics` tells of the door. Labels are shops, routes and closed lists; never what a sender wrote."""

from functools import cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter("ingest_requests_answered", "Requests by route and status.", ("route", "status"))
REQUEST_SECONDS: Final = Histogram(
    "ingest_request_seconds",
    "From the first byte to the answer, Kafka's acknowledgement included.",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EVENTS_ACCEPTED: Final = Counter("ingest_events_accepted", "Events that Kafka has.", ("shop", "source"))
EVENTS_REFUSED: Final = Counter("ingest_events_refused", "Events and bodies refused.", ("shop", "reason"))
REQUESTS_IN_PROGRESS: Final = Gauge("ingest_requests_in_progress", "Requests being answered.")


def note_request(route: str, status: int, seconds: float) -> None:
    """Count and time one request."""
    count, duration = _of_requests(route, status)
    count.inc()
    duration.observe(seconds)


def note_accepted(shop_id: str, source: str, events: int) -> None:
    """Count events that Kafka has."""
    _of_accepted(shop_id, source).inc(events)


@cache  # finding a child by its labels costs more than counting
def _of_requests(route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(route, status), REQUEST_SECONDS.labels(route)


@cache
def _of_accepted(shop_id: str, source: str) -> Counter:
    return EVENTS_ACCEPTED.labels(shop_id, source)
