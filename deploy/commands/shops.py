"""`storestream shops apply|list`: write shops' settings to `shops.configured`, or show them."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import yaml

from connectors.kafka import registry, shops
from deploy.commands.output import print_table, say
from deploy.reaching import reached
from schemas.errors import TerminalError
from schemas.settings import KafkaSettings, RegistrySettings, settings
from schemas.shop import ShopFile, parse_shop


@click.group()
def command() -> None:
    """Write shops' settings, or show them."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(file: Path) -> None:
    """Check the shops in FILE (YAML, a list under `shops`) and publish them; every process follows."""
    try:
        configured = read_shops(file)
    except TerminalError as exc:
        raise click.ClickException(f"{file.name}: {exc.detail}") from None
    asyncio.run(publish_shops(configured))
    for shop in configured:
        say(f"configured: {shop.shop_id} ({len(shop.destinations)} destinations)")


@command.command(name="list")
def list_() -> None:
    """Show every shop; of secrets only the names of their variables."""

    async def read() -> list[dict[str, object]]:
        kafka = await reached(settings(KafkaSettings))
        codec = await registry.codec(settings(RegistrySettings), kafka)
        async with shops.following(kafka, codec) as directory:
            return [
                {
                    "shop": shop["shop_id"],
                    "domains": ", ".join(shop["domains"]),
                    "currency": shop["currency"],
                    "time zone": shop["time_zone"],
                    "destinations": ", ".join(f"{each['name']} ({each['pixel_id']})" for each in shop["destinations"]),
                }
                for shop in directory.all()
            ]

    print_table(asyncio.run(read()), ("shop", "domains", "currency", "time zone", "destinations"))


def read_shops(file: Path) -> list[ShopFile]:
    """Read and check a YAML file of shops. Raises `TerminalError` naming each wrong field."""
    try:
        content = yaml.safe_load(file.read_text())
    except yaml.YAMLError as exc:
        raise TerminalError("bad_value", "file", f"no YAML ({type(exc).__name__})") from None
    listed = content.get("shops") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not listed:
        raise TerminalError("missing_field", "shops", "shops: a list of shops is missing")
    return [parse_shop(each) for each in listed]


def require_own_keys(configured: Sequence[ShopFile], owners: Mapping[str, str]) -> None:
    """Let the shops pass if no write key is another shop's: its events would be taken for theirs.

    *owners* are the shops by write key as they are now; raises `TerminalError`.
    """
    changed = {shop.shop_id for shop in configured}
    taken = {key: owner for key, owner in owners.items() if owner not in changed}
    for shop in configured:
        for key in shop.write_keys:
            if taken.setdefault(key, shop.shop_id) != shop.shop_id:
                raise TerminalError("bad_value", "write_keys", f"{shop.shop_id} has one that is {taken[key]}'s")


async def publish_shops(configured: list[ShopFile]) -> None:
    """Publish the shops and wait until Kafka has them. Raises `TerminalError` if two would have one write key."""
    kafka = await reached(settings(KafkaSettings))
    codec = await registry.codec(settings(RegistrySettings), kafka)
    async with shops.following(kafka, codec) as directory:
        owners = {key: shop["shop_id"] for shop in directory.all() for key in shop["write_keys"]}
    require_own_keys(configured, owners)
    await shops.publish(kafka, codec, [shop.to_record(int(time.time() * 1000)) for shop in configured])
