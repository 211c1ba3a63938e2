"""Puts a forwarder together: its lanes, and what it reads from Kafka besides `events.enriched`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from connectors.kafka.partitioning import partition_of
from connectors.kafka.readers import reading
from schemas.codec import Codec
from schemas.records import Parked
from schemas.settings import ForwardSettings, KafkaSettings, settings
from schemas.topics import CONVERSIONS_PARKED, EVENTS_ENRICHED
from streams.forwarding.finals import Finals, read_finals, read_keys, read_replayable, read_settled
from streams.forwarding.forwarder import Forwarder
from streams.forwarding.ground import Known, Links
from streams.forwarding.lanes import World
from streams.forwarding.lots import Lots
from streams.forwarding.parking import REPLAY
from streams.forwarding.routes import Routes
from streams.outbox import Outbox


class Parts(NamedTuple):
    """What a forwarder is made of."""

    kafka: KafkaSettings
    codec: Codec
    outbox: Outbox
    known: Known
    routes: Routes


def assembled(parts: Parts, generation: Callable[[], int], ack: Callable[..., None]) -> tuple[Forwarder, Lots]:
    """Build the forwarder, and what tells it of parked conversions."""
    kafka, codec, outbox, known, routes = parts

    async def opened(partition: int, parked: Sequence[Parked]) -> None:
        await forwarder.opened(partition, parked)

    async def finals(partition: int, parked: Parked) -> Finals:
        await outbox.settled()
        read = read_replayable if parked["kind"] == REPLAY else read_settled
        return await read(kafka, codec, partition, parked)

    lots = Lots(codec, partial(reading, kafka.bootstrap_servers, kafka.prefix + CONVERSIONS_PARKED.name), opened)
    settled = partial(read_keys, kafka)
    home = partial(partition_of, partitions=kafka.partitions)
    links = Links(routes, partial(read_finals, kafka, codec), ack, generation, lots.ready, settled, home)
    forwarder = Forwarder(codec, outbox, known, links, settings(ForwardSettings))
    routes.settle = forwarder.settle
    asides = forwarder.asides
    asides.world = World(
        partial(reading, kafka.bootstrap_servers, kafka.prefix + EVENTS_ENRICHED.name),
        forwarder.take_aside,
        finals,
        routes.is_paused,
        asides.joined,
        asides.bookmark,
        asides.finished,
        asides.share,
    )
    return forwarder, lots
