"""What the archive does with a record before it is inserted, timed alone; and the records themselves."""

import statistics
import time
from collections.abc import Iterator

from connectors.clickhouse.inserts import encoded
from connectors.clickhouse.rows import rows_of
from schemas import topics
from schemas.codec import Codec
from streams.rules.catalogs import Catalog
from streams.stitching import Source, Stitcher
from tests.benchmarks.traffic import envelopes, products

EVENTS = 100
RUNS = 3


def enriched(codec: Codec, count: int) -> Iterator[bytes]:
    """Envelopes as the stitch worker writes them: events, and the sessions and timelines they changed."""
    catalog, visitors = Catalog(), dict[bytes, bytes | None]()
    for change in products():
        catalog.apply(change)
    stitcher = Stitcher(codec, catalog, {}, read_visitor=visitors.get, read_checkout=visitors.get)
    for offset, value in enumerate(envelopes(codec, count, events=EVENTS)):
        outcome = stitcher.stitch(Source(topics.EVENTS_RECEIVED.name, 0, offset, value, 0))
        visitors.update(outcome.visitors)
        yield from outcome.envelopes()


def rows_per_event(codec: Codec, values: list[bytes]) -> float:
    """Count the rows of all tables per event."""
    tables = [rows_of("events.enriched", codec.decode(value), 0, 0) for value in values]
    return sum(len(rows) for each in tables for rows in each.values()) / (len(values) * EVENTS)


def median_of_steps(codec: Codec, values: list[bytes]) -> dict[str, float]:
    """Time decoding, decoding and mapping, and both with writing the insert's body, in events per CPU second."""
    found: dict[str, list[float]] = {"decode alone": [], "decode and map": [], "decode, map and write": []}
    for _ in range(RUNS):
        for name, speeds in found.items():
            began = time.process_time()
            for offset, value in enumerate(values):
                decoded = codec.decode(value)
                tables = {} if name == "decode alone" else rows_of("events.enriched", decoded, 0, offset)
                for rows in tables.values() if name == "decode, map and write" else ():
                    encoded(rows)
            speeds.append(len(values) * EVENTS / (time.process_time() - began))
    return {name: statistics.median(speeds) for name, speeds in found.items()}
