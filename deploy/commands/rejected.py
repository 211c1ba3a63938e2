"""`storestream rejected list|show|replay`: see what could not be used, repair it, and send it again."""

import asyncio
import base64
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import httpx
from aiokafka import AIOKafkaProducer

from connectors.clickhouse.client import connect, errors_translated
from connectors.kafka import registry, shops
from deploy.commands.output import console, print_table
from deploy.reaching import reached
from deploy.webhook_replays import to_request, topic_of
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.settings import ClickHouseSettings, KafkaSettings, RegistrySettings, settings
from schemas.topics import TOPICS
from streams.records import MEANT_FOR

LIST = """
SELECT toString(rejection_id) AS id, received_at, stage, reason, field, detail, length(payload) AS bytes
FROM rejected FINAL
WHERE (shop_id = {shop:String} OR {shop:String} = '') AND (reason = {reason:String} OR {reason:String} = '')
ORDER BY received_at DESC LIMIT {limit:UInt32}
"""
ONE = """
SELECT toString(rejection_id) AS id, shop_id, stage, reason, detail, topic, ifNull(kafka_partition, 0) AS partition,
    toUnixTimestamp64Milli(received_at) / 1000 AS received_seconds, base64Encode(payload) AS payload
FROM rejected FINAL WHERE rejection_id = {id:UUID}
"""


@click.group()
def command() -> None:
    """See what could not be used, repair it, and send it again."""


@command.command(name="list")
@click.option("--shop", default="", help="Only of this shop; '' is every shop.")
@click.option("--reason", default="", help="Only with this reason, such as not_fetched; '' is every one.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--ids", is_flag=True, help="Print their ids alone, the oldest first: for xargs and replay.")
def list_(shop: str, reason: str, limit: int, ids: bool) -> None:
    """List the newest rejections: who refused what, and why."""
    rows = _ask(LIST, shop=shop, reason=reason, limit=limit)
    if ids:
        for row in reversed(rows):
            click.echo(row["id"])
        return
    print_table(rows, ("received_at", "stage", "reason", "field", "detail", "bytes", "id"))
    if not rows:
        console.print("nothing was rejected")


@command.command()
@click.argument("rejection_id", type=click.UUID)
def show(rejection_id: Any) -> None:
    """Write the bytes of one rejection to stdout; they may hold personal data."""
    sys.stdout.buffer.write(_one(str(rejection_id))[1])


@command.command()
@click.argument("rejection_id", type=click.UUID)
@click.option(
    "--with", "repaired", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Repaired bytes."
)
@click.option("--ingest", envvar="INGEST_URL", help="Address of ingest, for what was refused there.")
@click.option("--dry-run", is_flag=True, help="Say where it would go, and send nothing.")
def replay(rejection_id: Any, repaired: Path | None, ingest: str | None, dry_run: bool) -> None:
    """Send one rejection again to where it was refused, as it was or with repaired bytes."""
    rejection, payload = _one(str(rejection_id))
    content = repaired.read_bytes() if repaired else payload
    door = topic_of(rejection) or "pixel"
    target = f"{ingest} ({door})" if rejection["stage"] == "ingest" else rejection["topic"]
    console.print(f"{len(content)} bytes {'would go' if dry_run else 'go'} to {target}")
    if not dry_run:
        asyncio.run(
            _to_ingest(rejection, content, ingest) if rejection["stage"] == "ingest" else _to_kafka(rejection, content)
        )


async def _to_ingest(rejection: dict[str, Any], content: bytes, ingest: str | None) -> None:
    """Post it as the pixel would, with the shop's write key, or as its shop system would, with the shop's secret."""
    if not ingest:
        raise ConfigurationError("--ingest is missing: the address of ingest, such as http://127.0.0.1:8080")
    kafka = await reached(settings(KafkaSettings))
    async with shops.following(kafka, await registry.codec(settings(RegistrySettings), kafka)) as directory:
        shop = directory.get(rejection["shop_id"])
    if shop is None:
        raise TerminalError("unknown_shop", "shop_id", "the bytes came from no shop we know, so no write key fits")
    topic, path, headers = topic_of(rejection), f"/v1/pixel/{shop['write_keys'][0]}", dict[str, str]()
    if topic is not None:
        path, headers = to_request(rejection, topic, content, shop)
    async with httpx.AsyncClient(timeout=30) as client:
        try:
            answer = await client.post(ingest.rstrip("/") + path, content=content, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            raise TransientError(f"ingest did not answer: {type(exc).__name__}") from None
    console.print(f"ingest answered {answer.status_code}: {answer.text}")
    taken = {httpx.codes.ACCEPTED} if topic is None else {httpx.codes.OK}
    if answer.status_code not in taken or (topic is not None and answer.json()["rejected"]):
        raise SystemExit(1)


async def _to_kafka(rejection: dict[str, Any], content: bytes) -> None:
    """Put it on its own topic and partition again, for the worker that refused it."""
    topic = next((each for each in TOPICS if each.name == rejection["topic"]), None)
    if topic is None or topic.compacted:
        raise TerminalError(
            "bad_value", "topic", "records of this topic have keys: send the change again at its source"
        )
    kafka = await reached(settings(KafkaSettings))
    codec = await registry.codec(settings(RegistrySettings), kafka)
    codec.decode_as(topic.value, content)  # a record that cannot be read would only come back
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        name, only = kafka.prefix + topic.name, [(MEANT_FOR, rejection["stage"].encode())]
        sent = await producer.send_and_wait(name, content, partition=rejection["partition"], headers=only)
    finally:
        await producer.stop()
    console.print(f"written to {sent.topic}, partition {sent.partition}, offset {sent.offset}")


def _one(rejection_id: str) -> tuple[dict[str, Any], bytes]:
    found = _ask(ONE, id=rejection_id)
    if not found:
        raise TerminalError("bad_value", "rejection_id", "no such rejection")
    return found[0], base64.b64decode(found[0]["payload"])


def _ask(sql: str, **parameters: Any) -> list[dict[str, Any]]:
    with closing(connect(settings(ClickHouseSettings))) as client, errors_translated():
        answer = client.query(sql, parameters=parameters)
        return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
