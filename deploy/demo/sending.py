"""Sends the demo's requests to the public HTTP endpoints, many lanes at once, each lane in its own order."""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

import httpx

from deploy.demo.visits import Sending
from deploy.servers.storefronts.deliveries import signed_headers
from schemas.errors import TransientError

LANES: Final = 24
TRIES: Final = 30
RETRY_SECONDS: Final = 0.5


class Sent:
    """What was sent and what the door said: the ids to look for at the other end."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        self.accepted_ids: set[str] = set()
        self.refused_ids: set[str] = set()
        self.order_ids: set[str] = set()
        self.requests = 0
        self.refused = 0
        self.refusals: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()


class Door:
    """The public endpoints of one shop at *base_url*."""

    def __init__(self, base_url: str, *, write_key: str, domain: str, webhook_secret: str) -> None:
        """Take where the door is and what opens it."""
        # One each: httpx looks through all connections of a pool at every request.
        self._clients = [httpx.AsyncClient(base_url=base_url, timeout=30) for _ in range(LANES)]
        self._write_key = write_key
        self._domain = domain
        self._secret = webhook_secret.encode()

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.aclose()

    async def send(self, sending: Sending, lane: int) -> httpx.Response:
        """Send one request on *lane*, again while the answer is that Kafka is not there: as a pixel and a shop do.

        Raises:
            TransientError: the door stayed closed.
        """
        for _ in range(TRIES):
            try:
                answer = await self._send_once(self._clients[lane], sending)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < 500:
                return answer
            await asyncio.sleep(RETRY_SECONDS)
        raise TransientError(f"the ingest endpoint did not take a request of {sending.channel} in {TRIES} tries")

    async def _send_once(self, client: httpx.AsyncClient, sending: Sending) -> httpx.Response:
        if sending.channel == "gif":
            return await client.get(f"/v1/pixel/{self._write_key}.gif?{sending.body}")
        body = sending.body if isinstance(sending.body, str) else json.dumps(sending.body)
        if sending.channel == "pixel":
            headers = {"Content-Type": "text/plain;charset=UTF-8"}
            return await client.post(f"/v1/pixel/{self._write_key}", content=body, headers=headers)
        headers = signed_headers(
            sending.channel,
            body.encode(),
            domain=self._domain,
            secret=self._secret,
            delivery_id=str(uuid.uuid5(uuid.NAMESPACE_URL, sending.channel + body)),
            triggered_at=sending.at / 1000,
        )
        return await client.post("/v1/webhooks/shopify", content=body, headers=headers)


async def send_all(
    door: Door, sendings: Iterable[Sending], sent: Sent, *, rate: float | None = None, on_sent: Callable[[], None]
) -> None:
    """Send everything; *rate* is the most requests a second (None: as fast as the door takes them)."""
    lanes: list[asyncio.Queue[Sending | None]] = [asyncio.Queue(maxsize=50) for _ in range(LANES)]
    async with asyncio.TaskGroup() as tasks:
        for number, lane in enumerate(lanes):
            tasks.create_task(_drain(door, number, lane, sent, on_sent))
        began = time.monotonic()
        for number, sending in enumerate(sendings):
            if rate and (early := began + number / rate - time.monotonic()) > 0:
                await asyncio.sleep(early)
            await lanes[hash(sending.lane) % LANES].put(sending)
        for lane in lanes:
            await lane.put(None)


async def _drain(
    door: Door, number: int, lane: asyncio.Queue[Sending | None], sent: Sent, on_sent: Callable[[], None]
) -> None:
    while (sending := await lane.get()) is not None:
        _note(sent, sending, await door.send(sending, number))
        on_sent()


def _note(sent: Sent, sending: Sending, answer: httpx.Response) -> None:
    sent.requests += 1
    sent.statuses[answer.status_code] += 1
    if sending.order_id and answer.is_success:
        sent.order_ids.add(sending.order_id)
    if sending.channel == "gif":
        (sent.accepted_ids if answer.is_success else sent.refused_ids).update(sending.event_ids)
    if sending.channel != "pixel":
        return
    rejected = answer.json().get("rejected", []) if answer.content else []
    refused = {each["index"] for each in rejected}
    sent.refused += len(rejected)
    sent.refusals.update(each["reason"] for each in rejected)
    for index, event_id in enumerate(sending.event_ids):
        (sent.refused_ids if index in refused or answer.is_error else sent.accepted_ids).add(event_id)
