"""What `/metrics` tells of stitching. Labels are closed lists; never what a sender wrote."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter
from prometheus_client.registry import Collector

from streams.stitching.outcomes import Fact

_COUNTERS: Final[Mapping[Fact, Counter]] = {
    "stitched": Counter("stitch_events_stitched", "Events that left with session, person and product facts."),
    "duplicate": Counter("stitch_events_doubled", "Events dropped because their visitor had sent them before."),
    "late": Counter("stitch_events_delayed", "Events stitched that came after later ones of their visitor."),
    "replayed": Counter("stitch_events_repeated", "Events said again because their record was read again."),
    "unknown_product": Counter("stitch_products_missed", "Items whose product the catalog does not know."),
    "linked": Counter("stitch_links_emitted", "Evidence told to other identifiers.", ("reason",)),
    "unlinked": Counter("stitch_links_removed", "Unlinks by their reason; `nothing`: it was not so.", ("reason",)),
    "matched": Counter("stitch_orders_matched", "Orders by how their halves met.", ("match",)),
    "junk": Counter("stitch_identifiers_refused", "Identifiers that identify nobody.", ("kind",)),
    "rejected": Counter("stitch_records_rejected", "Records and members parked.", ("reason",)),
}

FORGOTTEN: Final = Counter("stitch_states_forgotten", "Browsers, checkouts and orders unheard of for too long.")

COLLECTORS: Final[tuple[Collector, ...]] = (*_COUNTERS.values(), FORGOTTEN)


def count(facts: Mapping[tuple[Fact, str], int]) -> None:
    """Add *facts* to what `/metrics` tells."""
    for (fact, label), times in facts.items():
        counter = _COUNTERS[fact]
        (counter.labels(label) if label else counter).inc(times)
