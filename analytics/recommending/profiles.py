"""Refreshes profiles: events, timelines and orders that came since go in, profiles of whom they are about come out.

Run it with `storestream recommendations profiles --shop SHOP`, every few minutes. What came since is told by the Kafka
offsets of events, by timelines that differ from those known, and by orders that add up to something else. A refresh
that was cut short is done again by the next one.
"""

import time
from contextlib import closing
from typing import Any, NamedTuple

from analytics.recommending.building import BUILD_SECONDS, statement
from connectors.clickhouse.client import connect, errors_translated
from schemas.settings import ClickHouseSettings


class Refreshed(NamedTuple):
    """What a refresh did. *version* is its number: milliseconds since 1970 at which it began."""

    version: int
    persons: int
    seconds: float


def refresh_profiles(clickhouse: ClickHouseSettings, shop: str, *, everybody: bool = False) -> Refreshed:
    """Make the profiles of *shop* anew of whom something happened to since the last time; *everybody*: of all.

    All are needed after the stream's topics were made anew, since their numbers begin again.

    Raises:
        TransientError: ClickHouse does not answer.
        TerminalError: ClickHouse refuses.
    """
    with closing(connect(clickhouse, timeout_seconds=BUILD_SECONDS)) as client, errors_translated():
        started, version = time.monotonic(), int(time.time() * 1000)
        known: list[tuple[int, int]] = [] if everybody else _progress(client, shop)
        reached = client.query(
            "SELECT kafka_partition, max(kafka_offset) + 1 FROM events WHERE shop_id = {shop:String} GROUP BY 1",
            {"shop": shop},
        ).result_rows
        given: dict[str, Any] = {"shop": shop, "refresh": version}
        numbers = {"partitions": [each for each, _ in known], "offsets": [offset for _, offset in known]}
        client.command(statement("profile_changes"), given | numbers)
        client.command(statement("profiles"), given)
        persons = _count(client, given)
        client.command(statement("profile_timelines"), given)
        columns = ["shop_id", "kafka_partition", "kafka_offset", "version"]
        if reached:
            client.insert("profile_progress", [[shop, *each, version] for each in reached], column_names=columns)
        _drop_changes(client, shop)
        return Refreshed(version, persons, time.monotonic() - started)


def _progress(client: Any, shop: str) -> list[tuple[int, int]]:
    sql = "SELECT kafka_partition, kafka_offset FROM profile_progress FINAL WHERE shop_id = {shop:String}"
    rows: list[tuple[int, int]] = client.query(sql, {"shop": shop}).result_rows
    return rows


def _count(client: Any, given: dict[str, Any]) -> int:
    sql = "SELECT count() FROM profile_changes WHERE shop_id = {shop:String} AND `refresh` = {refresh:UInt64}"
    return int(client.query(sql, given).result_rows[0][0])


def _drop_changes(client: Any, shop: str) -> None:
    sql = "SELECT DISTINCT _partition_id FROM profile_changes WHERE shop_id = {shop:String}"
    for (partition,) in client.query(sql, {"shop": shop}).result_rows:
        client.command(f"ALTER TABLE profile_changes DROP PARTITION ID '{partition}'")
