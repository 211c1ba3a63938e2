"""Journeys of a few people, stitched in memory and archived in a ClickHouse."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from connectors.clickhouse.client import connect
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import rows_of
from schemas.identifiers import visitor_id
from schemas.records import Link
from schemas.settings import ClickHouseSettings
from tests.builders import MINUTE, NOON, an_event, an_order
from tests.stitched import CODEC, Pipeline

DAY = 24 * 60 * MINUTE
LAPTOP, PHONE, TABLET, KIOSK = (visitor_id("demo", client) for client in ("laptop", "phone", "tablet", "kiosk"))


class Shop:
    """A pipeline in memory whose every word is archived."""

    def __init__(self, clickhouse: ClickHouseSettings) -> None:
        self.clickhouse = clickhouse
        self.pipeline = Pipeline()
        self.offset = 0

    def stitch(self) -> None:
        self.pipeline.run()
        self.pipeline.pass_time(NOON + 90 * DAY)

    def archive(self) -> None:
        """Write everything said until now, as a replay would: what is there already comes again."""
        self.offset += 1
        said = self.pipeline
        envelope = {
            "events": said.events, "sessions": said.sessions, "orders": said.orders, "timelines": said.timelines
        }  # fmt: skip
        with closing(Inserter(self.clickhouse)) as inserter:
            for table, rows in rows_of("events.enriched", envelope, 0, self.offset).items():
                inserter.insert(table, rows, f"enriched-{self.offset}")
            links = [link for log in self.links() for link in log]
            rows = [row for link in links for row in rows_of("identities.linked", link, 0, 0)["identity_log"]]
            inserter.insert("identity_log", rows, f"links-{self.offset}")

    def links(self) -> Iterator[list[Link]]:
        for (topic, _), log in self.pipeline.logs.items():
            if topic == "identities.linked":
                yield [CODEC.decode(value) for value in log]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(connect(self.clickhouse)) as client:
            rows: list[tuple[Any, ...]] = client.query(sql).result_rows
            return rows

    def whose(self, source: str = "events_by_person", column: str = "person_id") -> dict[str, str]:
        return dict(self.ask(f"SELECT event_id, toString({column}) FROM {source}"))


def a_shop_of_journeys(clickhouse: ClickHouseSettings) -> Shop:
    """Ada on laptop and phone, joined by a checkout; a tablet that she and Bob share; a kiosk nobody is known on."""
    shop = Shop(clickhouse)
    token, mail = {"checkout_token": "tok-1"}, {"utm": {"source": "mail", "campaign": "autumn"}}
    completed = {"name": "checkout_completed", "order_id": "o1"}
    shop.pipeline.publish(
        an_event(event_id="e1", client_id="laptop", occurred_at=NOON - 9 * DAY, name="page_viewed", items=[]),
        an_event(event_id="e2", client_id="laptop", occurred_at=NOON, customer_id="ada"),
        an_event(event_id="e3", client_id="phone", occurred_at=NOON + MINUTE, name="checkout_started", **token, **mail),
        an_event(event_id="e8", client_id="phone", occurred_at=NOON + 4 * MINUTE, **completed, **token),
        an_event(event_id="e4", client_id="tablet", occurred_at=NOON + DAY, customer_id="ada"),
        an_event(event_id="e5", client_id="tablet", occurred_at=NOON + 2 * DAY, customer_id="bob"),
        an_event(event_id="e6", client_id="tablet", occurred_at=NOON + 3 * DAY),
        an_event(event_id="e7", client_id="kiosk", occurred_at=NOON + DAY, name="cart_viewed", cart_token="cart-9"),
    )
    cancelled = {"order_id": "o2", "checkout_token": "tok-2", "status": "cancelled", "occurred_at": NOON + DAY}
    shop.pipeline.publish_order(
        an_order(order_id="o1", customer_id="ada", occurred_at=NOON + 5 * MINUTE, value=42.99, **token),
        an_order(**cancelled, customer_id="bob", value=7.0),
        an_order(order_id="o3", checkout_token="tok-3", customer_id="cy", occurred_at=NOON, currency="USD", value=5.25),
    )
    shop.stitch()
    shop.archive()
    shop.archive()
    return shop
