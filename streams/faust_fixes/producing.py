"""What leaves before a commit: everything. Faust's buffer gives up after 100 ms and logs what could not be sent."""

import asyncio
from typing import Any

from faust.topics import Topic
from faust.transport.producer import ProducerBuffer
from mode import Service

from streams.failing import end_process

MAX_MESSAGES = 10_000

_send_pending = ProducerBuffer._send_pending
_on_published = Topic._on_published


def apply() -> None:
    """Put the corrected methods in place."""
    ProducerBuffer.max_messages = MAX_MESSAGES
    ProducerBuffer.flush = flush
    ProducerBuffer._handle_pending = Service.task(handle_pending)
    Topic._on_published = on_published


async def flush(self: Any) -> None:
    """Replaces `ProducerBuffer.flush`: return when every message is with the producer, also the one in hand."""
    await self.pending.join()


async def handle_pending(self: Any) -> None:
    """Replaces `ProducerBuffer._handle_pending`: say when a message is done, so that `flush` can wait for it."""
    while not self.should_stop:
        message = await self.pending.get()
        await _send_pending(self, message)
        self.pending.task_done()
        self.message_sent.set()


def on_published(self: Any, fut: asyncio.Future[Any], message: Any, producer: Any, state: Any) -> None:
    """Wraps `Topic._on_published`: a record Kafka did not take ends the process before its source is committed."""
    error = None if fut.cancelled() else fut.exception()
    if fut.cancelled() or error is not None:
        end_process("publish failed", error)
    _on_published(self, fut, message, producer, state)
