"""Keeps visits at hand for the recommendations of the process `api`, by following `events.enriched`.

It begins two hours back, so that what is under way when it starts is soon known whole.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from analytics.recommending.at_hand import AtHand
from connectors.kafka import registry
from connectors.kafka.follower import Follower
from schemas.codec import Codec
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.topics import EVENTS_ENRICHED

SINCE_SECONDS: Final = 2 * 3600
RETRY_SECONDS: Final = 5.0

log = structlog.get_logger()


def new_visits() -> AtHand:
    """Know of no visit yet; what began up to two hours ago will be known whole."""
    return AtHand(_since())


@asynccontextmanager
async def visits_followed(at_hand: AtHand) -> AsyncIterator[None]:
    """Fill *at_hand* behind what else happens; without Kafka it stays empty, and ClickHouse is asked instead."""
    following = asyncio.create_task(_follow(at_hand), name="follow visits")
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def _follow(at_hand: AtHand) -> None:
    try:
        kafka = settings(KafkaSettings)
        codec = await _codec(kafka)
    except ConfigurationError as exc:
        log.warning("visits are asked of ClickHouse", why=str(exc))
        return
    topic = kafka.prefix + EVENTS_ENRICHED.name
    follower = Follower(kafka.bootstrap_servers, topic, _taking(codec, at_hand), since=_since())
    await follower.start()
    try:
        await follower.ended()
    finally:
        await follower.stop()


async def _codec(kafka: KafkaSettings) -> Codec:
    while True:
        try:
            return await registry.codec(settings(RegistrySettings), kafka)
        except TransientError as exc:
            log.warning("visits wait for the schemas", error=type(exc).__name__)
            await asyncio.sleep(RETRY_SECONDS)


def _taking(codec: Codec, at_hand: AtHand) -> Any:
    def take(record: Any) -> None:
        try:
            at_hand.take(codec.decode_as("EnrichedEnvelope", record.value))
        except TerminalError as exc:
            log.error("enriched events undecodable", reason=exc.reason, offset=record.offset)

    return take


def _since() -> int:
    return int((time.time() - SINCE_SECONDS) * 1000)
