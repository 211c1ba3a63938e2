"""Migrations: one text for two modes, applied once, never changed afterwards.

After a wanted change of `analytics/migrations`, write the snapshot anew: python -m tests.unit.test_migrations
"""

from pathlib import Path

import pytest

from analytics.migrate import Migration, migrations, pending
from analytics.templates import render, statements
from connectors.clickhouse.rows import COLUMNS
from schemas.errors import ConfigurationError

SNAPSHOT = Path(__file__).parent / "migrations_on_cluster.sql"


def on_cluster() -> str:
    rendered = (statement for each in migrations() for statement in statements(render(each.text, "shops")))
    return "".join(f"{statement};\n\n" for statement in rendered)


def a_migration(number: int, text: str = "SELECT 1;") -> Migration:
    return Migration(number, f"{number:04}_x.sql", f"sum of {text}", text)


def test_the_cluster_form_is_as_committed() -> None:
    assert on_cluster() == SNAPSHOT.read_text()


def test_every_table_of_the_cluster_form_is_replicated() -> None:
    tables = [each for each in on_cluster().split(";\n") if "CREATE TABLE" in each]

    assert len(tables) > 10
    assert all("ENGINE = Replicated" in each or "ENGINE = Distributed" in each for each in tables)
    assert all("ON CLUSTER 'shops'" in each for each in tables)


@pytest.mark.parametrize("table", sorted(COLUMNS))
def test_every_table_that_the_archive_fills_drops_a_repeated_insert(table: str) -> None:
    made = [each for each in on_cluster().split(";\n") if f"CREATE TABLE IF NOT EXISTS {table}" in each]

    assert any("replicated_deduplication_window" in each for each in made)


def test_the_single_node_form_has_no_trace_of_clusters() -> None:
    for each in migrations():
        text = "\n".join(statements(render(each.text)))
        assert all(word not in text for word in ("Replicated", "Distributed(", "ON CLUSTER", "_local", "{{"))


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(ValueError, match="no such directive: egnine"):
        render("ENGINE = {{egnine:MergeTree}}")


def test_a_statement_ends_where_its_line_does() -> None:
    text = "-- why; because\nSELECT ';' AS a;\n\n-- only words;\n\nSELECT 2 ;  \nSELECT 3"

    assert statements(text) == ["-- why; because\nSELECT ';' AS a", "SELECT 2", "SELECT 3"]


def test_only_what_is_missing_is_pending() -> None:
    first, second = a_migration(1), a_migration(2)

    assert pending([first, second], {}) == [first, second]
    assert pending([first, second], {1: first.checksum}) == [second]
    assert pending([first, second], {1: first.checksum, 2: second.checksum}) == []


def test_a_changed_applied_file_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r"0001_x\.sql was changed after it had been applied"):
        pending([a_migration(1, "SELECT 2;")], {1: "sum of SELECT 1;"})


def test_a_file_that_comes_before_applied_ones_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"0001_x\.sql comes before files that are applied"):
        pending([a_migration(1), a_migration(2)], {2: a_migration(2).checksum})


def test_two_files_with_one_number_are_refused(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0001_b.sql"):
        (tmp_path / name).write_text("SELECT 1;")

    with pytest.raises(ConfigurationError, match="same number"):
        migrations(tmp_path)


if __name__ == "__main__":
    SNAPSHOT.write_text(on_cluster())
