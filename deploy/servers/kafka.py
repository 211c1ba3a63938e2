"""Run a real Apache Kafka on this machine: a folder comes in, the address of a one-node KRaft broker goes out.

python -m deploy.servers.kafka FOLDER [PORT]    # until Ctrl-C
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError

from deploy.children import Child
from deploy.locks import held
from deploy.ports import LOOPBACK, free_port, is_open
from deploy.process import Process
from deploy.servers import ServerError
from deploy.servers.java import find_java
from deploy.servers.kafka_classes import ClassArchive
from deploy.servers.kafka_folder import check, last_lines, prepare
from deploy.servers.kafka_jars import kafka_jars, say
from deploy.servers.maven import Report

START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 20.0
_ATTEMPTS: Final = 3
_LOGGING: Final = Path(__file__).with_name("kafka_log4j2.properties")
# A small heap and the quick compiler: a laptop's broker is there in a second or two and holds a few hundred MB.
_FLAGS: Final = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")


class _PortTaken(ServerError):
    """Another process listens since we looked: other ports will do."""


class Kafka:
    """A broker to be: its command and address are known before it runs, so that anyone may supervise it.

    `argv` runs it (SIGTERM stops it cleanly), `is_ready` tells when it serves, `bootstrap_servers` is its address.
    """

    def __init__(self, folder: Path, port: int | None = None, *, report: Report = say) -> None:
        """Have Kafka's jars and Java at hand, choose free ports (*port*, if that is free) and ready *folder*.

        Fetches the jars the first time. Raises: `ServerError` that says what is missing or in the way.
        """
        self.folder = folder.absolute()
        self.log = self.folder / "kafka.log"
        java, jars = find_java(), kafka_jars(report=report)
        self.classes = ClassArchive(java, jars, fresh=self.folder / "classes.jsa")
        self.port = free_port(port)
        self.controller_port = free_port(except_for=[self.port])
        self.bootstrap_servers = f"{LOOPBACK}:{self.port}"
        self._java = [java.executable, *_FLAGS, f"-Dlog4j2.configurationFile={_LOGGING.as_uri()}"]
        self._path = ["-cp", os.pathsep.join(str(jar) for jar in sorted(jars.glob("*.jar")))]
        tool = [*self._java, *self.classes.use(), *self._path]
        self._properties = prepare(self.folder, port=self.port, controller_port=self.controller_port, java=tool)

    @property
    def argv(self) -> list[str]:
        """The command that runs the broker."""
        return self._command(self.classes.use())

    @property
    def recording_argv(self) -> list[str]:
        """The same, which also writes the class archive when it stops, if there is none; then call `ended`."""
        return self._command(self.classes.use_or_record())

    def ended(self, exit_code: int | None) -> None:
        """Keep the class archive that the run has written, if *exit_code* says that it was stopped cleanly."""
        if exit_code == 128 + signal.SIGTERM:
            self.classes.keep()

    def _command(self, sharing: Sequence[str]) -> list[str]:
        return [*self._java, *sharing, *self._path, "kafka.Kafka", str(self._properties)]

    async def is_ready(self) -> bool:
        """Tell whether the broker answers a metadata request and names itself as registered."""
        if not is_open(self.port):
            return False
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap_servers, request_timeout_ms=5_000)
        try:
            await client.bootstrap()
            return bool(client.cluster.brokers())
        except (KafkaError, OSError):
            return False
        finally:
            await client.close()

    def tail(self, lines: int = 15) -> str:
        """Return the last *lines* of what the broker wrote, without Java's stack traces."""
        try:
            return last_lines(self.log.read_text(errors="replace"), lines)
        except FileNotFoundError:
            return ""


@contextmanager
def running_kafka(folder: Path, port: int | None = None, *, report: Report = say) -> Iterator[Kafka]:
    """Run a broker in *folder* for the length of the block; what it holds is there again the next time.

    Raises: `ServerError` with the end of the broker's log if it does not serve within START_SECONDS.
    """
    kafka, child = _start(folder, port, report)
    try:
        yield kafka
    finally:
        kafka.ended(child.stop(STOP_SECONDS))


@asynccontextmanager
async def running_kafka_async(folder: Path, port: int | None = None, *, report: Report = say) -> AsyncIterator[Kafka]:
    """Do what `running_kafka` does without blocking the event loop."""
    block = running_kafka(folder, port, report=report)
    kafka = await asyncio.to_thread(block.__enter__)
    try:
        yield kafka
    finally:
        await asyncio.to_thread(block.__exit__, None, None, None)


def to_process(kafka: Kafka) -> Process:
    """Describe *kafka* for a supervisor; call `kafka.ended` with the exit code of its last status."""
    argv = tuple(kafka.recording_argv)
    return Process("kafka", argv, ready=kafka.is_ready, stop_within_seconds=STOP_SECONDS)


def _start(folder: Path, port: int | None, report: Report) -> tuple[Kafka, Child]:
    check(folder)
    with held(folder / ".starting"):  # a second one waits here, and then sees the first one's broker
        for _ in range(_ATTEMPTS - 1):
            try:
                return _start_once(folder, port, report)
            except _PortTaken as error:
                report(str(error))
        return _start_once(folder, port, report)


def _start_once(folder: Path, port: int | None, report: Report) -> tuple[Kafka, Child]:
    kafka = Kafka(folder, port, report=report)
    if kafka.log.exists():
        os.replace(kafka.log, kafka.log.with_name("kafka.log.1"))
    with kafka.log.open("wb") as log:
        child = Child(kafka.recording_argv, output=log)
    try:
        _await_ready(kafka, child)
    except BaseException as error:
        child.stop(STOP_SECONDS)
        if isinstance(error, ServerError) and "Address already in use" in kafka.tail(200):
            raise _PortTaken(f"someone took port {kafka.port} or {kafka.controller_port} before Kafka did") from error
        raise
    return kafka, child


def _await_ready(kafka: Kafka, child: Child) -> None:
    deadline = time.monotonic() + START_SECONDS
    with ThreadPoolExecutor(1) as elsewhere:  # the caller's thread may have a loop of its own
        while not elsewhere.submit(lambda: asyncio.run(kafka.is_ready())).result():
            if child.poll() is not None:
                raise ServerError(f"Kafka ended during its start (code {child.poll()}). It said:\n{kafka.tail()}")
            if time.monotonic() > deadline:
                raise ServerError(f"Kafka does not serve after {START_SECONDS:.0f} seconds. It said:\n{kafka.tail()}")
            time.sleep(0.05)


def main(arguments: Sequence[str]) -> int:
    """Run a broker in the folder (and at the port) of *arguments* until SIGINT or SIGTERM."""
    folder, *port = arguments
    stop = [signal.SIGINT, signal.SIGTERM]
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    try:
        with running_kafka(Path(folder), int(port[0]) if port else None) as kafka:
            say(f"serving at {kafka.bootstrap_servers}; Ctrl-C stops it")
            signal.sigwait(stop)
    except ServerError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
