"""What a request asks for beside its SQL: URL parameters come in, settings, bound values and directions go out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.servers.clickhouse.errors import refusal

# What the HTTP port itself reads, or may be told and need not act on (progress headers, quota keys, roles).
_TRANSPORT: Final = frozenset(
    """
    query query_id user password database default_format session_id session_timeout session_check compress
    decompress wait_end_of_query buffer_size quota_key role client_protocol_version enable_http_compression
    send_progress_in_http_headers http_headers_progress_interval_ms
    cancel_http_readonly_queries_on_client_close replace_running_query log_comment stacktrace close_session
    http_write_exception_in_output_format
    """.split()  # noqa: SIM905 - a column of names is what a reader wants
)
_TRUE: Final = frozenset({"1", "true"})
# An analyst's limits: defaults which may be lowered, never lifted.
ANALYST_LIMITS: Final = {
    "max_execution_time": 30,
    "max_memory_usage": 2 * 2**30,
    "max_bytes_before_external_group_by": 300_000_000,  # what grows beyond goes on with files on disk
    "max_bytes_before_external_sort": 300_000_000,
    "max_result_rows": 1_000_000,
    "max_result_bytes": 2**30,
    "max_threads": 4,
}
# How results look and how literals are read; none of these reaches a file (`format_schema` and its kin would).
_ANALYST_MAY_SET: Final = frozenset(
    """
    result_overflow_mode timeout_overflow_mode session_timezone date_time_input_format date_time_output_format
    cast_string_to_dynamic_use_inference join_use_nulls extremes final max_block_size max_rows_to_read
    max_bytes_to_read output_format_decimal_trailing_zeros
    """.split()  # noqa: SIM905 - a column of names is what a reader wants
)
_ANALYST_MAY_SET_PREFIXES: Final = tuple(
    f"output_format_{kind}_" for kind in ("json", "csv", "tsv", "arrow", "parquet", "pretty", "native", "binary")
)


@dataclass(frozen=True)
class Parameters:
    """The parameters of one request; *bound* are the values of `{name:Type}`."""

    transport: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    bound: Mapping[str, str] = field(default_factory=dict)

    def flag(self, name: str, default: str = "0") -> bool:
        """Tell whether a yes-or-no direction is on."""
        return self.transport.get(name, default).lower() in _TRUE


def parameters_of(values: Mapping[str, str]) -> Parameters:
    """Sort the URL's parameters by who reads them."""
    transport = {name: value for name, value in values.items() if name in _TRANSPORT}
    bound = {name[6:]: value for name, value in values.items() if name.startswith("param_")}
    rest = {n: v for n, v in values.items() if n not in _TRANSPORT and not n.startswith("param_")}
    return Parameters(transport=transport, settings=rest, bound=bound)


def analyst_settings(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the settings an analyst's query runs with.

    Raises: `QueryError` READONLY for a setting that is not theirs, SETTING_CONSTRAINT_VIOLATION above a limit.
    """
    settings = {name: str(limit) for name, limit in ANALYST_LIMITS.items()}
    for name, value in asked.items():
        if name == "readonly" and value in ("1", "2"):
            continue
        if name in ANALYST_LIMITS:
            settings[name] = _lowered(name, value)
        elif name in _ANALYST_MAY_SET or name.startswith(_ANALYST_MAY_SET_PREFIXES):
            settings[name] = value
        else:
            raise refusal("READONLY", f"Cannot modify '{name}' setting in readonly mode.")
    return settings


def _lowered(name: str, value: str) -> str:
    limit = ANALYST_LIMITS[name]
    try:
        asked = float(value)
    except ValueError:
        raise refusal("BAD_ARGUMENTS", f"Setting {name} is not a number.") from None
    if not 0 < asked <= limit:
        raise refusal("SETTING_CONSTRAINT_VIOLATION", f"Setting {name} shouldn't be greater than {limit}.")
    return value


def escaped(value: str) -> str:
    """Write *value* as bound values travel: https://clickhouse.com/docs/interfaces/http#tabs-in-url-parameters."""
    for plain, code in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "\\0")):
        value = value.replace(plain, code)
    return value
