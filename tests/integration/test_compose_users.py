"""The users that compose gives ClickHouse, tried on the engine itself: who writes, and what an analyst cannot do."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from analytics.templates import render, statements
from tests.env_example import ROOT

pytestmark = pytest.mark.integration

USERS = ROOT / "deploy" / "compose" / "clickhouse" / "users.xml"

# The embedded engine knows one user, `default`: it is given the rights of the one to be tried.
ASK = """
import json, sys
import chdb
connection = chdb.connect(f"{sys.argv[1]}/tables?config-file={sys.argv[1]}/config.xml")
answers = []
for question in json.load(sys.stdin):
    try:
        answers.append(str(connection.query(question, "TSV")).strip())
    except RuntimeError as exc:
        answers.append("refused: " + str(exc))
print(json.dumps(answers))
"""
CONFIG = """
<clickhouse>
    <users_config>{folder}/users.xml</users_config>
    <path>{folder}/tables/</path>
    <access_control_improvements>
        <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    </access_control_improvements>
</clickhouse>
"""

REFUSED = [
    ("SELECT payload FROM storestream.rejected", "ACCESS_DENIED"),
    ("SELECT * FROM merge('storestream', 'rejected')", "ACCESS_DENIED"),
    ("SELECT * FROM storestream.sink_ranges", "ACCESS_DENIED"),
    ("SELECT * FROM file('/etc/hostname', 'LineAsString')", "ACCESS_DENIED"),
    ("SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", "ACCESS_DENIED"),
    ("SELECT * FROM remote('127.0.0.1', 'system', 'one')", "ACCESS_DENIED"),
    ("SELECT * FROM system.users", "ACCESS_DENIED"),
    ("INSERT INTO storestream.events (shop_id) VALUES ('x')", "ACCESS_DENIED"),
    ("ALTER TABLE storestream.events DELETE WHERE 1", "ACCESS_DENIED"),
    ("DROP TABLE storestream.events", "ACCESS_DENIED"),
    ("CREATE TABLE storestream.mine (a UInt8) ENGINE = Memory", "ACCESS_DENIED"),
    ("CREATE TEMPORARY TABLE mine (a UInt8)", "ACCESS_DENIED"),
    ("SELECT 1 SETTINGS readonly = 0", "READONLY"),
    ("SELECT 1 SETTINGS max_execution_time = 1000", "SETTING_CONSTRAINT_VIOLATION"),
    ("SELECT 1 SETTINGS max_execution_time = 0", "SETTING_CONSTRAINT_VIOLATION"),
    ("SELECT 1 SETTINGS max_memory_usage = 0", "SETTING_CONSTRAINT_VIOLATION"),
    ("SELECT 1 SETTINGS max_rows_to_read = 0", "SETTING_CONSTRAINT_VIOLATION"),
    ("SELECT 1 SETTINGS max_result_rows = 0", "SETTING_CONSTRAINT_VIOLATION"),
    ("SELECT 1 SETTINGS max_result_bytes = 0", "SETTING_CONSTRAINT_VIOLATION"),
    ("SELECT number FROM system.numbers LIMIT 3000000", "TOO_MANY_ROWS_OR_BYTES"),
]


def asked_as(user: str, folder: Path, questions: list[str]) -> list[str]:
    """Ask with the rights of *user*; an answer begins with `refused: ` where the engine refuses."""
    root = ElementTree.parse(USERS).getroot()
    profiles, quotas, users = root.find("profiles"), root.find("quotas"), root.find("users")
    assert profiles is not None
    assert quotas is not None
    assert users is not None
    for each in list(users):
        users.remove(each)
        if each.tag == user:
            each.tag = "default"
            each.remove(each.find("password"))  # type: ignore[arg-type]  # it has one: see the unit test
            ElementTree.SubElement(each, "password")
            kept = each
    users.append(kept)
    ElementTree.SubElement(profiles, "default")
    ElementTree.SubElement(quotas, "default")
    ElementTree.ElementTree(root).write(folder / "users.xml")
    (folder / "config.xml").write_text(CONFIG.format(folder=folder))
    command = [sys.executable, "-c", ASK, str(folder)]
    ran = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    answers: list[str] = json.loads(ran.stdout)
    return answers


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the writer has made all tables and one rejected record."""
    folder = tmp_path_factory.mktemp("users")
    questions = [
        "CREATE DATABASE IF NOT EXISTS storestream ENGINE = Atomic",
        "USE storestream",
        "CREATE TABLE migrations_lock (nothing UInt8) ENGINE = Memory",
        "DROP TABLE IF EXISTS migrations_lock SYNC",
    ]
    for file in sorted((ROOT / "analytics" / "migrations").glob("*.sql")):
        questions += statements(render(file.read_text()))
    questions.append("INSERT INTO rejected (shop_id, reason, payload, received_at) VALUES ('demo', 'bad', '{', now())")

    answers = asked_as("storestream", folder, questions)

    assert [answer for answer in answers if answer.startswith("refused")] == []
    return folder


def test_writer_keeps_to_its_database(folder: Path) -> None:
    answers = asked_as(
        "storestream",
        folder,
        [
            "SELECT reason FROM storestream.rejected FINAL",
            "CREATE DATABASE other ENGINE = Atomic",
            "DROP DATABASE storestream",
            "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
            "SELECT * FROM file('/etc/hostname', 'LineAsString')",
            "CREATE USER another",
        ],
    )

    assert answers[0] == "bad"
    assert all("ACCESS_DENIED" in answer for answer in answers[1:])


def test_analyst_reads_tables_and_views_within_limits(folder: Path) -> None:
    answers = asked_as(
        "analyst",
        folder,
        [
            "SELECT count() FROM storestream.events",
            "SELECT count() FROM storestream.events_by_person",
            "SELECT reason, count() FROM storestream.rejected FINAL GROUP BY ALL",
            "SELECT 1 SETTINGS max_threads = 1, max_execution_time = 10",
            "SELECT getSetting('max_execution_time')",
        ],
    )

    assert answers == ["0", "0", "bad\t1", "1", "30"]


@pytest.fixture(scope="module")
def refusals(folder: Path) -> dict[str, str]:
    """What an analyst is answered to each question of `REFUSED`."""
    questions = [question for question, _ in REFUSED]
    return dict(zip(questions, asked_as("analyst", folder, questions), strict=True))


@pytest.mark.parametrize(("question", "error"), REFUSED)
def test_analyst_is_refused(refusals: dict[str, str], question: str, error: str) -> None:
    assert refusals[question].startswith("refused: ")
    assert f"({error})" in refusals[question]
