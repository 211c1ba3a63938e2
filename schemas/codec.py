"""Avro in the Confluent wire format: a zero byte, the schema's id in four bytes (big-endian), then the value.

Format: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format

Ids come from the committed lock file (`schemas/lock.json`), or from a registry (`connectors.kafka.registry`).
Values are read with the schema that wrote them and resolved to ours, so an older record stays readable.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import fastavro
from fastavro.schema import load_schema

from schemas.errors import TerminalError

SCHEMAS: Final = Path(__file__).parent / "avro"
LOCK: Final = Path(__file__).parent / "lock.json"
NAMESPACE: Final = "storestream"

Schema = dict[str, Any]


@cache
def current_schema(name: str) -> Schema:
    """Load the schema of record *name* from `schemas/avro`, with the records it uses written out inside."""
    schema: Schema = _plain(load_schema(SCHEMAS / f"{NAMESPACE}.{name}.avsc", _write_hint=False))
    return schema


def _plain(node: Any) -> Any:
    """Drop what fastavro notes for itself, so that the text is the schema and nothing else."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items() if not key.startswith("__")}
    return [_plain(each) for each in node] if isinstance(node, list) else node


def _without_logical_types(node: Any) -> Any:
    """Same bytes, but times stay the integers they are on the wire: several times faster than datetimes."""
    if isinstance(node, dict):
        return {key: _without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    return [_without_logical_types(each) for each in node] if isinstance(node, list) else node


def locked_versions() -> dict[str, list[dict[str, Any]]]:
    """Read the lock: per record name every committed version as `{"id": int, "schema": {...}}`, oldest first."""
    versions: dict[str, list[dict[str, Any]]] = json.loads(LOCK.read_text())
    return versions


class Codec:
    """Encodes and decodes the records of `schemas.records`."""

    def __init__(self, ids: Mapping[str, int], written: Mapping[int, Schema]) -> None:
        """Take the *ids* to write with, by record name, and every schema that may be met, by id."""
        self._frames = {name: b"\0" + number.to_bytes(4, "big") for name, number in ids.items()}
        self._writers = {name: _parsed(current_schema(name)) for name in ids}
        self._readers = {number: _parsed(schema) for number, schema in written.items()}
        self._current = {number: name for name, number in ids.items()}
        self._names = {number: schema["name"].rpartition(".")[2] for number, schema in self._readers.items()}

    @classmethod
    def from_lock(cls) -> "Codec":
        """Use the committed ids. Raises `KeyError` naming the record whose schema was changed but not locked."""
        ids, written = {}, {}
        for name, versions in locked_versions().items():
            written.update({version["id"]: version["schema"] for version in versions})
            if versions[-1]["schema"] != current_schema(name):
                raise KeyError(f"{name}: its schema is not locked; run `storestream schemas lock`")
            ids[name] = versions[-1]["id"]
        return cls(ids, written)

    def encode(self, name: str, value: Any) -> bytes:
        """Encode *value* as a whole Kafka record value."""
        out = BytesIO()
        out.write(self._frames[name])
        fastavro.schemaless_writer(out, self._writers[name], value)
        return out.getvalue()

    def encode_bare(self, name: str, value: Any) -> bytes:
        """Encode *value* without a frame, to be joined by `envelope`."""
        out = BytesIO()
        fastavro.schemaless_writer(out, _parsed_by_name(name), value)
        return out.getvalue()

    def envelope(self, name: str, *arrays: Sequence[bytes]) -> bytes:
        """Join bare members into the envelope *name*, a record whose fields are *arrays*, in its field order.

        Avro writes an array as blocks: a count, the items one after the other, and an empty block
        (https://avro.apache.org/docs/1.12.0/specification/#arrays-1).
        """
        parts = [self._frames[name]]
        for members in arrays:
            if members:
                parts.append(_zigzag(len(members)))
                parts.extend(members)
            parts.append(b"\0")
        return b"".join(parts)

    def members(self, name: str, value: bytes | None) -> list[tuple[Any, bytes]]:
        """Decode an envelope whose one field is an array of *name*: each member with its own bare bytes.

        The bytes let a worker pass a member on inside another record without encoding it again.

        Raises:
            TerminalError: `undecodable`, as `decode`.
        """
        number = self._id_of(value)
        if number not in self._current or value is None:
            (listed,) = self.decode(value).values()
            return [(member, self.encode_bare(name, member)) for member in listed]
        source, schema, found = BytesIO(value), _parsed_by_name(name), []
        source.seek(5)
        try:
            while count := read_long(source):
                if count < 0:  # a block that says its size in bytes, as other writers may
                    count = -count
                    read_long(source)
                for _ in range(count):
                    start = source.tell()
                    member = fastavro.schemaless_reader(source, schema, None)
                    found.append((member, value[start : source.tell()]))
        except Exception as exc:  # see decode
            raise TerminalError("undecodable", "value", type(exc).__name__) from None
        return found

    def _id_of(self, value: bytes | None) -> int:
        if value is None or len(value) < 5 or value[0] != 0:
            raise TerminalError("undecodable", "value", "no Confluent frame")
        number = int.from_bytes(value[1:5], "big")
        if number not in self._readers:
            raise TerminalError("undecodable", "value", f"unknown schema id {number}")
        return number

    def decode(self, value: bytes | None) -> Any:
        """Decode a Kafka record value, whatever committed version wrote it.

        Raises:
            TerminalError: `undecodable`, when it is no frame, of an unknown id, or does not decode.
        """
        number = self._id_of(value)
        writer, source = self._readers[number], BytesIO(value or b"")
        source.seek(5)
        try:
            if number in self._current:
                return fastavro.schemaless_reader(source, writer, None)
            reader = self._writers[self._names[number]]
            return fastavro.schemaless_reader(source, writer, reader)
        except Exception as exc:  # fastavro raises whatever the bytes provoke: EOFError, IndexError, UnicodeDecodeError
            raise TerminalError("undecodable", "value", type(exc).__name__) from None

    def decode_as(self, name: str, value: bytes | None) -> Any:
        """Decode a Kafka record value that is to be the record *name*.

        Raises:
            TerminalError: `undecodable`, as `decode`, and when it is another record of ours: on the wrong topic.
        """
        found = self._names[self._id_of(value)]
        if found != name:
            raise TerminalError("undecodable", "value", f"{found} instead of {name}")
        return self.decode(value)


@cache
def _parsed_by_name(name: str) -> Any:
    return _parsed(current_schema(name))


def _parsed(schema: Schema) -> Any:
    return fastavro.parse_schema(_without_logical_types(schema))


def _zigzag(number: int) -> bytes:
    """Write a non-negative count as an Avro long."""
    rest, out = number << 1, bytearray()
    while rest > 0x7F:
        out.append((rest & 0x7F) | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def read_long(source: BytesIO) -> int:
    """Read an Avro long (zigzag, variable length). Raises `IndexError` at the end of *source*."""
    shift = number = 0
    while True:
        byte = source.read(1)[0]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1)
        shift += 7
