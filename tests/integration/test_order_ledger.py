"""The ledger of orders beside plain Python, over every combination of what may be known, and its command."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import product, starmap
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from click.testing import CliRunner

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from deploy.cli import storestream
from schemas.identifiers import purchase_event_id
from schemas.records import EnrichedEvent, Order, Receipt
from schemas.settings import ClickHouseSettings, settings
from tests.archived import a_receipt, an_enriched_event, an_order_row
from tests.builders import an_event, an_order
from tests.stitched import Pipeline

pytestmark = pytest.mark.integration

MADE = (int(time.time()) - 3600) * 1000
BOTH = (True, False)
FATES = ((), ("accepted",), ("refused",), ("skipped",), ("accepted", "refused"))


class Case(NamedTuple):
    """What is known of one order."""

    row: bool
    webhook: bool
    pixel: bool
    purchase: bool
    fates: tuple[str, ...]
    channel: str = "web"

    @property
    def missing(self) -> list[str]:
        """What the ledger ought to miss."""
        found = {
            "webhook": not (self.row and self.webhook),
            "pixel": not self.pixel and not (self.row and self.channel == "pos"),
            "order": not self.row,
            "purchase": not self.purchase,
            "receipt": not self.fates,
            "acceptance": any(fate != "accepted" for fate in self.fates),
        }
        return [name for name, lacks in found.items() if lacks]


CASES = {
    f"o{number}": case
    for number, case in enumerate(starmap(Case, product(BOTH, BOTH, BOTH, BOTH, FATES, ("web", "pos"))))
    if case.row or case.pixel or case.purchase or case.fates
}


def orders() -> list[Order]:
    return [
        an_order_row(
            order_id=name,
            ordered_at=MADE,
            value=10.0,
            purchase_event_id=purchase_event_id("demo", name),
            seen_in_webhook_at=MADE + 2_000 if case.webhook else None,
            seen_in_pixel_at=MADE + 1_000 if case.pixel else None,
            sales_channel=case.channel,
        )
        for name, case in CASES.items()
        if case.row
    ]


def events() -> list[EnrichedEvent]:
    made: dict[str, Any] = {"occurred_at": MADE, "received_at": MADE + 1_000, "value": 10.0, "currency": "EUR"}
    told = []
    for name, case in CASES.items():
        if case.pixel:
            told.append(an_enriched_event(event_id=f"c-{name}", name="checkout_completed", order_id=name, **made))
        if case.purchase:
            purchase = {"event_id": purchase_event_id("demo", name), "order_id": name}
            told.append(an_enriched_event(name="purchase", **purchase, **made))
    return told


def receipts() -> list[Receipt]:
    return [
        a_receipt(
            event_id=purchase_event_id("demo", name),
            order_id=name,
            destination=f"meta-{number}",
            status=fate,
            reason=None if fate == "accepted" else f"because_{fate}",
            occurred_at=MADE,
            sent_at=MADE + 3_000 + number,
            value=10.0,
        )
        for name, case in CASES.items()
        for number, fate in enumerate(case.fates)
    ]


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str) -> Iterator[ClickHouseSettings]:
    url = f"{clickhouse_url.rstrip('/')}/ledger_{uuid4().hex[:8]}"
    made = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": url})
    migrate(made)
    envelope = {"events": events(), "sessions": [], "orders": orders(), "timelines": []}
    test = a_receipt(event_id="t", order_id="o0", destination="test", status="refused", test=True, occurred_at=MADE)
    with closing(Inserter(made)) as inserter:
        for offset in range(2):  # twice, as after a crash
            for table, rows in rows_of("events.enriched", envelope, 0, offset).items():
                inserter.insert(table, rows, f"{offset}")
            sent = [rows_of("conversions.delivered", each, 0, 0)["conversions"][0] for each in [*receipts(), test]]
            inserter.insert("conversions", sent, f"{offset}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLICKHOUSE_URL", url)
        settings.cache_clear()
        yield made
    settings.cache_clear()
    with closing(connect(made)) as client:
        client.command(f"DROP DATABASE {client.database}")


def reconciled(*arguments: str) -> str:
    result = CliRunner().invoke(storestream, ["orders", "reconcile", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_ledger_misses_of_each_order_exactly_what_is_not_there(clickhouse: ClickHouseSettings) -> None:
    with closing(connect(clickhouse)) as client:
        sql = "SELECT order_id, missing, mapValues(destinations), value FROM order_ledger WHERE shop_id = 'demo'"
        rows = client.query(sql).result_rows

    assert {order_id: missing for order_id, missing, *_ in rows} == {name: case.missing for name, case in CASES.items()}
    assert {order_id: tuple(sorted(fates)) for order_id, _, fates, _ in rows} == {
        name: case.fates for name, case in CASES.items()
    }
    assert {value for *_, value in rows} == {Decimal(10)}


def test_the_ledger_tells_when_each_place_knew_of_an_order(clickhouse: ClickHouseSettings) -> None:
    whole = Case(True, True, True, True, ("accepted", "refused"))
    complete = next(name for name, case in CASES.items() if case == whole)
    columns = ("ordered_at", "seen_in_pixel_at", "seen_in_webhook_at", "sent_at", "accepted_at")
    asked = ", ".join(f"toUnixTimestamp64Milli(assumeNotNull({name})) - {MADE}" for name in columns)
    with closing(connect(clickhouse)) as client:
        sql = f"SELECT {asked}, reasons, purchase_event_id FROM order_ledger WHERE order_id = {{order:String}}"
        (row,) = client.query(sql, parameters={"order": complete}).result_rows

    assert row == (0, 1_000, 2_000, 3_000, 3_000, ["because_refused"], purchase_event_id("demo", complete))


def test_a_purchase_without_an_order_stands_under_its_checkout_until_the_shop_names_it(
    clickhouse: ClickHouseSettings,
) -> None:
    pipeline = Pipeline()
    done = {"name": "checkout_completed", "checkout_token": an_order()["checkout_token"], "occurred_at": MADE}
    pipeline.publish(an_event(shop_id="unnamed", **done))
    pipeline.run()
    pipeline.pass_time(MADE + 600_000)
    ((before, sent),) = ledger_of(clickhouse, pipeline)
    pipeline.publish_order(an_order(shop_id="unnamed", order_id="o1", occurred_at=MADE, received_at=MADE + 900_000))
    pipeline.run()

    ((after, still_sent),) = ledger_of(clickhouse, pipeline)

    assert before == (f"checkout {an_order()['checkout_token']}", ["webhook", "order"])
    assert after == ("o1", [])
    assert sent == still_sent == [pipeline.purchases()[0]["event"]["event_id"]]
    assert "every order of unnamed in 7 days is complete: 1" in reconciled("--shop", "unnamed")


def ledger_of(clickhouse: ClickHouseSettings, pipeline: Pipeline) -> list[tuple[tuple[str, list[str]], list[str]]]:
    """Archive all that was said, with a receipt of each purchase, and read the ledger."""
    said = {"events": pipeline.events, "sessions": [], "orders": pipeline.orders, "timelines": []}
    with closing(Inserter(clickhouse)) as inserter:
        for table, rows in rows_of("events.enriched", said, 0, len(pipeline.orders)).items():
            if rows:
                inserter.insert(table, rows, f"unnamed-{len(pipeline.orders)}")
        for each in pipeline.purchases():
            receipt = a_receipt(shop_id="unnamed", event_id=each["event"]["event_id"], order_id=None, occurred_at=MADE)
            inserter.insert("conversions", rows_of("conversions.delivered", receipt, 0, 0)["conversions"], "unnamed")
    with closing(connect(clickhouse)) as client:
        sql = "SELECT order_id, missing, [purchase_event_id] FROM order_ledger WHERE shop_id = 'unnamed'"
        return [((order_id, missing), sent) for order_id, missing, sent in client.query(sql).result_rows]


@pytest.mark.usefixtures("clickhouse")
def test_reconcile_lists_what_is_incomplete_for_machines() -> None:
    incomplete = {name: case.missing for name, case in CASES.items() if case.missing}
    told = [json.loads(line) for line in reconciled("--shop", "demo", "--days", "2", "--format", "json").splitlines()]
    listed = list(csv.DictReader(reconciled("--shop", "demo", "--days", "2", "--format", "csv").splitlines()))

    assert {row["order_id"]: row["missing"] for row in told} == incomplete
    assert {row["order_id"]: row["missing"].split(" | ") for row in listed} == incomplete
    assert {row["value"] for row in listed} == {"10.0000"}


@pytest.mark.usefixtures("clickhouse")
def test_reconcile_sums_trouble_and_money_for_people() -> None:
    unsent = sum(not case.fates for case in CASES.values())
    refused = sum("refused" in case.fates for case in CASES.values())
    told = [" ".join(line.split()) for line in reconciled("--shop", "demo").splitlines()]

    assert f"unsent: no destination answered {unsent} {unsent * 10}.00 EUR" in told
    assert f"refused by a destination {refused} {refused * 10}.00 EUR" in told
    assert "no order of other is known in 7 days" in reconciled("--shop", "other")
