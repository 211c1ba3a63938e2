"""The shop that a command names, as `shops.configured` has it."""

import click

from connectors.kafka import registry, shops
from deploy.reaching import reached
from schemas.records import Shop
from schemas.settings import KafkaSettings, RegistrySettings, settings


async def find_shop(shop_id: str) -> Shop:
    """Find a shop's settings. Raises `ClickException` when there is none, `TransientError` without Kafka."""
    shop = next((each for each in await all_shops() if each["shop_id"] == shop_id), None)
    if shop is None:
        raise click.ClickException(f"no shop {shop_id}; see `storestream shops list`")
    return shop


async def all_shops() -> list[Shop]:
    """List the shops' settings. Raises `TransientError` without Kafka."""
    kafka = await reached(settings(KafkaSettings))
    async with shops.following(kafka, await registry.codec(settings(RegistrySettings), kafka)) as directory:
        return directory.all()
