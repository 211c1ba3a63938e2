"""How the supervisor learns that a process is ready."""

from collections.abc import Awaitable, Callable

import httpx
from aiokafka.errors import KafkaError

from schemas.errors import TransientError

Ready = Callable[[], Awaitable[bool]]
"""Says whether it is; asked again and again until it is."""


def answers(url: str) -> Ready:
    """Ask *url*; ready when it answers with success."""

    async def probe() -> bool:
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(url)).is_success
        except httpx.TransportError:
            return False

    return probe


def once_prepared(probe: Ready, prepare: Callable[[], Awaitable[None]]) -> Ready:
    """Say ready when *probe* does and *prepare* has been through, at this start and every restart.

    A server that goes away, or is not quite there, while it is prepared is not ready yet.
    """

    async def ready() -> bool:
        if not await probe():
            return False
        try:
            await prepare()
        except (TransientError, OSError):
            return False
        except KafkaError as exc:
            if exc.retriable:
                return False
            raise
        return True

    return ready
