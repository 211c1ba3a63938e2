"""Everything on this machine: which servers are embedded, their addresses, and the processes that run on them.

    stack = await asyncio.to_thread(plan_stack, Path(".storestream"), fixed_ports=True)
    async with Supervisor(stack.processes, logs=stack.folder / "logs") as supervisor: ...

A server whose address the environment gives is used, never started. What is ready has been prepared: Kafka has its
topics and the configured shops, ClickHouse its tables.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from deploy.ports import LOOPBACK, free_port
from deploy.preparing import configure_shops, make_tables, make_topics
from deploy.process import Process
from deploy.readiness import answers, once_prepared
from deploy.servers import ServerError
from deploy.servers.clickhouse.access import WRITER_NAME, password_of
from deploy.servers.kafka import Kafka, to_process
from deploy.supervisor import Supervisor

WORKERS: Final = ("stitch", "forward", "archive", "catalog")
DATABASE: Final = "storestream"
PREFERRED_PORTS: Final = {"kafka": 9092, "clickhouse": 8123, "meta": 8090, "ingest": 8080, "api": 8082}
SHOPS_FILE: Final = Path(__file__).parent / "demo" / "shops.yaml"
META_TOKEN_VARIABLE: Final = "DEMO_META_TOKEN"  # noqa: S105 - the name, not the secret
SHOPIFY_SECRET_VARIABLE: Final = "DEMO_SHOPIFY_SECRET"  # noqa: S105 - the name, not the secret
FEED_TOKEN_VARIABLE: Final = "DEMO_FEED_TOKEN"  # noqa: S105 - the name, not the secret
API_TOKEN_VARIABLE: Final = "DEMO_API_TOKEN"  # noqa: S105 - the name, not the secret


@dataclass(frozen=True)
class Stack:
    """What would run: *addresses* are for people, *environment* is for the processes and holds secrets."""

    folder: Path
    addresses: dict[str, str]
    environment: dict[str, str] = field(repr=False)
    processes: list[Process] = field(repr=False)
    kafka: Kafka | None = field(repr=False)

    def ended(self, supervisor: Supervisor) -> None:
        """Keep what a clean stop has left for the next start."""
        if self.kafka is not None:
            self.kafka.ended(supervisor.status("kafka").exit_code)


def plan_stack(folder: Path, environment: Mapping[str, str] = os.environ, *, fixed_ports: bool) -> Stack:
    """Decide what to start in *folder*; *fixed_ports* prefers the well-known ones, else all are free ones.

    Fetches Kafka's jars the first time. Raises: `ServerError` saying what is missing or in the way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _plan(_Builder(folder.absolute(), dict(environment), fixed_ports=fixed_ports))
    except OSError as exc:
        raise ServerError(f"{exc.filename or folder} cannot be used: {exc.strerror}. Is it another user's?") from None


def _plan(builder: "_Builder") -> Stack:
    kafka = builder.add_kafka()
    builder.add_clickhouse()
    builder.add_meta()
    builder.add_workers()
    builder.add_ingest()
    builder.add_api()
    builder.add_jobs()
    return Stack(builder.folder, builder.addresses, builder.environment, builder.processes, kafka)


