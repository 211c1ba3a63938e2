"""Shops that the command publishes reach every process that follows them."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.kafka import shops
from schemas.codec import Codec
from schemas.errors import TransientError
from schemas.settings import KafkaSettings
from schemas.topics import SHOPS_CONFIGURED
from tests.builders import a_shop
from tests.integration.kafka_topics import make_topics, own_kafka, produce, until

pytestmark = pytest.mark.integration

CODEC = Codec.from_lock()
SHOPS = """
shops:
  - shop_id: demo
    domains: [demo.myshopify.com]
    write_keys: [wk_demo]
    currency: EUR
    destinations: [{name: main, pixel_id: "4711", token_env: META_TOKEN}]
"""


def storestream(kafka: KafkaSettings, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "STORESTREAM_TOPIC_PREFIX": kafka.prefix,
        "META_TOKEN": "hush",
    }
    command = [sys.executable, "-c", "from deploy.cli import main; main()", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


async def test_the_last_settings_of_each_shop_are_there_on_entry_and_changes_follow(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, (SHOPS_CONFIGURED,))
    await shops.publish(kafka, CODEC, [a_shop(), a_shop(shop_id="other", domains=["o.example"], write_keys=["wk_o"])])
    await shops.publish(kafka, CODEC, [a_shop(currency="USD")])

    async with shops.following(kafka, CODEC) as directory:
        assert [shop["shop_id"] for shop in directory.all()] == ["demo", "other"]
        assert directory.get("demo") == a_shop(currency="USD")

        await shops.publish(kafka, CODEC, [a_shop(write_keys=["wk_new"]), a_shop(shop_id="other", deleted=True)])
        await until(lambda: directory.get("other") is None)

        assert directory.with_write_key("wk_demo") is None
        assert directory.with_write_key("wk_new") == a_shop(write_keys=["wk_new"])
        assert directory.with_domain("o.example") is None


async def test_record_that_is_no_shop_is_passed_over(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, (SHOPS_CONFIGURED,))
    topic = kafka.prefix + SHOPS_CONFIGURED.name
    await produce(kafka_bootstrap, topic, [(b"demo", b"{}"), (b"demo", None)])
    await shops.publish(kafka, CODEC, [a_shop()])

    async with shops.following(kafka, CODEC) as directory:
        assert directory.all() == [a_shop()]


async def test_tombstone_forgets_the_shop(kafka_bootstrap: str) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, (SHOPS_CONFIGURED,))
    await shops.publish(kafka, CODEC, [a_shop(), a_shop(shop_id="other", domains=["o.example"], write_keys=["wk_o"])])

    async with shops.following(kafka, CODEC) as directory:
        await produce(kafka_bootstrap, kafka.prefix + SHOPS_CONFIGURED.name, [(b"demo", None)])
        await until(lambda: directory.get("demo") is None)

        assert directory.with_write_key("wk_demo") is None
        assert directory.with_write_key("wk_o") is not None


async def test_directory_without_its_topic_is_not_entered(kafka_bootstrap: str) -> None:
    with pytest.raises(TransientError):
        async with shops.following(own_kafka(kafka_bootstrap), CODEC, timeout_seconds=1):
            pytest.fail("entered without shops")


async def test_the_command_applies_a_file_and_lists_it_without_secrets(kafka_bootstrap: str, tmp_path: Path) -> None:
    kafka = own_kafka(kafka_bootstrap)
    await make_topics(kafka, (SHOPS_CONFIGURED,))
    (tmp_path / "shops.yaml").write_text(SHOPS)

    applied = await asyncio.to_thread(storestream, kafka, "shops", "apply", str(tmp_path / "shops.yaml"))
    listed = await asyncio.to_thread(storestream, kafka, "shops", "list")

    assert applied.stdout == "configured: demo (1 destinations)\n"
    assert listed.stdout.splitlines()[1].split() == ["demo", "demo.myshopify.com", "EUR", "UTC", "main", "(4711)"]
    assert "hush" not in applied.stdout + applied.stderr + listed.stdout + listed.stderr
