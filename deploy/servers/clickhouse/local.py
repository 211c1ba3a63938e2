"""Run the embedded ClickHouse as a process of its own: a folder comes in, its addresses go out."""

import http.client
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from deploy.children import Child
from deploy.ports import LOOPBACK, free_port
from deploy.servers import ServerError
from deploy.servers.clickhouse.access import WRITER_NAME, password_of

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 15.0


class ClickHouse:
    """A server to be: its command and addresses are known before it runs, so that anyone may supervise it.

    `argv` runs it (SIGTERM stops it cleanly), `is_ready` tells when it serves; `url` is the writer's address, with its
    password, and `analyst_url` that of those who only read.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """Choose a free port (*port*, if that is free) and ready *folder*."""
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log = self.folder / "clickhouse.log"
        self.port = free_port(port)
        self._password = password_of(self.folder)
        self.analyst_url = f"http://analyst@{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """The writer's address; never log it."""
        return f"http://{WRITER_NAME}:{quote(self._password, safe='')}@{LOOPBACK}:{self.port}"

    @property
    def argv(self) -> list[str]:
        """The command that runs the server; CLICKHOUSE_EMBEDDED_PASSWORD must be for it what it is for us."""
        module = "deploy.servers.clickhouse"
        return [sys.executable, "-m", module, "--path", str(self.folder), "--port", str(self.port)]

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().read() == b"Ok.\n"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def tail(self, lines: int = 15) -> str:
        """Return the last *lines* of what the server wrote."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


@contextmanager
def running_clickhouse(folder: Path, port: int | None = None) -> Iterator[ClickHouse]:
    """Run a server on *folder* for the length of the block; what it holds is there again the next time.

    Raises: `ServerError` with the end of its log if it does not serve within START_SECONDS.
    """
    server = ClickHouse(folder, port)
    with server.log.open("wb") as log:
        child = Child(server.argv, output=log)
    try:
        _await_ready(server, child)
        yield server
    finally:
        child.stop(STOP_SECONDS)


def _await_ready(server: ClickHouse, child: Child) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.is_ready():
        if child.poll() is not None:
            raise ServerError(f"ClickHouse ended during its start. It said:\n{server.tail()}")
        if time.monotonic() > deadline:
            raise ServerError(f"ClickHouse does not serve after {START_SECONDS:.0f} seconds. It said:\n{server.tail()}")
        time.sleep(0.03)
