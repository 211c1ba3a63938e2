"""What the process `catalog` counts, for `/metrics`."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.registry import Collector

CHANGES: Final = Counter(
    "catalog_changes_read",
    "Records of products.changed by what they said: changed, repeated (a flood), older, undecodable.",
    ("news",),
    registry=None,
)
REPUBLISHED: Final = Counter(
    "catalog_products_republished", "Products said again because an older state stood behind.", registry=None
)
FINISHED: Final = Counter(
    "catalog_items_finished",
    "Items with a receipt that is final: accepted, rejected, deleted, skipped; again: sent once more.",
    ("catalog", "status"),
    registry=None,
)
REQUESTS: Final = Counter(
    "catalog_requests_sent",
    "Requests to Meta, by what came of them: accepted or a failure's kind.",
    ("catalog", "outcome"),
    registry=None,
)
LAG: Final = Histogram(
    "catalog_change_accepted_seconds",
    "From a change reaching us to Meta's acceptance.",
    ("catalog",),
    buckets=(0.5, 1, 2, 3, 5, 10, 30, 60, 300, 900, 3600),
    registry=None,
)
QUOTA: Final = Gauge("catalog_quota_percent", "Of Meta's limits, what is used up most.", ("catalog",), registry=None)
OPEN: Final = Gauge(
    "catalog_circuit_state",
    "Whether a catalog is called: 0 closed (called), 1 half open (one request tries), 2 open (waiting).",
    ("catalog", "why"),
    registry=None,
)
WAITING: Final = Gauge("catalog_products_waiting", "Products to be looked at.", ("catalog",), registry=None)
IN_AIR: Final = Gauge("catalog_items_pending", "Items sent and without a final receipt.", ("catalog",), registry=None)
RUNNING: Final = Gauge("catalog_runs_running", "Runs under way.", ("catalog", "kind"), registry=None)

STATES: Final = {"closed": 0, "half_open": 1, "open": 2}
COLLECTORS: Final[tuple[Collector, ...]] = (
    CHANGES,
    REPUBLISHED,
    FINISHED,
    REQUESTS,
    LAG,
    QUOTA,
    OPEN,
    WAITING,
    IN_AIR,
    RUNNING,
)