class _Builder:
    """Adds one server or process after the other; each sees the addresses of those before it."""

    def __init__(self, folder: Path, environment: dict[str, str], *, fixed_ports: bool) -> None:
        self.folder = folder
        # One port for all workers' metrics would be none for any but the first.
        ours = {"PYTHONUNBUFFERED": "1", "WORKER_FOLDER": str(folder / "workers"), "WORKER_METRICS_PORT": "0"}
        self.environment = environment | ours
        self.addresses: dict[str, str] = {}
        self.processes: list[Process] = []
        self._fixed_ports = fixed_ports
        self._taken: set[int] = set()
        self.environment.setdefault(META_TOKEN_VARIABLE, _secret(folder, "meta_token"))
        self.environment.setdefault(SHOPIFY_SECRET_VARIABLE, _secret(folder, "shopify_secret"))
        self.environment.setdefault(FEED_TOKEN_VARIABLE, _secret(folder, "feed_token"))

    def add_kafka(self) -> Kafka | None:
        if self.environment.get("KAFKA_BOOTSTRAP_SERVERS"):
            self.addresses["Kafka"] = self.environment["KAFKA_BOOTSTRAP_SERVERS"]
            return None
        kafka = Kafka(self.folder / "kafka", self._port("kafka"))
        self._taken |= {kafka.port, kafka.controller_port}
        self.environment["KAFKA_BOOTSTRAP_SERVERS"] = self.addresses["Kafka"] = kafka.bootstrap_servers
        ready = once_prepared(kafka.is_ready, lambda: _prepare_kafka(self.environment))
        self.processes.append(replace(to_process(kafka), ready=ready))
        return kafka

    def add_clickhouse(self) -> None:
        if self.environment.get("CLICKHOUSE_URL"):
            self.addresses["ClickHouse"] = "what CLICKHOUSE_URL names"
            return
        folder, port = self.folder / "clickhouse", self._port("clickhouse")
        folder.mkdir(parents=True, exist_ok=True)
        address = f"{LOOPBACK}:{port}"
        self.addresses["ClickHouse"] = f"http://{address}"
        password = quote(password_of(folder), safe="")
        self.environment["CLICKHOUSE_URL"] = f"http://{WRITER_NAME}:{password}@{address}/{DATABASE}"
        argv = (sys.executable, "-m", "deploy.servers.clickhouse", "--path", str(folder), "--port", str(port))
        ready = once_prepared(answers(f"http://{address}/ping"), lambda: make_tables(self.environment))
        self.processes.append(Process("clickhouse", argv, self.environment, ready))

    def add_meta(self) -> None:
        if self.environment.get("META_GRAPH_URL"):
            self.addresses["Meta"] = self.environment["META_GRAPH_URL"]
            return
        address = f"http://{LOOPBACK}:{self._port('meta')}"
        self.addresses["Meta (stand-in)"] = self.environment["META_GRAPH_URL"] = address
        token = self.environment[META_TOKEN_VARIABLE]
        port = address.rpartition(":")[2]
        argv = (sys.executable, "-m", "deploy.servers.meta", "--port", port, "--state", str(self.folder / "meta.jsonl"))
        environment = self.environment | {"META_STANDIN_TOKEN": token}
        self.processes.append(Process("meta", argv, environment, answers(f"{address}/_health")))

    def add_workers(self) -> None:
        needs = {
            "stitch": ("kafka",),
            "forward": ("kafka", "meta"),
            "archive": ("kafka", "clickhouse"),
            "catalog": ("kafka", "meta"),
        }
        for worker in WORKERS:
            environment = self.environment | {"WORKER_INSTANCE": f"{worker}-1"}
            after = self._started(*needs[worker])
            self.processes.append(Process(worker, _run(worker), environment, after=after, stop_within_seconds=30))

    def add_ingest(self) -> None:
        port = str(self._port("ingest"))
        self.environment |= {"INGEST_HOST": LOOPBACK, "INGEST_PORT": port}
        self.addresses["Ingest"] = self.environment["INGEST_URL"] = address = f"http://{LOOPBACK}:{port}"
        ready, after = answers(f"{address}/readyz"), self._started("kafka")
        self.processes.append(Process("ingest", _run("ingest"), dict(self.environment), ready, after))

    def add_api(self) -> None:
        """Add what nothing waits for: it answers 503 until ClickHouse is there."""
        port = str(self._port("api"))
        self.environment.setdefault(API_TOKEN_VARIABLE, _secret(self.folder, "api_token"))
        self.environment.setdefault("API_TOKENS", f"*:admin={API_TOKEN_VARIABLE}")
        self.environment |= {"API_HOST": LOOPBACK, "API_PORT": port}
        self.addresses["Api"] = f"http://{LOOPBACK}:{port}"
        self.processes.append(Process("api", _run("api"), dict(self.environment), after=self._started("clickhouse")))

    def add_jobs(self) -> None:
        """Add what counts anew now and then; a demo of a minute needs it not."""
        if self._fixed_ports:
            environment = dict(self.environment)
            self.processes.append(Process("jobs", _run("jobs"), environment, after=self._started("clickhouse")))

    def _started(self, *names: str) -> tuple[str, ...]:
        """Name those of *names* that we start: only these can be waited for."""
        return tuple(process.name for process in self.processes if process.name in names)

    def _port(self, name: str) -> int:
        port = free_port(PREFERRED_PORTS[name] if self._fixed_ports else None, except_for=self._taken)
        self._taken.add(port)
        return port


async def prepare_outside(stack: Stack) -> None:
    """Prepare the servers that are not ours to start: topics and shops on Kafka, tables in ClickHouse."""
    started = {process.name for process in stack.processes}
    if "kafka" not in started:
        await _prepare_kafka(stack.environment)
    if "clickhouse" not in started:
        await make_tables(stack.environment)


async def _prepare_kafka(environment: Mapping[str, str]) -> None:
    await make_topics(environment)
    await configure_shops(environment, SHOPS_FILE)


def _run(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "deploy.cli", "run", name)


def _secret(folder: Path, name: str) -> str:
    """Return the secret *name* of *folder*, made on first use and readable by its owner only."""
    path = folder / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text()
