"""The jars of Kafka are exactly the locked ones, however they came into the cache."""

import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from deploy.servers import ServerError
from deploy.servers.kafka_jars import LOCK, cache_folder, kafka_jars, main, read_lock
from deploy.servers.maven import to_pom

FAKE_MAVEN = """#!{python}
import re, shutil, sys
from pathlib import Path
options = dict(a[2:].split("=", 1) for a in sys.argv if a.startswith("-D"))
pom = Path(sys.argv[sys.argv.index("-f") + 1]).read_text()
shelf = Path("{shelf}") / ("fresh" if "maven.repo.local" in options else "local")
for artifact, version in re.findall("<artifactId>([a-z]+)</artifactId><version>(.*?)</version><excl", pom):
    name = artifact + "-" + version + ".jar"
    if not (shelf / name).exists():
        print("[ERROR] Could not find artifact " + artifact)
        sys.exit(1)
    shutil.copy(shelf / name, options["outputDirectory"])
    print("[INFO] Downloaded from somewhere: proto://place/" + name + " (1 kB)")
"""


class Shelf:
    """A Maven whose published and local jars a test decides."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.cache, self.said = folder, folder / "cache", list[str]()
        for name in ("fresh", "local", "bin"):
            (folder / name).mkdir()
        maven = folder / "bin" / "mvn"
        maven.write_text(FAKE_MAVEN.format(python=sys.executable, shelf=folder))
        maven.chmod(maven.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder / "bin"))
        self.put("tea", b"leaves")
        self.put("cup", b"porcelain")
        self.lock = folder / "a.lock.json"
        jars = [
            {"coordinate": f"org.shop:{name}:1.0", "size": len(body), "sha256": sha256(body).hexdigest()}
            for name, body in [("tea", b"leaves"), ("cup", b"porcelain")]
        ]
        self.lock.write_text(json.dumps({"kafka": "1.0", "jars": jars}))

    def put(self, name: str, body: bytes, *shelves: str) -> None:
        for shelf in shelves or ("fresh", "local"):
            (self.folder / shelf / f"{name}-1.0.jar").write_bytes(body)

    def fetch(self) -> Path:
        return kafka_jars(self.cache, lock=self.lock, report=self.said.append)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    return Shelf(tmp_path, monkeypatch)


def test_fetched_jars_lie_in_the_cache_and_the_progress_is_told(shelf: Shelf) -> None:
    folder = shelf.fetch()

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "tea-1.0.jar": b"leaves",
        "cup-1.0.jar": b"porcelain",
    }
    assert "fetching 2 jars (0 MB) of Apache Kafka with Maven, this once" in shelf.said
    assert "2 of 2 jars fetched, 0 MB to go" in shelf.said
    assert [path.name for path in shelf.cache.iterdir() if path.is_dir()] == [folder.name]


def test_second_fetch_needs_no_maven(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shelf.fetch()
    monkeypatch.setenv("PATH", "")

    assert shelf.fetch() == folder


def test_damaged_jar_is_named_and_fetched_again(shelf: Shelf) -> None:
    folder = shelf.fetch()
    (folder / "tea-1.0.jar").write_bytes(b"leavez")

    shelf.fetch()

    assert (folder / "tea-1.0.jar").read_bytes() == b"leaves"
    assert "tea-1.0.jar in the cache is damaged; fetching it again" in shelf.said


def test_damage_in_mavens_own_repository_is_passed_by(shelf: Shelf) -> None:
    shelf.put("cup", b"shards", "local")

    folder = shelf.fetch()

    assert (folder / "cup-1.0.jar").read_bytes() == b"porcelain"
    assert "Maven's local copy of cup-1.0.jar is damaged; fetching it past that" in shelf.said


def test_jar_that_is_published_otherwise_than_locked_is_refused_by_name(shelf: Shelf) -> None:
    shelf.put("cup", b"someone else's")

    with pytest.raises(ServerError, match=r"other content than kafka\.lock\.json names.*: cup-1\.0\.jar"):
        shelf.fetch()

    assert not list(shelf.cache.rglob("cup*"))


def test_missing_maven_is_told_with_the_package_to_install(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ServerError, match=r"Maven \(mvn\) is missing.*apt-get install maven"):
        shelf.fetch()


def test_failing_maven_is_quoted(shelf: Shelf) -> None:
    (shelf.folder / "local" / "tea-1.0.jar").unlink()

    with pytest.raises(ServerError, match=r"could not fetch.*Could not find artifact tea"):
        shelf.fetch()


def test_cache_that_cannot_be_written_is_told_with_the_setting_that_names_another(shelf: Shelf) -> None:
    shelf.cache.write_text("a file is in the way")

    with pytest.raises(ServerError, match=r"cannot be used: Not a directory\. Name another with STORESTREAM_CACHE"):
        shelf.fetch()


def test_leftovers_of_a_killed_fetch_are_removed(shelf: Shelf) -> None:
    folder = shelf.fetch()
    (folder / "tea-1.0.jar").unlink()
    leftover = folder.with_name(f"{folder.name}.fetching-abc")
    leftover.mkdir()

    shelf.fetch()

    assert not leftover.exists()


def test_cache_is_where_the_environment_says() -> None:
    assert cache_folder({"STORESTREAM_CACHE": "/a", "XDG_CACHE_HOME": "/b"}) == Path("/a")
    assert cache_folder({"XDG_CACHE_HOME": "/b"}) == Path("/b/storestream")
    assert cache_folder({}) == Path.home() / ".cache" / "storestream"


def test_committed_lock_pins_every_jar_and_names_no_registry() -> None:
    jars = read_lock()

    assert len({jar.file for jar in jars}) == len(jars) > 40
    assert all(len(jar.sha256) == 64 and jar.size > 0 and jar.coordinate.count(":") == 2 for jar in jars)
    assert any(jar.coordinate.startswith("org.apache.kafka:kafka_2.13:") for jar in jars)
    assert any("log4j-slf4j" in jar.coordinate for jar in jars)
    assert "//" not in LOCK.read_text()


def test_pom_names_exact_versions_and_nothing_they_would_bring() -> None:
    pom = to_pom(["org.shop:tea:1.0"], excluded=["*:*"])

    assert "<groupId>org.shop</groupId><artifactId>tea</artifactId><version>1.0</version>" in pom
    assert "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>" in pom
    assert "repository" not in pom


def test_unknown_command_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetsh"]) == 2

    assert "`fetch`" in capsys.readouterr().err


def test_two_at_once_fetch_once(shelf: Shelf) -> None:
    with ThreadPoolExecutor(2) as two:
        folders = {fetch.result() for fetch in [two.submit(shelf.fetch), two.submit(shelf.fetch)]}

    assert len(folders) == 1
    assert len([line for line in shelf.said if line.startswith("fetching")]) == 1
