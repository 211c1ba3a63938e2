"""`storestream conversions` on real ClickHouse: what became of an event, in words."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner

from analytics.migrate import migrate
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from connectors.kafka import shops
from deploy.cli import storestream
from schemas.codec import Codec
from schemas.identifiers import purchase_event_id
from schemas.records import EnrichedEnvelope, EnrichedEvent, ProductChange, Receipt
from schemas.settings import ClickHouseSettings, KafkaSettings, settings
from schemas.topics import CONVERSIONS_PARKED
from streams.forwarding.holds import held_record
from streams.forwarding.parking import key_of
from tests.builders import a_product_change, a_shop
from tests.contract.meta_process import TOKEN, a_running_standin
from tests.desks import a_lane
from tests.forwarded import a_destination, enriched
from tests.integration.forward_stage import Stage, envelope, just_now
from tests.integration.kafka_topics import make_topics, own_kafka, produce

pytestmark = pytest.mark.integration


def a_receipt(**changes: Any) -> Receipt:
    """Meta refused a product view."""
    receipt = Receipt(
        shop_id="demo",
        event_id="sh-refused",
        event_name="ViewContent",
        destination="meta",
        status="refused",
        reason="refused_by_meta",
        http_status=400,
        code=100,
        subcode=2804007,
        trace_id="Atrace",
        attempts=11,
        batch_id="b1",
        payload_hash=None,
        latency_ms=52,
        occurred_at=1_793_000_000_000,
        sent_at=1_793_000_001_000,
        value=None,
        currency=None,
        order_id=None,
        test=False,
        source_partition=0,
        source_offset=0,
        action_source="website",
    )
    return receipt | changes  # type: ignore[return-value]


def an_archived_event(**changes: Any) -> EnrichedEvent:
    session = "0d4f2f1c-6d0b-5f0e-9d1c-0a4e9b0d4f11"
    event = enriched(**changes)
    return event | {"session_id": session, "person_id": event["event"]["visitor_id"]}


def a_product() -> ProductChange:
    """Product p1 with the variant v1."""
    change = a_product_change(product_id="p1")
    assert change["product"] is not None
    change["product"]["variants"][0]["variant_id"] = "v1"
    return change


@pytest.fixture(scope="module")
def tables(clickhouse_url: str) -> Iterator[None]:
    url = f"{clickhouse_url.rstrip('/')}/conversions_{uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLICKHOUSE_URL", url)
        settings.cache_clear()
        clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
        migrate(clickhouse)
        names = {"sh-refused": "product_viewed", "sh-silent": "cart_viewed", "sh-waiting": "page_viewed"}
        events = [an_archived_event(event_id=event_id, name=name) for event_id, name in names.items()]
        events.append(an_archived_event(event_id="sh-completed", name="checkout_completed", order_id="4711"))
        archived("events.enriched", EnrichedEnvelope(events=events, sessions=[], orders=[], timelines=[]))
        archived("conversions.delivered", a_receipt(), a_receipt(shop_id="another", event_id="sh-waiting"))
        archived("products.changed", a_product())
        yield
    settings.cache_clear()


def archived(topic: str, *values: Any) -> None:
    """Write *values* of *topic* into ClickHouse, as the archive does."""
    inserter = Inserter(settings(ClickHouseSettings))
    for number, value in enumerate(values):
        for table, rows in rows_of(topic, value, 0, number).items():
            if rows:
                inserter.insert(table, rows, f"{table}-{uuid4()}")
    inserter.close()


def said(*arguments: str) -> str:
    result = CliRunner().invoke(storestream, ["conversions", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def configured(tables: None, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """The shop `demo` with a destination, and a stand-in of Meta."""
    kafka = own_kafka(kafka_bootstrap)
    with a_running_standin() as standin, httpx.Client(base_url=standin) as meta:
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
        monkeypatch.setenv("STORESTREAM_TOPIC_PREFIX", kafka.prefix)
        monkeypatch.setenv("META_GRAPH_URL", standin)
        monkeypatch.setenv("META_TOKEN_DEMO", TOKEN)
        settings.cache_clear()
        asyncio.run(configure(kafka))
        yield meta
    settings.cache_clear()


async def configure(kafka: KafkaSettings) -> None:
    await make_topics(kafka)
    await shops.publish(
        kafka, Codec.from_lock(), [a_shop(destinations=[a_destination(custom_events={"newsletter_joined": "Lead"})])]
    )


@pytest.mark.usefixtures("configured")
def test_explain_tells_why_an_event_was_refused_or_why_there_is_no_receipt() -> None:
    refused = said("explain", "sh-refused")

    for word in ("product_viewed", "refused_by_meta", "100", "2804007", "Atrace", "11"):
        assert word in refused
    assert "Meta is not told of cart_viewed (standard)" in said("explain", "sh-silent")
    assert f"conversions explain {purchase_event_id('demo', '4711')}" in said("explain", "sh-completed")
    waiting = said("explain", "sh-waiting")
    assert "meta: no receipt of PageView yet" in waiting
    assert {"demo", "another"} <= set(waiting.split()), "a receipt of another shop with that id is told as its own"
    assert "no such event" in said("explain", "sh-nobody")


def test_a_test_event_is_shown_and_sent_with_its_code(configured: httpx.Client) -> None:
    told = said("test", "--shop", "demo", "--event", "product_viewed", "--product", "p1", "--code", "TEST42")

    assert '"event_name": "ViewContent"' in told
    assert "accepted" in told
    (taken,) = configured.get("/_received").json()["events"]
    assert taken["test_event_code"] == "TEST42"
    assert taken["event"]["custom_data"]["content_ids"] == ["v1"]


def test_without_a_code_a_test_event_is_only_shown(configured: httpx.Client) -> None:
    told = said("test", "--shop", "demo", "--event", "page_viewed")

    assert '"event_name": "PageView"' in told
    assert "not sent" in told
    assert configured.get("/_received").json()["total"] == 0


def test_forced_a_test_event_is_sent_without_a_code(configured: httpx.Client) -> None:
    told = said("test", "--shop", "demo", "--event", "newsletter_joined", "--for-real")

    assert "accepted" in told
    (taken,) = configured.get("/_received").json()["events"]
    assert (taken["event_name"], taken["test_event_code"]) == ("Lead", None)


def test_a_test_event_that_no_destination_is_told_of_is_refused(configured: httpx.Client) -> None:
    result = CliRunner().invoke(storestream, ["conversions", "test", "--shop", "demo", "--event", "cart_viewed"])

    assert result.exit_code == 1
    assert "name an --event of page_viewed" in result.output
    assert "newsletter_joined" in result.output
    assert configured.get("/_received").json()["total"] == 0


def test_what_waits_is_listed_by_destination_and_reason(configured: httpx.Client) -> None:
    codec, kafka, at = Codec.from_lock(), settings(KafkaSettings), 1_793_000_000_000
    held = held_record(an_archived_event(), "meta", 4, at)
    lane = a_lane(destination="meta", since=at - 86_400_000, parked_at=at)  # yesterday's was the last record before it
    parked = [lane, held, held | {"kind": "asked"}, a_lane(shop_id="other", since=at)]
    assert "nothing of demo waits" in said("waiting", "--shop", "demo")
    records: list[tuple[bytes | None, bytes | None]] = [(key_of(each), codec.encode("Parked", each)) for each in parked]
    asyncio.run(produce(kafka.bootstrap_servers, kafka.prefix + CONVERSIONS_PARKED.name, records))

    told = said("waiting", "--shop", "demo").splitlines()

    assert [line.split() for line in told[1:]] == [
        ["meta", "consent", "1", "1", "2026-10-26", "07:33:20"],
        ["meta", "the", "destination", "1", "2026-10-26", "07:33:20"],
    ]


def test_a_token_that_is_not_set_is_named(configured: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("META_TOKEN_DEMO")

    result = CliRunner().invoke(
        storestream, ["conversions", "test", "--shop", "demo", "--event", "page_viewed", "--for-real"]
    )

    assert result.exit_code == 1
    assert "META_TOKEN_DEMO is not set" in result.output
    assert configured.get("/_received").json()["total"] == 0


def test_a_test_purchase_without_a_product_has_no_value_and_says_so(configured: httpx.Client) -> None:
    result = CliRunner().invoke(storestream, ["conversions", "test", "--shop", "demo"])

    assert result.exit_code == 1
    assert "it would be skipped: no_value" in result.output


@pytest.mark.usefixtures("tables")
def test_quality_shares_identifiers_by_day_and_event() -> None:
    told = said("quality", "--shop", "demo", "--days", "3650")

    assert "2026-10-26" in told
    assert {"product_viewed", "page_viewed"} <= set(told.split())
    assert "cart_viewed" not in told
    assert "no events of other" in said("quality", "--shop", "other")


@pytest.mark.usefixtures("tables")
def test_products_the_catalog_does_not_know_are_listed() -> None:
    told = said("products", "--shop", "demo", "--days", "3650")

    assert {"7992983748843", "43751530397931", "Bracelet", "4", "0"} <= set(told.split())
    assert "knows every product" in said("products", "--shop", "other")


def test_a_dry_replay_shows_counts_and_money_and_sends_nothing(configured: httpx.Client) -> None:
    now = int(time.time() * 1000)
    no = {"status": "skipped", "reason": "no_marketing_consent", "occurred_at": now, "sent_at": now}
    week_ago = {"value": 7.25, "currency": "EUR", "occurred_at": now - 8 * 86_400_000, "sent_at": now}
    at_till = a_receipt(event_id="sh-till", action_source="physical_store", **week_ago)
    on_website = a_receipt(event_id="sh-web", **week_ago)
    archived("conversions.delivered", a_receipt(event_id="sh-no", **no), on_website, at_till)

    told = said("replay", "--shop", "demo", "--days", "14", "--dry-run")

    assert {"1", "7.2500"} <= set(told.split())  # of the till; the website's is too old
    assert "1 events would be sent again to meta" in told
    assert configured.get("/_received").json()["total"] == 0


def test_a_replay_is_asked_for_and_what_was_refused_is_sent_and_shown(
    tables: None, kafka_bootstrap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_running_standin() as standin:
        stage = Stage(kafka_bootstrap, standin, tmp_path)
        for name, value in stage.env.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        asyncio.run(stage.prepare(a_shop(shop_id="again", destinations=[a_destination()])))
        stage.meta.post("/_behave", json={"refuse": {"event_rate": 1.0}}).raise_for_status()
        bought = [just_now(shop_id="again", event_id=f"r-{number}", value=5.0, currency="EUR") for number in range(3)]
        asyncio.run(stage.say([(0, envelope(*bought))]))
        with stage.start():
            archived("conversions.delivered", *(receipt for _, receipt in asyncio.run(stage.receipts(3))))
            stage.meta.delete("/_behave").raise_for_status()
            replay = ["replay", "--shop", "again", "--reason", "refused_by_meta"]
            asked = CliRunner().invoke(storestream, ["conversions", *replay], input="n\n")
            assert {"ViewContent", "refused_by_meta", "EUR", "3", "15.0000"} <= set(asked.output.split())
            assert "send them?" in asked.output
            assert not any(asyncio.run(stage.read(CONVERSIONS_PARKED.name)))
            assert "sends them" in said(*replay, "--yes")
            archived("conversions.delivered", *(receipt for _, receipt in asyncio.run(stage.more_receipts(6))))
        taken = stage.taken("1234567890")
        stage.meta.close()

    assert taken == Counter(["r-0", "r-1", "r-2"])
    assert {"accepted", "3"} <= set(said("status", "--shop", "again").split())
    assert "refused" not in said("status", "--shop", "again")
    assert {"accepted", "200"} <= set(said("explain", "r-1").split())
    assert "0 events would be sent again" in said("replay", "--shop", "again", "--dry-run")


@pytest.mark.usefixtures("tables")
def test_status_counts_by_reason() -> None:
    told = said("status", "--shop", "demo", "--days", "3650")

    assert {"1", "11", "52.0"} <= set(told.split())
    assert "no conversions of other" in said("status", "--shop", "other")
