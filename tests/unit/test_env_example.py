""".env.example has every setting, compose hands each to who reads it, and secrets have no default."""

import json
import re

import pytest
from pydantic_settings import BaseSettings

from deploy.documenting import SECTIONS, variables_of
from schemas.settings import (
    ApiSettings,
    ArchiveSettings,
    CatalogSettings,
    ClickHouseSettings,
    ForwardSettings,
    IngestSettings,
    JobsSettings,
    KafkaSettings,
    MetaSettings,
    RegistrySettings,
    WorkerSettings,
    settings_in,
)
from tests.env_example import ROOT, env_example
from tests.unit.compose_file import SECRETS, parsed, single

COMPOSE_ONLY = {"COMPOSE_PROFILES"}  # read by compose itself
READ_BY: dict[str, tuple[type[BaseSettings], ...]] = {
    "prepare": (KafkaSettings, RegistrySettings, ClickHouseSettings),
    "ingest": (KafkaSettings, RegistrySettings, IngestSettings),
    "stitch": (KafkaSettings, RegistrySettings, WorkerSettings),
    "forward": (KafkaSettings, RegistrySettings, WorkerSettings, MetaSettings, ForwardSettings),
    "archive": (KafkaSettings, RegistrySettings, WorkerSettings, ClickHouseSettings, ArchiveSettings),
    "catalog": (KafkaSettings, RegistrySettings, WorkerSettings, MetaSettings, CatalogSettings),
    "api": (KafkaSettings, RegistrySettings, ClickHouseSettings, ApiSettings),
    "jobs": (ClickHouseSettings, JobsSettings),
}


@pytest.mark.parametrize("secret", SECRETS)
def test_without_a_secret_nothing_starts(secret: str) -> None:
    result = parsed(env_example(SECRETS | {secret: ""}))

    assert result.returncode != 0
    assert f"set {secret} in .env" in result.stderr
    assert env_example()[secret] == ""


def test_each_secret_reaches_only_who_needs_it() -> None:
    def holders(secret: str) -> set[str]:
        return {name for name, each in single().items() if SECRETS[secret] in json.dumps(each.get("environment", {}))}

    assert holders("CLICKHOUSE_WRITER_PASSWORD") == {"clickhouse", "prepare", "archive", "jobs"}
    assert holders("CLICKHOUSE_ANALYST_PASSWORD") == {"clickhouse", "grafana", "api"}
    assert holders("GRAFANA_ADMIN_PASSWORD") == {"grafana"}
    assert holders("KAFKA_UI_PASSWORD") == {"kafka-ui"}
    assert {name for name, each in single().items() if "env_file" in each} == {"ingest", "forward", "catalog", "api"}


@pytest.mark.parametrize("name", READ_BY)
def test_each_process_is_given_the_settings_it_reads_and_no_others(name: str) -> None:
    read = {variable for section in READ_BY[name] for variable in variables_of(section)}

    assert set(single()[name]["environment"]) == read


def test_the_example_has_every_setting_and_compose_variable_and_nothing_else() -> None:
    settings = {variable for section in SECTIONS for variable in variables_of(section)}
    compose = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))

    assert set(env_example()) == settings | compose | COMPOSE_ONLY


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_the_example_holds_the_defaults(section: type[BaseSettings]) -> None:
    example = env_example(SECRETS)
    changed = {"META_GRAPH_URL": example["META_GRAPH_URL"], "SCHEMA_REGISTRY_URL": "http://registry:8081"}

    read = settings_in(example, section)

    for (name, field), variable in zip(section.model_fields.items(), variables_of(section), strict=True):
        expected = changed.get(variable, field.default)
        assert field.is_required() or getattr(read, name) == expected, variable
