"""Serve ClickHouse from a folder: `python -m deploy.servers.clickhouse --path .storestream/clickhouse --port 8123`.

Out: one line of JSON on stdout, or in --ready-file, once it answers: {"host", "port", "user", "pid", "version"}.
The writer's password is in the folder's file `password`, or what CLICKHOUSE_EMBEDDED_PASSWORD says; it is never shown.
Ends at SIGTERM or SIGINT within 10 s, having closed the engine.
"""

import os
import socket
from pathlib import Path
from typing import Final

import click
import orjson
import uvicorn
from starlette.applications import Starlette

from deploy.ports import LOOPBACK, free_port
from deploy.servers import ServerError
from deploy.servers.clickhouse.access import WRITER_NAME, password_of
from deploy.servers.clickhouse.app import create_app
from deploy.servers.clickhouse.body import DEFAULT_MAX_BODY_BYTES
from deploy.servers.clickhouse.engine import DEFAULT_MEMORY_BYTES, Engine

_GRACE_SECONDS: Final = 5


@click.command()
@click.option("--path", required=True, type=click.Path(path_type=Path), help="Folder of the data; made if need be.")
@click.option("--port", default=0, show_default="a free one", help="Port on 127.0.0.1.")
@click.option("--port-fallback/--no-port-fallback", default=False, help="Take another port if it is taken.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write the line of JSON here, not to stdout.")
@click.option("--memory-bytes", default=DEFAULT_MEMORY_BYTES, show_default=True, help="Most the engine may use.")
@click.option("--max-body-bytes", default=DEFAULT_MAX_BODY_BYTES, show_default=True, help="Largest body taken.")
def main(
    path: Path, port: int, port_fallback: bool, ready_file: Path | None, memory_bytes: int, max_body_bytes: int
) -> None:
    """Serve ClickHouse from a folder, on 127.0.0.1."""
    try:
        listening = _listen(port, fallback=port_fallback)
        engine = Engine(path, memory_bytes=memory_bytes)
    except ServerError as exc:
        raise click.ClickException(str(exc)) from None
    app = create_app(engine, password=password_of(engine.folder), max_body_bytes=max_body_bytes)
    listening.listen(128)
    _announce(listening, engine, ready_file)
    _serve(app, listening)


def _listen(port: int, *, fallback: bool) -> socket.socket:
    wanted = free_port(port) if port and fallback else port
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, wanted))
    except OSError as exc:
        listening.close()
        raise ServerError(
            f"port {wanted} is taken ({exc.strerror}): choose another with --port, or let --port-fallback choose"
        ) from None
    return listening


def _announce(listening: socket.socket, engine: Engine, ready_file: Path | None) -> None:
    line = orjson.dumps(
        {
            "host": LOOPBACK,
            "port": listening.getsockname()[1],
            "user": WRITER_NAME,
            "pid": os.getpid(),
            "version": engine.version,
        }
    ).decode()
    if ready_file is None:
        click.echo(line)
        return
    unfinished = ready_file.with_name(ready_file.name + ".part")
    unfinished.write_text(line + "\n")
    unfinished.replace(ready_file)


def _serve(app: Starlette, listening: socket.socket) -> None:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
