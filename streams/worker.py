"""Builds and runs a Faust worker: `app = create_app("stitch")`, `@agent(app, topic)`, `run(app)`.

Importing a module that does so connects to nothing. `storestream run stitch` calls `run`.
"""

import asyncio
import functools
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import faust
import structlog
import uvloop
from aiokafka import codec

from schemas.errors import ConfigurationError
from schemas.settings import KafkaSettings, WorkerSettings, settings
from streams import faust_fixes, logs
from streams.failing import end_process, fail_stop
from streams.monitoring import QuietMonitor, serve_metrics, watch
from streams.records import Records

Body = Callable[[Records], Awaitable[None]]

STALL_SECONDS = 120.0
DAY_SECONDS = 86_400.0

log = structlog.get_logger()


def create_app(name: str, *, buffer_records: int = 1024, commit_interval_seconds: float = 1.0) -> Any:
    """Build the Faust app of the worker *name*, which is also its consumer group.

    *buffer_records* bounds what waits in memory for each agent, in records: an envelope may have 256 kB. More is no
    faster; for topics of small records take 16,384.

    Raises:
        ConfigurationError: a setting of Kafka or of workers is missing or wrong.
        UnknownFaustError: see `streams.faust_fixes.apply`.
    """
    faust_fixes.apply()
    kafka, worker = settings(KafkaSettings), settings(WorkerSettings)
    app = faust.App(
        kafka.prefix + name,
        broker=[f"kafka://{address}" for address in kafka.bootstrap_servers.split(",")],
        store="memory://",  # a local file may hold a write that its changelog has not
        datadir=Path(worker.folder).absolute() / (kafka.prefix + name),
        topic_partitions=kafka.partitions,
        topic_replication_factor=kafka.replication,
        stream_buffer_maxsize=buffer_records,
        broker_commit_interval=commit_interval_seconds,
        broker_session_timeout=worker.session_timeout_seconds,
        broker_heartbeat_interval=worker.session_timeout_seconds / 6,
        consumer_group_instance_id=worker.instance or None,
        **_FIXED,
    )
    app.topic_prefix = kafka.prefix
    app.all_records = []
    app._crash = functools.partial(end_process, "service crashed")
    return app


_FIXED: dict[str, Any] = {
    "version": 1,
    "Monitor": QuietMonitor,
    "processing_guarantee": "at_least_once",
    "consumer_auto_offset_reset": "earliest",
    "cython_optimizations": True,
    "key_serializer": "raw",
    "value_serializer": "raw",
    "producer_linger": 0.02,
    "producer_max_batch_size": 128 * 1024,
    "producer_max_request_size": 4 * 1024 * 1024,
    # For lz4, aiokafka always takes the slowest level: four times the time, and twice the bytes.
    "producer_compression_type": "zstd" if codec.has_zstd() else None,
    "consumer_max_fetch_size": 4 * 1024 * 1024,
    "broker_max_poll_interval": DAY_SECONDS,  # an outage of a sink must not cost it its partitions
    "stream_wait_empty": True,
    "table_standby_replicas": 0,
    "topic_disable_leader": True,
    "web_enabled": False,
}


def agent(app: Any, *topics: str) -> Callable[[Body], Body]:
    """Make a function the agent of *app* that reads *topics*, named as in `schemas.topics`.

    It gets `Records`. What it raises ends the process with 70, and the records in its hands come again.
    Its name and docstring are those of the agent. One per app with tables: two would share buffers and tables.
    """

    def decorate(body: Body) -> Body:
        topic = app.topic(
            *(app.topic_prefix + each for each in topics), key_type=bytes, value_type=bytes, allow_empty=True
        )

        @functools.wraps(body)
        async def actor(stream: Any) -> None:
            records = Records(stream, prefix=app.topic_prefix)
            app.all_records.append(records)
            with fail_stop(body.__name__):
                await _read_to_the_end(body, records)

        app.agent(topic, name=body.__name__, concurrency=1)(actor)
        return body

    return decorate


async def _read_to_the_end(body: Body, records: Records) -> None:
    try:
        await body(records)
    finally:
        if records.in_hand and (records.closed or isinstance(sys.exc_info()[1], asyncio.CancelledError)):
            end_process("agent cut off", records=records.in_hand)
    if not records.closed:
        raise RuntimeError("an agent's body returned while there are records")


def run(app: Any) -> NoReturn:
    """Run the worker *app* until SIGTERM or SIGINT (exit code 0) or until it cannot go on (70).

    Raises:
        ConfigurationError: its folder, or its port for metrics, cannot be used.
    """
    worker = settings(WorkerSettings)
    logs.configure(app.conf.id)
    _make_folder(Path(app.conf.datadir))
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    if worker.metrics_port:
        serve_metrics(worker.metrics_port, app, app.all_records)
    app.watching = loop.create_task(watch(app, app.all_records, STALL_SECONDS))  # Faust cancels it at the end
    log.info("worker started", pid=os.getpid(), static=bool(worker.instance))
    process = faust.Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
    process.spinner = None
    try:
        process.execute_from_commandline()
    except SystemExit as end:
        if end.code:
            end_process("worker ended", end.__context__)
    raise SystemExit(os.EX_OK)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigurationError(f"WORKER_FOLDER cannot be used: {exc.strerror}") from None
