"""The process `api`: the questions, the recommendations and who is who over HTTP.

    python -m deploy.processes.api    # until SIGTERM; API_HOST, API_PORT: where it listens, API_TOKENS: who may ask

It starts without ClickHouse, answers 503 until it is there, and comes back with it.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from analytics.api.app import create_app
from analytics.api.asking import Asker
from analytics.api.identities import routes as identity_routes
from analytics.api.tokens import tokens_in
from analytics.recommending.routes import routes
from analytics.recommending.serving import Recommender
from connectors.kafka import registry
from connectors.kafka.unlinking import publish
from deploy.processes.serving import Server, event_loop
from schemas.records import Link
from schemas.settings import ApiSettings, ClickHouseSettings, KafkaSettings, RegistrySettings, settings
from streams import logs

log = structlog.get_logger()

SHUTDOWN_SECONDS = 10


def build(api: ApiSettings, clickhouse: ClickHouseSettings) -> FastAPI:
    """Wire the questions to ClickHouse; it connects at the first one."""
    asker = Asker(clickhouse, api)
    if not api.tokens:
        log.warning("API_TOKENS is empty: every question will be refused")

    @asynccontextmanager
    async def closed_at_end(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            asker.close()

    more = [*routes(Recommender(clickhouse)), *identity_routes(clickhouse, _publish)]
    return create_app(asker, tokens_in(api.tokens, os.environ), api, more, lifespan=closed_at_end)


async def _publish(link: Link) -> tuple[int, int]:
    """Put *link* on Kafka, with a producer of its own: it is seldom that somebody unlinks."""
    kafka = settings(KafkaSettings)
    return await publish(kafka, await registry.codec(settings(RegistrySettings), kafka), link)


async def serve() -> None:
    """Serve until SIGTERM or SIGINT; questions under way are answered first."""
    api = settings(ApiSettings)
    config = uvicorn.Config(
        build(api, settings(ClickHouseSettings)),
        host=api.host,
        port=api.port,
        loop="none",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    log.info("api listens", host=api.host, port=api.port)
    await Server(config).serve()


def main() -> None:
    """Run the process."""
    logs.configure("api")
    with asyncio.Runner(loop_factory=event_loop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
