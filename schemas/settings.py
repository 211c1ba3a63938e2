"""Settings: one class per system, read from the environment. A process builds only the ones it uses."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.errors import ConfigurationError
from schemas.wording import wrong_fields

_SERVER: Final = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?"
_SERVERS: Final = rf"^{_SERVER}(,{_SERVER})*$"


class KafkaSettings(BaseSettings):
    """Where Kafka is, and how many partitions the streams share."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    bootstrap_servers: str = Field(
        validation_alias="KAFKA_BOOTSTRAP_SERVERS", pattern=_SERVERS, description="host:port, comma-separated."
    )
    partitions: int = Field(
        4,
        ge=1,
        le=1000,
        validation_alias="STORESTREAM_PARTITIONS",
        description="Partitions of every stream topic; fixed once data is there.",
    )
    replication: int = Field(
        1, ge=1, validation_alias="KAFKA_REPLICATION_FACTOR", description="Copies of each partition."
    )
    prefix: str = Field(
        "",
        validation_alias="STORESTREAM_TOPIC_PREFIX",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Put before every topic name and consumer group; for tests and shared clusters.",
    )


class RegistrySettings(BaseSettings):
    """Where the schema registry is; without one, ids come from the lock file."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    url: str | None = Field(
        None,
        validation_alias="SCHEMA_REGISTRY_URL",
        pattern=r"^(https?://[^\s/]+\S*)?$",
        description="e.g. http://registry:8081",
    )


class ClickHouseSettings(BaseSettings):
    """Where ClickHouse is. The URL carries user, password and database: `http://user:password@host:8123/storestream`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    url: SecretStr = Field(validation_alias="CLICKHOUSE_URL", description="URL of the user who writes.")
    cluster: str = Field("", validation_alias="CLICKHOUSE_CLUSTER", description="Cluster name; empty on a single node.")


class MetaSettings(BaseSettings):
    """Where Meta's Graph API is: https://developers.facebook.com/docs/graph-api."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    graph_url: str = Field(
        "https://graph.facebook.com",
        validation_alias="META_GRAPH_URL",
        pattern=r"^https?://\S*[^\s/]$",
        description="Without version and without slash.",
    )
    graph_version: str = Field(
        "v26.0",
        validation_alias="META_GRAPH_VERSION",
        pattern=r"^v\d+\.\d+$",
        description="Graph API version.",
    )
    batch_size: int = Field(
        1000, ge=1, le=1000, validation_alias="META_BATCH_SIZE", description="Most events in one request."
    )
    linger_seconds: float = Field(
        1.0, ge=0, validation_alias="META_LINGER_SECONDS", description="Longest wait for a fuller batch."
    )
    requests_in_flight: int = Field(
        4, ge=1, validation_alias="META_REQUESTS_IN_FLIGHT", description="Requests at once per destination."
    )
    timeout_seconds: float = Field(
        10.0, gt=0, validation_alias="META_TIMEOUT_SECONDS", description="Longest wait for one answer."
    )
    retry_seconds: float = Field(
        60.0,
        gt=0,
        validation_alias="META_RETRY_SECONDS",
        description="Longest wait before a destination that is down, or whose token is dead, is tried again.",
    )


class ForwardSettings(BaseSettings):
    """How long, and how many, conversions wait for a visitor's consent."""

    model_config = SettingsConfigDict(env_prefix="FORWARD_", frozen=True, extra="ignore")

    consent_hold_seconds: float = Field(
        86_400.0,
        ge=0,
        le=6 * 86_400,
        description="How long an event waits to be told of consent, where the shop requires it; 0 is not at all.",
    )
    held_events: int = Field(
        10_000, ge=0, description="Most events, one for each destination, that wait for consent in a process."
    )


class CatalogSettings(BaseSettings):
    """How changes are gathered for Meta's catalogs, and how its answers are asked for."""

    model_config = SettingsConfigDict(env_prefix="CATALOG_", frozen=True, extra="ignore")

    window_seconds: float = Field(
        1.0, ge=0, description="How long changes are gathered into one request; longer as Meta's quota is used up."
    )
    batch_items: int = Field(3000, ge=1, le=5000, description="Most items in one request.")
    batches_in_flight: int = Field(4, ge=1, description="Batches of one catalog that Meta works on at once.")
    poll_seconds: float = Field(0.5, gt=0, description="First wait before asking how a batch stands; it grows.")
    page_items: int = Field(1000, ge=1, description="Most items in one page of what Meta has.")
    attempts: int = Field(5, ge=1, description="How often an item is sent while what keeps it back may pass.")
    confirm_seconds: float = Field(
        120.0, ge=0, description="After a request of unknown outcome: how soon what replaced it is sent once more."
    )
    feed_seconds: float = Field(
        300.0, ge=1, description="How often Meta is asked whether it has fetched a feed; it does once an hour at most."
    )


