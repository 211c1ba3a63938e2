"""Look after a broker's data folder: a path comes in; checked, formatted and with its properties written, it goes out.

FOLDER/server.properties   written anew at every start
FOLDER/log/                Kafka's own log.dirs, formatted once
FOLDER/kafka.log           what the broker writes on stderr; the run before is kafka.log.1
"""

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.ports import LOOPBACK
from deploy.servers import ServerError

# 16 bytes, base64 for URLs, as Kafka wants it: a folder of another cluster is told by it.
CLUSTER_ID: Final = "c3RvcmVzdHJlYW0tbm9kZQ"
_SETTINGS: Final = Path(__file__).with_name("kafka.properties")
_FORMATTING: Final = ".formatting-"
_OURS: Final = {"server.properties", "log", "kafka.log", "kafka.log.1", "classes.jsa"}


def check(folder: Path) -> None:
    """See that *folder* is free for a broker of ours. Raises: `ServerError` that says what is in the way."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ServerError(f"{folder} is a file; the embedded Kafka needs a folder.")
    pid = holder(folder / "log" / ".lock")
    if pid is not None:
        raise ServerError(
            f"The folder {folder} is in use by a running Kafka (process {pid}). Stop that, or choose another folder."
        )
    strange = sorted(name for name in os.listdir(folder) if name not in _OURS and not name.startswith("."))
    if strange and not (folder / "log").exists():
        raise ServerError(
            f"{folder} holds other things ({strange[0]}), not the embedded Kafka's. Choose another folder."
        )
    _check_identity(folder)


def _check_identity(folder: Path) -> None:
    log = folder / "log"
    if not log.exists():
        return
    try:
        identity = read_properties(log / "meta.properties")
    except FileNotFoundError:
        identity = {}
    found = identity.get("version"), identity.get("node.id")
    if found != ("1", "1"):
        raise ServerError(
            f"{log} was written by another kind of Kafka (format {found[0]}, node {found[1]}; "
            f"this one reads format 1, node 1). Choose another folder, or remove it to start empty."
        )
    if identity.get("cluster.id") != CLUSTER_ID:
        raise ServerError(
            f"{log} belongs to another Kafka cluster ({identity.get('cluster.id')}). "
            "Choose another folder, or remove it to start empty."
        )


def holder(lock: Path) -> int | None:
    """Return the pid of the process that holds Kafka's own *lock* file (a POSIX record lock), or None."""
    shape, at = ("qqihh", 2) if sys.platform == "darwin" else ("hhqqi4x", 4)
    kind = (fcntl.F_WRLCK, os.SEEK_SET)
    question = (0, 0, 0, *kind) if sys.platform == "darwin" else (*kind, 0, 0, 0)
    try:
        with lock.open("r+b") as file:
            answer = struct.unpack(shape, fcntl.fcntl(file, fcntl.F_GETLK, struct.pack(shape, *question)))
    except FileNotFoundError:
        return None
    held = answer[3] if sys.platform == "darwin" else answer[0]
    return None if held == fcntl.F_UNLCK else int(answer[at])


def prepare(folder: Path, *, port: int, controller_port: int, java: Sequence[str]) -> Path:
    """Write *folder*'s server.properties for these ports and format it if it is new; returns the properties' path.

    *java* is the command that starts a Java program with Kafka on its class path.
    Raises: `ServerError` if the folder cannot be used.
    """
    check(folder)
    properties = folder / "server.properties"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "log").exists():
            _format(folder, java)
        properties.write_text(_properties(folder / "log", port, controller_port))
    except OSError as error:
        raise ServerError(f"The embedded Kafka's folder {folder} cannot be written: {error.strerror}.") from None
    return properties


def _properties(log: Path, port: int, controller_port: int) -> str:
    lines = [
        f"controller.quorum.voters=1@{LOOPBACK}:{controller_port}",
        f"listeners=PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        f"advertised.listeners=PLAINTEXT://{LOOPBACK}:{port}",
        f"log.dirs={_in_properties(log.absolute())}",
    ]
    return _SETTINGS.read_text() + "\n" + "\n".join(lines) + "\n"


def _in_properties(path: Path) -> str:
    """Write *path* as Java reads a properties file: Latin-1, everything else escaped."""
    if "," in str(path):
        raise ServerError(f"Kafka takes no folder with a comma in its path ({path}). Choose another folder.")
    units = str(path).replace("\\", "\\\\").encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if 32 <= code < 127 else f"\\u{code:04x}" for code in codes)


def _format(folder: Path, java: Sequence[str]) -> None:
    """Format beside the final place and move it there: a killed run leaves no half-formatted folder."""
    for leftover in folder.glob(f"{_FORMATTING}*"):  # of a run that was killed
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=_FORMATTING, dir=folder) as place:
        properties = Path(place) / "server.properties"
        properties.write_text(_properties(Path(place) / "log", 1, 2))
        command = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        except subprocess.TimeoutExpired:
            raise ServerError(f"Kafka's StorageTool did not format {folder} within two minutes.") from None
        if done.returncode != 0:
            said = last_lines((done.stderr + done.stdout).decode(errors="replace"), 10)
            raise ServerError(f"Kafka's StorageTool could not format {folder}:\n{said}")
        os.replace(Path(place) / "log", folder / "log")


def last_lines(written: str, count: int) -> str:
    """Return the last *count* lines of what a Java program wrote, without its stack traces."""
    return "\n".join([line for line in written.splitlines() if line and not line.startswith("\t")][-count:])


def read_properties(path: Path) -> dict[str, str]:
    """Return the settings in a Java properties file. Raises: `FileNotFoundError`."""
    pairs = (line.partition("=") for line in path.read_text().splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals}
