"""`docs/catalog.md` says what the code does with catalogs at Meta."""

import re

import yaml

from connectors.meta.catalog.filters import RULES
from connectors.meta.catalog.reasons import REASONS
from deploy.commands.catalogs import command
from schemas.catalog import CatalogFile
from tests.env_example import ROOT

PAGE = (ROOT / "docs/catalog.md").read_text()
SECTION = PAGE[PAGE.index("## Catalogs at Meta") :]


def test_the_table_of_reasons_is_the_closed_list() -> None:
    table = SECTION[SECTION.index("### Why an item is missing") :]

    written = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+?) \| (.+?) \|$", table, re.M)
    assert written == [(name, each.kind, each.meaning, each.suggestion) for name, each in REASONS.items()]


def test_the_rules_that_keep_products_out_are_named() -> None:
    assert all(f"`{rule}`" in SECTION for rule in RULES)


def test_the_example_is_a_catalog_that_is_taken() -> None:
    example = SECTION[SECTION.index("    catalogs:") : SECTION.index("\n| setting")]

    names = [CatalogFile.model_validate(each).name for each in yaml.safe_load(example)["catalogs"]]
    assert names == ["main", "sale-de"]


def test_the_commands_that_are_named_exist() -> None:
    named = set(re.findall(r"storestream catalogs (\w+)", SECTION))

    assert {"preview", "validate", "clone"} <= named <= set(command.commands)
