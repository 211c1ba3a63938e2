"""Run Maven: artifacts with exact coordinates come in, their jars in a folder go out.

Which repository they come from is the business of the machine's own Maven settings.
"""

import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from deploy.children import Child
from deploy.servers import ServerError

_PLUGIN: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
_PATIENCE_SECONDS: Final = 900.0
_BURIAL_SECONDS: Final = 30.0
_INSTALL: Final = "Install Maven (Debian: apt-get install maven; macOS: brew install maven)."

Report = Callable[[str], None]
Arrived = Callable[[str], None]


def copy_jars(
    coordinates: Sequence[str],
    into: Path,
    *,
    excluded: Sequence[str],
    repository: Path | None = None,
    arrived: Arrived = lambda _: None,
) -> None:
    """Copy the jars of *coordinates* (`group:artifact:version`) and of what they need into the folder *into*.

    *excluded* names dependencies to leave out (`group:artifact`, `*:*` for all); *repository* is a local repository
    to use instead of the machine's own; *arrived* hears the name of each file that was downloaded.
    Raises: `ServerError` if Maven is missing or fails.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise ServerError(f"Maven (mvn) is missing; the embedded Kafka's jars are fetched with it. {_INSTALL}")
    into.mkdir(parents=True, exist_ok=True)
    pom = into / "pom.xml"
    pom.write_text(to_pom(coordinates, excluded=excluded))
    command = [maven, "-B", "-f", str(pom), f"-DoutputDirectory={into}", "-DincludeScope=runtime"]
    if repository is not None:
        command.append(f"-Dmaven.repo.local={repository}")
    _run([*command, f"{_PLUGIN}:copy-dependencies"], arrived)
    pom.unlink()


def to_pom(coordinates: Sequence[str], *, excluded: Sequence[str]) -> str:
    """Describe *coordinates* as a Maven project, each without its *excluded* dependencies."""
    exclusions = "".join(f"<exclusion>{_tags(name, 'groupId artifactId')}</exclusion>" for name in excluded)
    dependencies = "\n".join(
        f"    <dependency>{_tags(each, 'groupId artifactId version')}<exclusions>{exclusions}</exclusions></dependency>"
        for each in coordinates
    )
    return (
        "<project>\n  <modelVersion>4.0.0</modelVersion>\n"
        f"  {_tags('storestream:servers:1', 'groupId artifactId version')}<packaging>pom</packaging>\n"
        f"  <dependencies>\n{dependencies}\n  </dependencies>\n</project>\n"
    )


def _tags(coordinate: str, names: str) -> str:
    parts = zip(names.split(), coordinate.split(":"), strict=True)
    return "".join(f"<{name}>{escape(part)}</{name}>" for name, part in parts)


def _run(command: Sequence[str], arrived: Arrived) -> None:
    errors: list[str] = []
    with Child(command, output=subprocess.PIPE) as maven, closing(maven.output) as written:
        limit = threading.Timer(_PATIENCE_SECONDS, maven.kill)
        limit.start()
        try:
            for raw in written:
                line = raw.decode(errors="replace")
                file = re.match(r"(?:\[INFO\] )?Downloaded from .*/([^/ ]+\.jar)\b", line)
                if file:
                    arrived(file[1])
                elif "[ERROR]" in line:
                    errors.append(line.replace("[ERROR]", "").strip())
        finally:
            limit.cancel()
        code = maven.wait(_BURIAL_SECONDS)
    if code != 0:
        reason = " ".join(errors[:2]) or f"it ended with code {code}"
        raise ServerError(f"Maven could not fetch the embedded Kafka's jars: {reason}")
