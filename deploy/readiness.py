"""How the supervisor learns that a process is ready."""

from collections.abc import Awaitable, Callable

import httpx

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
    """Say ready when *probe* does and *prepare* has been through, at this start and every restart."""

    async def ready() -> bool:
        if not await probe():
            return False
        await prepare()
        return True

    return ready
