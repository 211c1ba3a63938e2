"""Reads the beginning of a product change and leaves the product itself alone: a tenth of the work.

Avro writes fields one after the other, so a record's first fields can be read without what comes after them.
https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from io import BytesIO
from typing import Any, Final, NamedTuple

import fastavro

from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import EpochMillis

_TEXTS: Final = ("shop_id", "product_id", "action", "source", "delivery_id")
_TIMES: Final = ("occurred_at", "received_at")
_START: Final[Any] = fastavro.parse_schema(
    {
        "type": "record",
        "name": "ProductChangeHead",
        "fields": [
            *({"name": name, "type": "string"} for name in _TEXTS),
            *({"name": name, "type": "long"} for name in _TIMES),
        ],
    }
)


class Head(NamedTuple):
    """Whose change, what kind and when. *body*: where in the bytes what is said begins."""

    shop_id: str
    product_id: str
    action: str
    source: str
    occurred_at: EpochMillis
    received_at: EpochMillis
    body: int


class Heads:
    """Reads heads of `ProductChange`s. The first record of every schema is read whole, to see that it begins so."""

    def __init__(self, codec: Codec) -> None:
        """Take the *codec* to read whole records with."""
        self._codec = codec
        self._seen: set[bytes] = set()

    def of(self, value: bytes) -> Head:
        """Read the head of *value*.

        Raises:
            TerminalError: `undecodable`.
        """
        if value[:5] not in self._seen:
            self._check(value)
        return _head(value)

    def _check(self, value: bytes) -> None:
        change = self._codec.decode(value)
        head = _head(value)
        if not isinstance(change, dict) or any(change.get(name) != getattr(head, name) for name in Head._fields[:-1]):
            raise TerminalError("undecodable", "value", "no ProductChange")
        self._seen.add(value[:5])


def _head(value: bytes) -> Head:
    source = BytesIO(value)
    source.seek(5)
    try:
        said: Any = fastavro.schemaless_reader(source, _START, None)
    except Exception as exc:  # whatever the bytes provoke, as in `Codec.decode`
        raise TerminalError("undecodable", "value", type(exc).__name__) from None
    times = said["occurred_at"], said["received_at"]
    return Head(said["shop_id"], said["product_id"], said["action"], said["source"], *times, source.tell())
