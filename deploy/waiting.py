"""What a shop's destinations have yet to get: `conversions.parked`, read to its end, comes out as rows for a table."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final

from connectors.kafka.follower import Follower
from schemas.codec import Codec
from schemas.records import EpochMillis, Parked
from schemas.settings import KafkaSettings
from schemas.topics import CONVERSIONS_PARKED
from streams.forwarding.parking import HELD, LANE, REPLAY, Standing, decoded

COLUMNS: Final = ("destination", "waits_for", "events", "partitions", "since")
_WAITS_FOR: Final = {LANE: "the destination", HELD: "consent", REPLAY: "a replay"}


async def what_waits(kafka: KafkaSettings, codec: Codec, shop_id: str) -> list[dict[str, Any]]:
    """List what waits, by destination and reason; of a destination that was down nobody has counted the events.

    Raises:
        TransientError: Kafka does not answer.
    """
    standing: dict[int, Standing] = defaultdict(Standing)

    def take(record: Any) -> None:
        standing[record.partition].apply(record.key, decoded(codec, record.value))

    follower = Follower(kafka.bootstrap_servers, kafka.prefix + CONVERSIONS_PARKED.name, take)
    await follower.start()
    try:
        await follower.caught_up()
    finally:
        await follower.stop()
    found: dict[tuple[str, str], list[tuple[int, Parked]]] = defaultdict(list)
    for partition, stands in standing.items():
        for parked in stands.all():
            if parked["shop_id"] == shop_id and parked["kind"] in _WAITS_FOR:
                found[parked["destination"], parked["kind"]].append((partition, parked))
    return [_row(destination, kind, listed) for (destination, kind), listed in sorted(found.items())]


def _row(destination: str, kind: str, listed: list[tuple[int, Parked]]) -> dict[str, Any]:
    since = min(_since(parked) for _, parked in listed)
    return {
        "destination": destination,
        "waits_for": _WAITS_FOR[kind],
        "events": len(listed) if kind == HELD else None,
        "partitions": len({partition for partition, _ in listed}),
        "since": datetime.fromtimestamp(since // 1000, UTC).replace(tzinfo=None),
    }


def _since(parked: Parked) -> EpochMillis:
    """Tell since when it waits; a lane begins with the last record that was read, which may be long before it."""
    return parked["parked_at"] if parked["kind"] == HELD else max(parked["parked_at"], parked["since"])
