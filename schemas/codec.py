"""Avro in the Confluent wire format: a zero byte, the schema's id in four bytes (big-endian), then the value.

Format: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format

Ids come from the committed lock file (`schemas/lock.json`), or from a registry (`connectors.kafka.registry`).
Values are read with the schema that wrote them and resolved to ours, so an older record stays readable.
Today's schemas are compiled to functions, which is two or three times as fast as fastavro; it reads the older ones.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import fastavro
from fastavro.schema import load_schema

from schemas.compiled_reading import Read, read_long, reader_of
from schemas.compiled_writing import LONGS, Write, writer_of
from schemas.errors import TerminalError

SCHEMAS: Final = Path(__file__).parent / "avro"
LOCK: Final = Path(__file__).parent / "lock.json"
NAMESPACE: Final = "storestream"

_FRAME_BYTES: Final = 5

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


def without_logical_types(node: Any) -> Any:
    """Same bytes, but times stay the integers they are on the wire: several times faster than datetimes."""
    if isinstance(node, dict):
        return {key: without_logical_types(value) for key, value in node.items() if key != "logicalType"}
    return [without_logical_types(each) for each in node] if isinstance(node, list) else node


def locked_versions() -> dict[str, list[dict[str, Any]]]:
    """Read the lock: per record name every committed version as `{"id": int, "schema": {...}}`, oldest first."""
    versions: dict[str, list[dict[str, Any]]] = json.loads(LOCK.read_text())
    return versions


class Codec:
    """Encodes and decodes the records of `schemas.records`."""

    def __init__(self, ids: Mapping[str, int], written: Mapping[int, Schema]) -> None:
        """Take the *ids* to write with, by record name, and every schema that may be met, by id."""
        self._frames = {name: b"\0" + number.to_bytes(4, "big") for name, number in ids.items()}
        self._current = {number: name for name, number in ids.items()}
        self._older = {number: _parsed(schema) for number, schema in written.items() if number not in self._current}

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
        return self._frames[name] + self.encode_bare(name, value)

    def encode_bare(self, name: str, value: Any) -> bytes:
        """Encode *value* without a frame, to be joined by `envelope`."""
        try:
            return _writer(name)(value)
        except Exception:  # a default to fill in, or nothing of ours: fastavro knows, and raises what says so best
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
                parts.append(LONGS[len(members)])
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
        try:
            return _members(_reader(name), value)
        except Exception as exc:  # see decode
            raise TerminalError("undecodable", "value", type(exc).__name__) from None

    def _id_of(self, value: bytes | None) -> int:
        if value is None or len(value) < _FRAME_BYTES or value[0] != 0:
            raise TerminalError("undecodable", "value", "no Confluent frame")
        number = int.from_bytes(value[1:_FRAME_BYTES], "big")
        if number not in self._current and number not in self._older:
            raise TerminalError("undecodable", "value", f"unknown schema id {number}")
        return number

    def decode(self, value: bytes | None) -> Any:
        """Decode a Kafka record value, whatever committed version wrote it.

        Raises:
            TerminalError: `undecodable`, when it is no frame, of an unknown id, or does not decode.
        """
        number = self._id_of(value)
        try:
            return self._read(number, value or b"")
        except Exception as exc:  # they raise whatever the bytes provoke: EOFError, IndexError, UnicodeDecodeError
            raise TerminalError("undecodable", "value", type(exc).__name__) from None

    def _read(self, number: int, value: bytes) -> Any:
        if number in self._current:
            read, end = _reader(self._current[number])(value, _FRAME_BYTES)
            _check_end(end, value)
            return read
        writer, source = self._older[number], BytesIO(value)
        source.seek(_FRAME_BYTES)
        return fastavro.schemaless_reader(source, writer, _parsed_by_name(writer["name"].rpartition(".")[2]))


def _members(read: Read, value: bytes) -> list[tuple[Any, bytes]]:
    found = []
    count, at = read_long(value, _FRAME_BYTES)
    while count:
        if count < 0:  # a block that says its size in bytes, as other writers may
            count, (_, at) = -count, read_long(value, at)
        for _ in range(count):
            start = at
            member, at = read(value, start)
            found.append((member, value[start:at]))
        count, at = read_long(value, at)
    _check_end(at, value)
    return found


def _check_end(at: int, value: bytes) -> None:
    if at > len(value):
        raise EOFError("a record goes on beyond its bytes")


@cache
def _reader(name: str) -> Read:
    return reader_of(current_schema(name))


@cache
def _writer(name: str) -> Write:
    return writer_of(current_schema(name))


@cache
def _parsed_by_name(name: str) -> Any:
    return _parsed(current_schema(name))


def _parsed(schema: Schema) -> Any:
    return fastavro.parse_schema(without_logical_types(schema))
