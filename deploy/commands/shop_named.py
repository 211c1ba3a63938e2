"""The shop that a command names, as `shops.configured` has it."""

import click

from connectors.kafka import registry, shops
from deploy.reaching import reached
from schemas.records import Shop
from schemas.settings import KafkaSettings, RegistrySettings, settings


async def find_shop(shop_id: str) -> Shop:
    """Find a shop's settings. Raises `ClickException` when there is none, `TransientError` without Kafka."""
    kafka = await reached(settings(KafkaSettings))
    async with shops.following(kafka, await registry.codec(settings(RegistrySettings), kafka)) as directory:
        shop = directory.get(shop_id)
    if shop is None:
        raise click.ClickException(f"no shop {shop_id}; see `storestream shops list`")
    return shop
