"""`storestream conversions` on real ClickHouse: what became of an event, in words."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from analytics.migrate import migrate
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from deploy.cli import storestream
from schemas.records import EnrichedEnvelope, EnrichedEvent, Receipt
from schemas.settings import ClickHouseSettings, settings
from tests.forwarded import enriched

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
    )
    return receipt | changes  # type: ignore[return-value]


def an_archived_event(**changes: Any) -> EnrichedEvent:
    session = "0d4f2f1c-6d0b-5f0e-9d1c-0a4e9b0d4f11"
    event = enriched(**changes)
    return event | {"session_id": session, "person_id": event["event"]["visitor_id"]}


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
        inserter = Inserter(clickhouse)
        said = EnrichedEnvelope(events=events, sessions=[], orders=[], timelines=[])
        for topic, value in (("events.enriched", said), ("conversions.delivered", a_receipt())):
            for table, rows in rows_of(topic, value, 0, 0).items():
                if rows:
                    inserter.insert(table, rows, f"{table}-0")
        inserter.close()
        yield
    settings.cache_clear()


def said(*arguments: str) -> str:
    result = CliRunner().invoke(storestream, ["conversions", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("tables")
def test_explain_tells_why_an_event_was_refused() -> None:
    told = said("explain", "sh-refused")

    for word in ("product_viewed", "refused_by_meta", "100", "2804007", "Atrace", "11"):
        assert word in told


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("event_id", "words"),
    [
        ("sh-silent", "Meta is not told of cart_viewed (standard)"),
        ("sh-waiting", "no receipt yet"),
        ("sh-nobody", "no such event"),
    ],
)
def test_explain_tells_why_there_is_no_receipt(event_id: str, words: str) -> None:
    assert words in said("explain", event_id)


@pytest.mark.usefixtures("tables")
def test_status_counts_by_reason() -> None:
    told = said("status", "--shop", "demo", "--days", "3650")

    assert {"1", "11", "52.0"} <= set(told.split())
    assert "no conversions of other" in said("status", "--shop", "other")
