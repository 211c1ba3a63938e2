"""Have the jars of Apache Kafka at hand: the lock file comes in, a folder of checked jars goes out.

    python -m deploy.servers.kafka_jars fetch            # have them in the cache, print the folder
    python -m deploy.servers.kafka_jars lock [VERSION]   # resolve anew, rewrite kafka.lock.json

They live outside the clone: `$STORESTREAM_CACHE`, else `$XDG_CACHE_HOME/storestream`, else `~/.cache/storestream`.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from deploy.locks import held
from deploy.servers import ServerError
from deploy.servers.maven import Report, copy_jars

LOCK: Final = Path(__file__).with_name("kafka.lock.json")
# The broker brings no logging backend of its own (KAFKA-9366: log4j 2 behind slf4j 1).
_LOGGING: Final = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
# Named by kafka_2.13's pom but not published; only the console tools use it.
_UNPUBLISHED: Final = ("org.apache.kafka:kafka-tools-api",)


@dataclass(frozen=True)
class Jar:
    """One locked file: its Maven coordinate `group:artifact:version`, size in bytes and checksum."""

    coordinate: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        """The name Maven gives the file."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def say(line: str) -> None:
    """Tell the person at the terminal, on stderr."""
    print(f"[kafka] {line}", file=sys.stderr, flush=True)  # noqa: T201 - the terminal is what this is for


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what is downloaded once and used by every clone."""
    if environment.get("STORESTREAM_CACHE"):
        return Path(environment["STORESTREAM_CACHE"]).expanduser().absolute()
    if environment.get("XDG_CACHE_HOME"):
        return Path(environment["XDG_CACHE_HOME"]).absolute() / "storestream"
    return Path.home() / ".cache" / "storestream"


def read_lock(path: Path = LOCK) -> list[Jar]:
    """Return the locked jars, in class path order."""
    return [Jar(**jar) for jar in json.loads(path.read_text())["jars"]]


def kafka_jars(cache: Path | None = None, *, lock: Path = LOCK, report: Report = say) -> Path:
    """Return the folder that holds every locked jar, checked; what is missing or damaged is fetched first.

    Raises: `ServerError` if Maven is missing or fails, or delivers other content than the lock names.
    """
    folder = (cache or cache_folder()) / f"kafka-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    jars = read_lock(lock)
    try:
        if _wanting(folder, jars):
            with held(folder.with_suffix(".lock")):
                _complete(folder, jars, report)
    except OSError as error:
        raise ServerError(
            f"The cache folder {folder.parent} cannot be used: {error.strerror}. Name another with STORESTREAM_CACHE."
        ) from None
    return folder


def _complete(folder: Path, jars: Sequence[Jar], report: Report) -> None:
    wanting = _wanting(folder, jars)  # another process may have been faster
    for jar in wanting:
        if (folder / jar.file).exists():
            report(f"{jar.file} in the cache is damaged; fetching it again")
    if wanting:
        _fetch(wanting, folder, report)


def _wanting(folder: Path, jars: Sequence[Jar]) -> list[Jar]:
    return [jar for jar in jars if not _is_whole(folder / jar.file, jar)]


def _is_whole(path: Path, jar: Jar) -> bool:
    try:
        return path.stat().st_size == jar.size and checksum(path) == jar.sha256
    except FileNotFoundError:
        return False


def checksum(path: Path) -> str:
    """Return the SHA-256 of the file *path*, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(wanting: Sequence[Jar], folder: Path, report: Report) -> None:
    megabytes = sum(jar.size for jar in wanting) / 1e6
    report(f"fetching {len(wanting)} jars ({megabytes:.0f} MB) of Apache Kafka with Maven, this once")
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"{folder.name}.fetching-"
    for leftover in folder.parent.glob(f"{prefix}*"):  # of a run that was killed: we hold the lock
        shutil.rmtree(leftover)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder.parent) as place:
        missing = _deliver(wanting, folder, Path(place) / "jars", report=report)
        if missing:  # Maven's own repository on this machine may hold a damaged file: pass it by
            report(f"Maven's local copy of {missing[0].file} is damaged; fetching it past that")
            repository = Path(place) / "repository"
            missing = _deliver(missing, folder, Path(place) / "anew", repository=repository, report=report)
    if missing:
        names = ", ".join(jar.file for jar in missing)
        raise ServerError(f"Maven delivered other content than kafka.lock.json names, so it is not used: {names}")
    report("the jars are in the cache, each checked")


def _deliver(
    wanting: Sequence[Jar], folder: Path, place: Path, *, report: Report, repository: Path | None = None
) -> list[Jar]:
    """Fetch into *place* and move what is whole into *folder*; returns what is not."""
    outstanding = {jar.file: jar.size for jar in wanting}

    def arrived(file: str) -> None:
        if outstanding.pop(file, None) and len(outstanding) % 5 == 0:
            left = sum(outstanding.values()) / 1e6
            report(f"{len(wanting) - len(outstanding)} of {len(wanting)} jars fetched, {left:.0f} MB to go")

    coordinates = [jar.coordinate for jar in wanting]
    copy_jars(coordinates, place, excluded=["*:*"], repository=repository, arrived=arrived)
    bad = _wanting(place, wanting)
    for jar in wanting:
        if jar not in bad:
            os.replace(place / jar.file, folder / jar.file)
    return bad


def write_lock(version: str, path: Path = LOCK, report: Report = say) -> None:
    """Resolve Kafka *version* and what it needs, and write their coordinates and checksums to *path*."""
    with tempfile.TemporaryDirectory(prefix="storestream-lock-") as place:
        roots = [f"org.apache.kafka:kafka_2.13:{version}", _LOGGING]
        repository = Path(place) / "repository"  # a fresh one: the lock comes from what is published
        copy_jars(roots, Path(place) / "jars", excluded=_UNPUBLISHED, repository=repository)
        jars = [asdict(_described(file, repository)) for file in sorted((Path(place) / "jars").glob("*.jar"))]
    path.write_text(json.dumps({"kafka": version, "jars": jars}, indent=1) + "\n")
    report(f"{path.name} names {len(jars)} jars of Kafka {version}")


def _described(file: Path, repository: Path) -> Jar:
    artifact_folder = next(repository.rglob(file.name)).parent.relative_to(repository)
    *group, artifact, version = artifact_folder.parts
    return Jar(f"{'.'.join(group)}:{artifact}:{version}", file.stat().st_size, checksum(file))


def main(arguments: Sequence[str]) -> int:
    """Run `fetch` or `lock [VERSION]`."""
    try:
        match arguments:
            case ["fetch"]:
                print(kafka_jars())  # noqa: T201 - the answer
            case ["lock", *version]:
                write_lock(version[0] if version else json.loads(LOCK.read_text())["kafka"])
            case _:
                say("say `fetch`, or `lock` with a version of Kafka")
                return 2
    except ServerError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
