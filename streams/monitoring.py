"""Says how a worker is doing: `/metrics` for Prometheus, and a watchdog that ends a worker which has come to a halt."""

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Any

from faust import Monitor
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from streams.failing import end_process
from streams.listening import listen_for_metrics
from streams.records import Records

WATCH_SECONDS = 5.0
STOP_SECONDS = 25.0


class QuietMonitor(Monitor):  # type: ignore[misc]  # Faust publishes no types
    """Faust's monitor with nothing to do per record; its sensors cost up to a third of the throughput."""

    logger = logging.getLogger("faust.monitor")

    def on_message_in(self, *_: Any) -> None:
        """Count nothing."""

    on_stream_event_in = on_stream_event_out = on_message_out = on_message_in
    on_send_initiated = on_send_completed = on_message_in
    track_tp_end_offset = on_tp_commit = on_message_in


class Lag(Collector):
    """What a scrape sees of one worker."""

    def __init__(self, app: Any, records: list[Records]) -> None:
        """Take the *app* and what its agents read."""
        self._app, self._records = app, records

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the records between commit and end per partition, and those taken and not yet acknowledged."""
        behind = GaugeMetricFamily(
            "worker_records_behind", "Not committed yet.", labels=["worker", "topic", "partition"]
        )
        for topic, partition, count in lags(self._app):
            behind.add_metric([self._app.conf.id, topic, str(partition)], count)
        yield behind
        in_hand = GaugeMetricFamily("worker_records_in_hand", "Taken, not acknowledged.", labels=["worker"])
        in_hand.add_metric([self._app.conf.id], sum(each.in_hand for each in self._records))
        yield in_hand


def lags(app: Any) -> list[tuple[str, int, int]]:
    """Return topic, partition and the number of records not committed, for each partition the worker reads."""
    if app._consumer is None or app.rebalancing:
        return []
    found = []
    for tp in app.consumer.assignment():
        end, committed = app.consumer.highwater(tp), app.consumer._committed_offset[tp]
        if end is not None and not app.consumer._is_changelog_tp(tp):
            found.append((tp.topic, tp.partition, end - (committed or 0)))
    return found


def serve_metrics(port: int, app: Any, records: list[Records]) -> None:
    """Answer `/metrics` on *port* for this process and the worker in it. Raises: `ConfigurationError` if taken."""
    registry = CollectorRegistry()
    registry.register(Lag(app, records))
    for collector in getattr(app, "collectors", ()):
        registry.register(collector)
    listen_for_metrics("WORKER_METRICS_PORT", port, registry)


async def watch(app: Any, records: list[Records], stall_seconds: float) -> None:
    """End the process when it has come to a halt.

    That is: it waits for records that Kafka has, or for a rebalance to end, longer than *stall_seconds*, or is still
    there `STOP_SECONDS` after it was told to stop. A body that takes its time, as a sink does in an outage, is left
    alone until then.
    """
    rebalancing_since = stopping_since = None
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        now, busy = time.monotonic(), any(each.in_hand for each in records)
        rebalancing_since = (rebalancing_since or now) if app.rebalancing else None
        stopping_since = (stopping_since or now) if app.should_stop else None
        if stopping_since is not None and now - stopping_since > STOP_SECONDS:
            end_process("worker did not stop", records=sum(each.in_hand for each in records))
        if not busy and rebalancing_since is not None and now - rebalancing_since > stall_seconds:
            end_process("rebalance did not end", seconds=round(now - rebalancing_since))
        if not busy and _starved(app, records, now, stall_seconds):
            end_process("records did not arrive", behind=sum(count for _, _, count in lags(app)))


def _starved(app: Any, records: list[Records], now: float, stall_seconds: float) -> bool:
    waiting = [each.waiting_since for each in records]
    behind = any(_unread(app, tp) for tp in (app.consumer.assignment() if app._consumer else ()))
    return behind and bool(waiting) and all(since is not None and now - since > stall_seconds for since in waiting)


def _unread(app: Any, tp: Any) -> bool:
    end, read = app.consumer.highwater(tp), app.consumer._read_offset[tp]
    return not app.consumer._is_changelog_tp(tp) and end is not None and read is not None and end > read
