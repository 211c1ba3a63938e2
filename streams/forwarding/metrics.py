"""What forward counts, for `/metrics`."""

from typing import Final

from prometheus_client import Counter, Gauge
from prometheus_client.registry import Collector

DELIVERED: Final = Counter(
    "forward_conversions_delivered",
    "Events with their final receipt.",
    ("status", "reason", "event_name", "destination"),
    registry=None,
)
REQUESTS: Final = Counter(
    "forward_requests_sent",
    "Requests to Meta, by what came of them: accepted or a failure's kind.",
    ("destination", "outcome"),
    registry=None,
)
OPEN: Final = Gauge(
    "forward_circuit_state",
    "Whether a destination is called: 0 closed (called), 1 half open (one request tries), 2 open (waiting).",
    ("destination", "why"),
    registry=None,
)
PENDING: Final = Gauge("forward_conversions_pending", "Events taken without their final receipt.", registry=None)
PARKED: Final = Gauge(
    "forward_lanes_open", "Destinations, by partition, that get their events aside: they were down.", registry=None
)

STATES: Final = {"closed": 0, "half_open": 1, "open": 2}
COLLECTORS: Final[tuple[Collector, ...]] = (DELIVERED, REQUESTS, OPEN, PENDING, PARKED)
