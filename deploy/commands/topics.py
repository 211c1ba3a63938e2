"""`storestream topics plan|apply|describe`: the declared topics beside the cluster's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from aiokafka.admin import AIOKafkaAdminClient

from connectors.kafka import admin as topics_admin
from deploy.commands.output import console, print_table
from deploy.reaching import reached
from schemas.settings import KafkaSettings, settings

Result = TypeVar("Result")


@click.group()
def command() -> None:
    """Compare the declared topics with the cluster, and make what is missing."""


@command.command()
def plan() -> None:
    """Show what `apply` would do; exit 2 when there is something to do."""
    steps = _with_admin(topics_admin.plan)
    if not steps:
        console.print("the cluster is as declared")
        return
    print_table([step._asdict() for step in steps], ("action", "topic", "detail"))
    raise SystemExit(2)


@command.command()
def apply() -> None:
    """Create missing topics, add partitions where that is safe, set what differs."""
    kafka = settings(KafkaSettings)

    async def carry_out(client: AIOKafkaAdminClient, _: KafkaSettings) -> list[topics_admin.Step]:
        steps = await topics_admin.plan(client, kafka)
        await topics_admin.apply(client, kafka, steps)
        return steps

    for step in _with_admin(carry_out):
        console.print(f"{step.action}: {step.topic} ({step.detail})")
    console.print("the cluster is as declared")


@command.command()
def describe() -> None:
    """List the topics: who writes, who reads, what is in them."""
    rows = _with_admin(topics_admin.describe)
    print_table(rows, ("topic", "partitions", "key", "value", "writer", "readers", "retention", "compacted"))


def _with_admin(action: Callable[[AIOKafkaAdminClient, KafkaSettings], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        kafka = await reached(settings(KafkaSettings))
        client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
        await client.start()
        try:
            return await action(client, kafka)
        finally:
            await client.close()

    return asyncio.run(run())
