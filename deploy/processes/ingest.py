"""The process `ingest`: the HTTP door wired to Kafka.

    python -m deploy.processes.ingest    # until SIGTERM; INGEST_HOST and INGEST_PORT say where it listens

It starts without Kafka, answers 503 until Kafka and the shops are there, and comes back with them.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import structlog
import uvicorn
from starlette.applications import Starlette

from connectors.ingest.app import create_app
from connectors.ingest.bodies import read_body
from connectors.kafka import registry
from connectors.kafka.envelopes import EnvelopeWriter
from connectors.kafka.follower import Follower
from connectors.kafka.lanes import Limits
from connectors.kafka.publisher import Publisher
from connectors.kafka.records import RecordWriter
from connectors.kafka.shops import ShopDirectory
from connectors.shopify.webhooks import MOST_BYTES, WebhookDoor
from connectors.storefronts.calls import http_client
from connectors.storefronts.door import StorefrontDoor
from deploy.processes.ingest_sink import KafkaSink
from deploy.processes.serving import Server, event_loop
from deploy.storefronts import systems, thin_topics
from schemas.codec import Codec
from schemas.records import Shop
from schemas.settings import IngestSettings, KafkaSettings, RegistrySettings, settings
from schemas.topics import EVENTS_RECEIVED, ORDERS_RECEIVED, PRODUCTS_CHANGED, RECORDS_REJECTED, SHOPS_CONFIGURED
from streams import logs

log = structlog.get_logger()

PUBLISHED = (EVENTS_RECEIVED, ORDERS_RECEIVED, PRODUCTS_CHANGED, RECORDS_REJECTED)
SHUTDOWN_SECONDS = 10
KEEP_ALIVE_SECONDS = 65  # longer than the usual balancer's, so that it is not us who close a connection just reused


class FollowedShops:
    """The shops as `shops.configured` tells them."""

    def __init__(self, kafka: KafkaSettings, codec: Codec) -> None:
        """Take where the topic is; `follower` is started by the process."""
        self._directory = ShopDirectory(codec)
        self.follower = Follower(kafka.bootstrap_servers, kafka.prefix + SHOPS_CONFIGURED.name, self._directory.apply)

    @property
    def is_complete(self) -> bool:
        """Whether the topic has been read to its end once."""
        return self.follower.is_caught_up

    def with_write_key(self, write_key: str) -> Shop | None:
        """Find a shop by its pixel's write key."""
        return self._directory.with_write_key(write_key)

    def with_domain(self, domain: str) -> Shop | None:
        """Find a shop by its domain."""
        return self._directory.with_domain(domain)

    def all(self) -> list[Shop]:
        """List the shops."""
        return self._directory.all()


def secrets(names: Sequence[str]) -> list[bytes]:
    """Read the secrets in the environment variables of these *names*; a missing or empty one is none."""
    return [secret.encode() for name in names if (secret := os.environ.get(name))]


async def build(ingest: IngestSettings, kafka: KafkaSettings, codec: Codec) -> Starlette:
    """Wire the door to Kafka; it connects while its lifespan runs."""
    publisher, shops = Publisher(kafka, PUBLISHED), FollowedShops(kafka, codec)
    limits = Limits(
        linger_seconds=ingest.linger_seconds,
        members=ingest.envelope_events,
        bytes=ingest.envelope_bytes,
        pending_bytes=ingest.pending_bytes,
        timeout_seconds=ingest.publish_timeout_seconds,
    )
    envelopes, records = EnvelopeWriter(publisher.publish, codec, limits), RecordWriter(publisher.publish, limits)
    sink = KafkaSink(codec, kafka.partitions, envelopes, records, publisher.problem)
    http, read = http_client(), partial(read_body, max_bytes=MOST_BYTES)
    webhooks = WebhookDoor(shops, sink, secrets, read, thin_topics(http)).routes()
    for system in systems(http):
        webhooks += StorefrontDoor(system, shops, sink, secrets, read).routes()

    @asynccontextmanager
    async def connected(_: Starlette) -> AsyncIterator[None]:
        await publisher.start()
        await shops.follower.start()
        try:
            yield
        finally:
            await asyncio.gather(envelopes.stop(), records.stop())
            await shops.follower.stop()
            await publisher.stop()
            await http.aclose()

    return create_app(shops, sink, ingest, webhooks, lifespan=connected)


async def serve() -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first."""
    ingest, kafka = settings(IngestSettings), settings(KafkaSettings)
    codec = await registry.codec(settings(RegistrySettings), kafka)
    config = uvicorn.Config(
        await build(ingest, kafka, codec),
        host=ingest.host,
        port=ingest.port,
        loop="none",
        http="httptools",
        log_config=None,
        access_log=False,  # the GIF's URLs hold what shoppers did
        proxy_headers=False,  # connectors.ingest.origins reads them, as INGEST_TRUSTED_PROXIES says
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    log.info("ingest listens", host=ingest.host, port=ingest.port)
    await Server(config).serve()


def main() -> None:
    """Run the process."""
    logs.configure("ingest")
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
