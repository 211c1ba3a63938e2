"""What forwarding is tied to: the ways to destinations, Kafka, and for lanes the rest of a forwarder."""

from collections.abc import Awaitable, Callable, Container, Mapping
from typing import Any, NamedTuple, Protocol

from connectors.kafka.shops import ShopDirectory
from connectors.meta.parcels import Parcel
from streams.forwarding.finals import Finals
from streams.forwarding.parking import Parking
from streams.forwarding.pendings import Pendings, Route
from streams.forwarding.receipts import Envelope
from streams.records import Record


class Roads(Protocol):
    """`streams.forwarding.routes.Routes`."""

    def offer(self, route: Route, parcels: list[Parcel]) -> None:
        """Hand over parcels."""

    def recall(self, route: Route) -> list[Parcel]:
        """Take back what is in no request."""

    def is_paused(self, route: Route) -> bool:
        """Tell whether it is down."""

    async def drop(self, *routes: Route) -> None:
        """End at once."""


class Ground(NamedTuple):
    """What lanes stand on: what is pending, the way to destinations, the parking lot, and the worker.

    *done*: an envelope of the worker's own reading waits for one event less. *generation*: the consumer group's.
    """

    pendings: Pendings
    roads: Roads
    parking: Parking
    done: Callable[[Envelope], None]
    generation: Callable[[], int]


class Known(NamedTuple):
    """What forwarding knows besides the events: the shops' settings, and items their catalogs at Meta have not."""

    shops: ShopDirectory
    missing: Container[Any] = ()


class Links(NamedTuple):
    """What ties a forwarder to the world.

    *roads*: the ways to destinations. *finals*: the receipts from before a partition's first record. *generation*: of
    the consumer group. *ready*: waits until what is parked in a partition is known. *settled*: those of some receipts,
    each with the time (ms) before which it was not written, that there are. *home*: the partition of a shop's visitor.
    """

    roads: Roads
    finals: Callable[[Record], Awaitable[Finals]]
    ack: Callable[..., None]
    generation: Callable[[], int]
    ready: Callable[[int], Awaitable[None]]
    settled: Callable[[int, Mapping[bytes, int]], Awaitable[set[bytes]]]
    home: Callable[[str, str], int]
