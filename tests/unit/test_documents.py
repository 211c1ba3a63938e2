"""The documents say what the code does."""

import re

import pytest

from deploy.cli import COMMANDS
from deploy.documenting import PAGE, rewritten
from schemas.topics import TOPICS
from tests.env_example import ROOT


def test_the_tables_of_the_operations_page_are_those_of_the_code() -> None:
    page = PAGE.read_text()

    assert rewritten(page) == page, "run: python -m deploy.documenting"
    assert all(f"`{topic.name}`" in page for topic in TOPICS)


def test_a_page_without_its_marks_is_no_page_to_write() -> None:
    with pytest.raises(ValueError, match="topics is marked 0 times"):
        rewritten("# Operations\n")


def test_commands_and_links_of_the_operations_page_exist() -> None:
    page = PAGE.read_text()

    assert set(re.findall(r"(?:^    |`)storestream (\w+)", page, re.M)) <= set(COMMANDS)
    for link in re.findall(r"\]\((?!http|#)([^)#]+)", page):
        assert (PAGE.parent / link).exists(), link
    assert (ROOT / "docker-compose.yml").exists()
