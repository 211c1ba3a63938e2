"""Makes servers ready for our processes: topics and shops on Kafka, tables in ClickHouse. Each step may be repeated."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient

from analytics.migrate import migrate
from connectors.kafka import admin, registry, shops
from deploy.commands.shops import read_shops
from deploy.reaching import reached
from schemas.settings import ClickHouseSettings, KafkaSettings, RegistrySettings, settings_in


async def make_topics(environment: Mapping[str, str]) -> None:
    """Create what topics are missing.

    Raises:
        ConfigurationError: a topic differs in a way only a person can resolve.
        TransientError: Kafka does not answer.
    """
    kafka = await reached(settings_in(environment, KafkaSettings))
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await client.start()
    try:
        await admin.apply(client, kafka, await admin.plan(client, kafka))
    finally:
        await client.close()


async def configure_shops(environment: Mapping[str, str], file: Path) -> None:
    """Publish the shops of *file* that nobody has configured yet; what a person has applied stays."""
    kafka = settings_in(environment, KafkaSettings)
    codec = await registry.codec(settings_in(environment, RegistrySettings), kafka)
    async with shops.following(kafka, codec) as directory:
        new = [shop for shop in read_shops(file) if directory.get(shop.shop_id) is None]
    await shops.publish(kafka, codec, [shop.to_record(int(time.time() * 1000)) for shop in new])


async def make_tables(environment: Mapping[str, str]) -> None:
    """Bring ClickHouse's tables to the newest version."""
    await asyncio.to_thread(migrate, settings_in(environment, ClickHouseSettings))
