"""The users of compose's ClickHouse: who writes, and who only reads."""

import re
import xml.etree.ElementTree as ElementTree

from tests.env_example import ROOT
from tests.unit.compose_file import COMPOSE


def test_analysts_may_read_each_table_and_view_but_no_refused_bytes_and_no_notes_of_ours() -> None:
    tables = set()
    for path in sorted((ROOT / "analytics" / "migrations").glob("*.sql")):
        tables |= set(re.findall(r"CREATE TABLE IF NOT EXISTS \{\{table:(\w+)\}\}", path.read_text()))
        tables |= set(re.findall(r"CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?(\w+)", path.read_text()))
    users = ElementTree.parse(COMPOSE / "clickhouse" / "users.xml")
    grants = [query.text or "" for query in users.iterfind("users/analyst/grants/query")]

    whole = {match.group(1) for each in grants if (match := re.fullmatch(r"GRANT SELECT ON storestream\.(\w+)", each))}
    (partly,) = [each for each in grants if "SELECT(" in each]
    assert whole == tables - {"rejected", "sink_ranges"}
    assert partly.endswith("ON storestream.rejected")
    assert "payload" not in partly
    assert len(grants) == len(whole) + 1


def test_clickhouse_passwords_come_from_the_environment_and_analysts_are_bounded() -> None:
    users = ElementTree.parse(COMPOSE / "clickhouse" / "users.xml")

    for name, variable in {
        "storestream": "CLICKHOUSE_WRITER_PASSWORD",
        "analyst": "CLICKHOUSE_ANALYST_PASSWORD",
    }.items():
        password = users.find(f"users/{name}/password")
        assert password is not None
        assert password.get("from_env") == variable
        assert not password.text
    limits = {each.tag for each in users.iterfind("profiles/analyst/constraints/*")}
    assert limits >= {"readonly", "max_execution_time", "max_memory_usage", "max_result_rows", "max_rows_to_read"}
    assert users.findtext("users/analyst/profile") == "analyst"
