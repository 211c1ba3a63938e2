"""The embedded Kafka finds a Java that can run it, or says which to install."""

import stat
from pathlib import Path

import pytest

from deploy.servers import ServerError
from deploy.servers.java import find_java


def a_java(folder: Path, version: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    return java


def test_java_home_goes_before_the_path(tmp_path: Path) -> None:
    java = a_java(tmp_path / "home", "21.0.2")
    a_java(tmp_path / "other", "17.0.1")

    found = find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "other" / "bin")})

    assert (found.executable, found.major) == (str(java), 21)


@pytest.mark.parametrize(("version", "major"), [("1.8.0_392", 8), ("11.0.22", 11), ("16", 16)])
def test_old_java_is_refused_with_its_version_and_what_to_install(tmp_path: Path, version: str, major: int) -> None:
    a_java(tmp_path, version)

    with pytest.raises(ServerError, match=f"Java {major} is too old.*JAVA_HOME is {tmp_path}.*openjdk-17"):
        find_java({"JAVA_HOME": str(tmp_path)})


def test_missing_java_is_told_with_what_to_install() -> None:
    with pytest.raises(ServerError, match=r"Java is missing.*openjdk-17-jre-headless"):
        find_java({"PATH": ""})


def test_java_home_without_java_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=f"does not run .JAVA_HOME is {tmp_path}"):
        find_java({"JAVA_HOME": str(tmp_path)})


def test_java_that_tells_no_version_is_refused(tmp_path: Path) -> None:
    java = a_java(tmp_path, "17")
    java.write_text("#!/bin/sh\necho 'Unable to locate a Java Runtime.' >&2\nexit 1\n")

    with pytest.raises(ServerError, match="does not tell its version"):
        find_java({"JAVA_HOME": str(tmp_path)})
