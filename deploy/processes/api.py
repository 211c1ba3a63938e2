"""The process `api`: questions, recommendations, experiments, who is who, products, catalogs and their feeds over HTTP.

    python -m deploy.processes.api    # until SIGTERM; API_HOST, API_PORT: where it listens, API_TOKENS: who may ask

It starts without ClickHouse and Kafka, answers 503 until they are there, and comes back with them.
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
from analytics.api.catalogs import routes as catalog_routes
from analytics.api.identities import routes as identity_routes
from analytics.api.products import routes as product_routes
from analytics.api.tokens import tokens_in
from analytics.experiments.routes import routes as experiment_routes
from analytics.experiments.serving import Experiments
from analytics.recommending.routes import routes
from analytics.recommending.serving import Recommender
from deploy.feeds.door import routes as feed_routes
from deploy.feeds.followed import Followed
from deploy.processes.api_kafka import ApiKafka
from deploy.processes.api_visits import new_visits, visits_followed
from deploy.processes.serving import Server, event_loop
from schemas.settings import ApiSettings, ClickHouseSettings, settings
from streams import logs

log = structlog.get_logger()

SHUTDOWN_SECONDS = 10


def build(api: ApiSettings, clickhouse: ClickHouseSettings) -> FastAPI:
    """Wire what is asked to ClickHouse, and what is changed to Kafka; each is connected to at its first use."""
    asker, kafka, at_hand, followed = Asker(clickhouse, api), ApiKafka(), new_visits(), Followed()
    recommender = Recommender(clickhouse, at_hand=at_hand)
    if not api.tokens:
        log.warning("API_TOKENS is empty: every question will be refused")

    @asynccontextmanager
    async def closed_at_end(_: FastAPI) -> AsyncIterator[None]:
        try:
            async with visits_followed(at_hand):
                yield
        finally:
            recommender.close()
            asker.close()
            await kafka.close()
            await followed.close()

    more = [*routes(recommender), *experiment_routes(Experiments(clickhouse))]
    more += identity_routes(clickhouse, kafka.link, api)
    more += [*product_routes(kafka), *catalog_routes(clickhouse, kafka), *feed_routes(followed)]
    return create_app(asker, tokens_in(api.tokens, os.environ), api, more, lifespan=closed_at_end)


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
