"""One idempotent producer that comes and comes back with its broker: records in, acknowledged by all replicas.

Nothing waits here for a broker that was never there. A record that is under way when the broker goes stays under
way until it returns: the idempotent producer repeats it in its place, so that order holds.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from schemas.errors import TransientError
from schemas.settings import KafkaSettings
from schemas.topics import MAX_RECORD_BYTES, Topic

log = structlog.get_logger()

RETRY_SECONDS: Final = 0.5
PROBE_SECONDS: Final = 2.0
RETRY_BACKOFF_MS: Final = 250
STOP_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 10.0
"""Longest silence of a broker before the connection counts as broken and the request is repeated."""


class _Link(NamedTuple):
    """A producer, and *lost*: done once it was given up with records still under way."""

    producer: AIOKafkaProducer
    lost: asyncio.Future[None]

    async def close(self) -> None:
        """Wait for what is under way, at most STOP_SECONDS, and disconnect."""
        try:
            await asyncio.wait_for(self.producer.stop(), STOP_SECONDS)
        except TimeoutError:
            self.lost.set_result(None)
            await self.producer.client.close()
            sender = self.producer._sender.sender_task
            sender.cancel()
            # It first awaits requests to a broker that may never answer.
            await asyncio.wait([sender], timeout=STOP_SECONDS)


class Publisher:
    """Publishes to *topics*, once all of them are there with the declared number of partitions."""

    def __init__(self, kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
        """Take where Kafka is and what is published; connects to nothing yet."""
        self._kafka = kafka
        self._topics = topics
        self._link: _Link | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._problem = "not connected yet"

    async def start(self) -> None:
        """Begin to connect in the background, for as long as it takes."""
        self._connecting = asyncio.create_task(self._connect(), name="connect the publisher")

    async def stop(self) -> None:
        """Wait for what is under way, at most STOP_SECONDS, and disconnect."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._link is not None:
            await self._link.close()
            self._link = None
        if self._closing:
            await asyncio.wait(self._closing)

    async def connected(self, timeout_seconds: float) -> None:
        """Wait until records can be handed over. Raises: `TransientError` when it takes longer."""
        if self._link is None and self._connecting is not None:
            await asyncio.wait({self._connecting}, timeout=timeout_seconds)
        if self._link is None:
            raise TransientError(f"kafka: {self._problem}")

    async def publish(
        self, topic: Topic, value: bytes, *, key: bytes | None = None, partition: int | None = None
    ) -> None:
        """Send one record and return when Kafka has it; without a *partition* the key decides.

        Waits for as long as the broker is away, once a send has begun.

        Raises:
            TransientError: not connected, or Kafka did not take the record.
        """
        link = self._link
        if link is None:
            raise TransientError(f"kafka: {self._problem}")
        try:
            sending = await link.producer.send(self._kafka.prefix + topic.name, value, key=key, partition=partition)
            await asyncio.wait((sending, link.lost), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise TransientError("kafka: the connection was given up")
            sending.result()
        except KafkaTimeoutError as exc:  # there was no room to queue it; nothing has been sent
            raise TransientError("kafka: no room to queue") from exc
        except KafkaError as exc:
            # After a failed batch the sequence numbers have a hole, and this producer would be refused for ever.
            self._replace(link, type(exc).__name__)
            raise TransientError(f"kafka: {type(exc).__name__}") from exc

    async def problem(self) -> str | None:
        """Tell what keeps records from being published, asking a broker now; nothing when all is well."""
        link = self._link
        if link is None:
            return self._problem
        try:
            answered = await asyncio.wait_for(link.producer.client.force_metadata_update(), PROBE_SECONDS)
        except (KafkaError, OSError, TimeoutError):
            answered = False
        return None if answered else "no broker answers"

    def _replace(self, broken: _Link, why: str) -> None:
        if self._link is not broken:
            return
        log.warning("producer replaced", error=why)
        self._link, self._problem = None, why
        closing = asyncio.create_task(broken.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._connecting = asyncio.create_task(self._connect(), name="connect the publisher")

    async def _connect(self) -> None:
        told = ""
        while True:
            link = _Link(self._new_producer(), asyncio.get_running_loop().create_future())
            try:
                await link.producer.start()
                self._problem = await self._undeclared(link.producer)
                if not self._problem:
                    self._link = link
                    log.info("publisher connected")
                    return
            except (KafkaError, OSError) as exc:
                self._problem = f"no broker answers ({type(exc).__name__})"
            finally:
                if self._link is not link:
                    await link.close()
            if self._problem != told:
                told = self._problem
                log.warning("publisher waits for kafka", problem=told)
            await asyncio.sleep(RETRY_SECONDS)

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._kafka.bootstrap_servers,
            client_id="storestream-publisher",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=int(REQUEST_SECONDS * 1000),
            retry_backoff_ms=RETRY_BACKOFF_MS,
            max_request_size=MAX_RECORD_BYTES,
            max_batch_size=MAX_RECORD_BYTES,
        )

    async def _undeclared(self, producer: AIOKafkaProducer) -> str:
        """Name the topics that are not there as declared; '' when all are."""
        metadata: Any = await producer.client.fetch_all_metadata()
        wrong = []
        for topic in self._topics:
            found = len(metadata.partitions_for_topic(self._kafka.prefix + topic.name) or ())
            if found != (topic.partitions or self._kafka.partitions):
                wrong.append(f"{topic.name} has {found} partitions")
        return ", ".join(wrong)
