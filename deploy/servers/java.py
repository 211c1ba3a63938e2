"""Find the machine's Java: `JAVA_HOME` and `PATH` come in, a runtime new enough goes out, or a message that helps."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.servers import ServerError

OLDEST: Final = 17  # the class files of the locked Kafka are of this version
_INSTALL: Final = (
    f"Install Java {OLDEST} or newer (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17),"
    " or point KAFKA_BOOTSTRAP_SERVERS at a cluster."
)


@dataclass(frozen=True)
class Java:
    """A Java runtime: its executable, its major version and the whole of what `java -version` says."""

    executable: str
    major: int
    description: str


def find_java(environment: Mapping[str, str] = os.environ) -> Java:
    """Return the Java of `JAVA_HOME`, else the one on the `PATH`. Raises: `ServerError` if none is new enough."""
    executable, origin = _executable(environment)
    try:
        answer = subprocess.run([executable, "-version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        raise ServerError(f"Java does not run ({origin}); the embedded Kafka needs it. {_INSTALL}") from None
    description = (answer.stderr + answer.stdout).decode(errors="replace")
    version = re.search(r'version "(?:1\.)?(\d+)', description)
    if version is None:
        raise ServerError(f"Java does not tell its version ({origin}); the embedded Kafka needs it. {_INSTALL}")
    if int(version[1]) < OLDEST:
        raise ServerError(f"Java {version[1]} is too old for the embedded Kafka ({origin}). {_INSTALL}")
    return Java(executable, int(version[1]), description)


def _executable(environment: Mapping[str, str]) -> tuple[str, str]:
    home = environment.get("JAVA_HOME")
    if home:
        return str(Path(home) / "bin" / "java"), f"JAVA_HOME is {home}"
    found = shutil.which("java", path=environment.get("PATH"))
    if found is None:
        raise ServerError(f"Java is missing; the embedded Kafka runs on it. {_INSTALL}")
    return found, f"the first on the PATH is {found}"