class IngestSettings(BaseSettings):
    """The HTTP door."""

    model_config = SettingsConfigDict(env_prefix="INGEST_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body.")
    max_events: int = Field(500, ge=1, description="Most events in one request.")
    linger_seconds: float = Field(0.01, ge=0, description="How long an envelope waits for more events.")
    envelope_events: int = Field(200, ge=1, description="Most events in one envelope.")
    envelope_bytes: int = Field(262_144, ge=1024, description="Largest envelope.")
    pending_bytes: int = Field(
        67_108_864, ge=1024, description="Most bytes waiting for Kafka before new requests get 503."
    )
    publish_timeout_seconds: float = Field(5.0, gt=0, description="Longest wait for Kafka before a request gets 503.")
    trusted_proxies: int = Field(0, ge=0, description="How many proxies in front append to X-Forwarded-For.")


class WorkerSettings(BaseSettings):
    """What every Faust worker shares."""

    model_config = SettingsConfigDict(env_prefix="WORKER_", frozen=True, extra="ignore")

    folder: str = Field(".storestream/workers", description="Folder for what Faust keeps of a worker.")
    instance: str = Field("", description="Name of this worker for static group membership; unique per worker.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port for /metrics; 0 is none.")
    session_timeout_seconds: float = Field(
        20.0, gt=0, le=90, description="Silence after which the group gives this worker's partitions away."
    )


class ArchiveSettings(BaseSettings):
    """How rows are gathered for ClickHouse."""

    model_config = SettingsConfigDict(env_prefix="ARCHIVE_", frozen=True, extra="ignore")

    rows: int = Field(10_000, ge=1, description="Rows that make a flush.")
    linger_seconds: float = Field(0.5, ge=0, description="Longest wait for a fuller flush.")


class JobsSettings(BaseSettings):
    """How often what is counted from ClickHouse is counted anew, for every shop; 0 is never."""

    model_config = SettingsConfigDict(env_prefix="JOBS_", frozen=True, extra="ignore")

    profiles_seconds: float = Field(300.0, ge=0, description="Profiles of whom something happened to.")
    popular_seconds: float = Field(3600.0, ge=0, description="What is popular.")
    models_seconds: float = Field(86_400.0, ge=0, description="All recommendations.")
    squash_seconds: float = Field(86_400.0, ge=0, description="Whose old events are, written into them.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port for /metrics; 0 is none.")


class ApiSettings(BaseSettings):
    """The answers over HTTP: where the api listens, who may ask, and how much an answer may cost."""

    model_config = SettingsConfigDict(env_prefix="API_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8082, ge=0, le=65535, description="Port to listen on.")
    tokens: str = Field(
        "",
        description="shop=VARIABLE,...: names of the variables that hold each shop's token; * is every shop, and"
        " shop:admin=VARIABLE a token that may also change things.",
    )
    cache_seconds: int = Field(30, ge=0, description="How long a client may keep an answer.")
    max_seconds: int = Field(30, ge=1, description="Longest time ClickHouse may take for a question.")
    max_memory_bytes: int = Field(1_500_000_000, ge=1, description="Most memory ClickHouse may take for a question.")
    max_rows: int = Field(1_000_000, ge=1, description="Most rows of an answer.")
    max_page_rows: int = Field(10_000, ge=1, description="Most rows of a page of JSON.")
    questions_at_once: int = Field(4, ge=1, description="Questions asked of ClickHouse at the same time.")
    wait_seconds: float = Field(5.0, gt=0, description="Longest wait for its turn before a question gets 503.")


Section = TypeVar("Section", bound=BaseSettings)


@cache
def settings(section: type[Section]) -> Section:
    """Read one *section* from the environment, once.

    Raises:
        ConfigurationError: naming each variable that is missing or wrong, never its value.
    """
    return settings_in({}, section)


def settings_in(environment: Mapping[str, str], section: type[Section]) -> Section:
    """Read one *section* from *environment*, and from the process's own for what is not in it.

    Raises:
        ConfigurationError: as `settings`.
    """
    prefix = section.model_config.get("env_prefix", "")
    given: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for name, field in section.model_fields.items():
        variable = field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()
        variables[name] = variable
        if variable in environment:
            given[variable if field.validation_alias else name] = environment[variable]
    try:
        return section(**given)
    except ValidationError as exc:
        found = wrong_fields(exc, section.__name__)
        wrong = [f"{variables.get(name, name)} ({said})" for name, said in found.items()]
        raise ConfigurationError(f"{section.__name__}: {', '.join(wrong)}") from None
