"""What the door needs from the rest: shops to find, a sink to hand records to, and what is missing."""

from collections.abc import Sequence
from typing import Protocol

from schemas.records import Event, Rejected, Shop


class Shops(Protocol):
    """The shops configured, as far as they are known."""

    @property
    def is_complete(self) -> bool:
        """Whether all shops have been read; before that, not finding one means nothing."""

    def with_write_key(self, write_key: str) -> Shop | None:
        """Find the shop that a pixel's write key belongs to."""


class Sink(Protocol):
    """Where records go."""

    async def take(self, events: Sequence[Event], rejected: Sequence[Rejected]) -> None:
        """Return once Kafka has all of them, each visitor's in order.

        Raises:
            TransientError: Kafka did not take them in a bounded time; some may be there, so send them all again.
        """

    async def missing(self) -> dict[str, str]:
        """Name what is missing to take records, with the reason; nothing when all is there."""
