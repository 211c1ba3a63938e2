"""What can go wrong, decided where it is born.

StorestreamError
  TerminalError    sending it again cannot help: it goes to `records.rejected`
  TransientError   it may work later: wait and send it again
  ConfigurationError  a setting is missing or wrong: the process does not start
"""

from typing import Final, Literal, get_args

Reason = Literal[
    # The body is not JSON, or no UTF-8.
    "bad_json",
    # The body is JSON but deeper, longer or larger than we read.
    "too_large",
    # A field that must be there is not.
    "missing_field",
    # A field is there with a value of the wrong type.
    "wrong_type",
    # A field has the right type and a value that cannot be meant.
    "bad_value",
    # The write key or the domain belongs to no shop we know.
    "unknown_shop",
    # The webhook's signature is not the shop's.
    "bad_signature",
    # A webhook topic we do not take.
    "unknown_topic",
    # A webhook names a product, and the shop system does not give it to us.
    "not_fetched",
    # The Kafka record does not decode with any schema we know.
    "undecodable",
    # A rule could not apply to the record: a bug of ours, kept for replay.
    "rule_failed",
    # ClickHouse refused this very row.
    "refused_by_clickhouse",
]
REASONS: Final[tuple[str, ...]] = get_args(Reason)

Stage = Literal["ingest", "stitch", "forward", "archive", "catalog"]


class StorestreamError(Exception):
    """Whatever storestream raises on purpose."""


class TerminalError(StorestreamError):
    """It cannot be used, now or later. *field* is a path such as `events.2.clientId`; never a value."""

    def __init__(self, reason: Reason, field: str = "", detail: str = "") -> None:
        is_named = detail.startswith(f"{field.partition(',')[0]} (")  # by the detail, with what is wrong with each
        super().__init__(": ".join(part for part in (reason, "" if is_named else field, detail) if part))
        self.reason: Reason = reason
        self.field = field
        self.detail = detail


class TransientError(StorestreamError):
    """It may work later, *retry_after* seconds from now if the other side said so."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ConfigurationError(StorestreamError):
    """A setting is missing or wrong. Names the setting, never its value."""
