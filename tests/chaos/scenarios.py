"""What happens to the workers while the load runs. Each takes the crew and a seeded source of chance."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable

import psutil

from tests.chaos.crew import Crew

Scenario = Callable[[Crew, random.Random], Awaitable[None]]
FROZEN_SECONDS = 9.0
REGROUP_SECONDS = 5.0


async def join(crew: Crew, chance: random.Random) -> None:
    """A second worker joins the first."""
    crew.start()
    await _working(crew, chance)
    crew.start()
    await _working(crew, chance)


async def term(crew: Crew, chance: random.Random) -> None:
    """Of two workers one is stopped with SIGTERM, and another comes."""
    await _two(crew, chance)
    await crew.stop(chance.choice(crew.running))
    await asyncio.sleep(chance.uniform(0, 1))
    crew.start()
    await _working(crew, chance)


async def kill(crew: Crew, chance: random.Random) -> None:
    """Of two workers one is killed with SIGKILL, and another comes."""
    await _two(crew, chance)
    crew.kill(chance.choice(crew.running))
    await asyncio.sleep(chance.uniform(0, 1))
    crew.start()
    await _working(crew, chance)


async def both(crew: Crew, chance: random.Random) -> None:
    """Both of two workers are killed, and two others come."""
    await _two(crew, chance)
    for _ in range(2):
        crew.kill(crew.running[0])
        await asyncio.sleep(chance.uniform(0, 0.5))
    await _two(crew, chance)


async def storm(crew: Crew, chance: random.Random) -> None:
    """Workers come, stop and are killed so fast that rebalances fall into rebalances."""
    await _two(crew, chance)
    for _ in range(6):
        await asyncio.sleep(chance.uniform(0.05, 1.2))
        if len(crew.running) < 2 or chance.random() < 0.5:
            crew.start()
        elif chance.random() < 0.5:
            await crew.stop(chance.choice(crew.running))
        else:
            crew.kill(chance.choice(crew.running))


async def static(crew: Crew, chance: random.Random) -> None:
    """One of two static members is killed and comes back under its name, before the group misses it."""
    crew.start("one")
    crew.start("two")
    await _working(crew, chance)
    victim = chance.choice(crew.running)
    crew.kill(victim)
    await asyncio.sleep(chance.uniform(0, 1))
    crew.start(crew.instances[victim.pid])
    await _working(crew, chance)


async def fail(crew: Crew, chance: random.Random) -> None:
    """Agents of two workers raise, three times in all; the supervisor starts them again."""
    await _two(crew, chance)
    for number in range(3):
        (crew.folder / f"fail-{number}").touch()
        await asyncio.sleep(chance.uniform(0.5, 2))


async def stall(crew: Crew, chance: random.Random) -> None:
    """The broker stands still for longer than the group waits for its members."""
    await _two(crew, chance)
    broker = _broker(crew.env["KAFKA_BOOTSTRAP_SERVERS"])
    broker.suspend()
    await asyncio.sleep(FROZEN_SECONDS)
    broker.resume()
    await asyncio.sleep(REGROUP_SECONDS)


async def freeze(crew: Crew, chance: random.Random) -> None:
    """One of two workers stands still until the group gives its partitions away, and then goes on."""
    await _two(crew, chance)
    victim = chance.choice(crew.running)
    victim.send_signal(signal.SIGSTOP)
    await asyncio.sleep(FROZEN_SECONDS)
    victim.send_signal(signal.SIGCONT)
    await asyncio.sleep(REGROUP_SECONDS)  # the next recovery writes anew what the frozen one wrote late


def _broker(address: str) -> psutil.Process:
    """Find the process of a broker on this machine."""
    port = int(address.rpartition(":")[2])
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port:
            return psutil.Process(found.pid)
    raise LookupError("the broker is not a process of this machine")


async def _two(crew: Crew, chance: random.Random) -> None:
    crew.start()
    crew.start()
    await _working(crew, chance)


async def _working(crew: Crew, chance: random.Random) -> None:
    await crew.at_work()
    await asyncio.sleep(chance.uniform(0.5, 2.5))


SCENARIOS: dict[str, Scenario] = {
    each.__name__: each for each in (join, term, kill, both, storm, static, fail, freeze, stall)
}
