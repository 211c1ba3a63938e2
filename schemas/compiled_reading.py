"""Compiles an Avro schema into one Python function that reads its values, and looks at no schema while it does.

In: a schema with the records it uses written out inside (`schemas.codec.current_schema`). Out: `read(buffer, at)`: the
value that begins at *at*, and where the next one begins. Times stay the integers they are on the wire.
Encoding: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

import struct
from collections.abc import Callable
from typing import Any, Final

Read = Callable[[bytes, int], tuple[Any, int]]

_SPANS: Final = tuple((first >> 1) + 1 if first < 0x80 and not first & 1 else 0 for first in range(256))
"""By the first byte of a string: how many bytes it takes with its length, or 0 when more bytes tell that."""

_LONG_BITS: Final = 64


def reader_of(schema: Any) -> Read:
    """Compile *schema*. The function raises whatever malformed bytes provoke, or returns a place beyond the buffer.

    Raises:
        TypeError: the schema uses a type that no record of ours does.
    """
    lines = ["def read(buffer, at):", *indented(_Reader().value(schema, "value")), "    return value, at"]
    names: dict[str, Any] = {
        "spans": _SPANS,
        "long": read_long,
        "string": _read_string,
        "raw": _read_bytes,
        "double": struct.Struct("<d").unpack_from,
    }
    exec("\n".join(lines), names)  # noqa: S102 - only names of the committed schemas come into it
    read: Read = names["read"]
    return read


def read_long(buffer: bytes, at: int) -> tuple[int, int]:
    """Read an Avro long (zigzag, seven bits a byte).

    Raises:
        IndexError: *buffer* ends before it does.
        OverflowError: it has more than 64 bits.
    """
    byte = buffer[at]
    number, shift = byte & 0x7F, 7
    while byte > 0x7F:
        at += 1
        byte = buffer[at]
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift > _LONG_BITS + 6:
            raise OverflowError("an Avro long has at most 64 bits")
    return (number >> 1) ^ -(number & 1), at + 1


def _read_bytes(buffer: bytes, at: int) -> tuple[bytes, int]:
    size, at = read_long(buffer, at)
    if size < 0 or at + size > len(buffer):
        raise EOFError("a string goes on beyond its record")
    return buffer[at : at + size], at + size


def _read_string(buffer: bytes, at: int) -> tuple[str, int]:
    written, at = _read_bytes(buffer, at)
    return written.decode(), at


class _Reader:
    """Writes the lines that read a value *into* a variable and move `at` behind it."""

    def __init__(self) -> None:
        self._records: dict[str, Any] = {}
        self._variables = 0

    def value(self, schema: Any, into: str) -> list[str]:
        kind = schema["type"] if isinstance(schema, dict) else "union" if isinstance(schema, list) else schema
        if kind in _SIMPLE:
            return _simple(kind, into)
        if kind in self._records:
            return self._record(self._records[kind], into)
        match kind:
            case "record":
                return self._record(schema, into)
            case "array":
                item = self._variable()
                return self._blocks(into, "[]", [*self.value(schema["items"], item), f"{into}.append({item})"])
            case "map":
                key, item = self._variable(), self._variable()
                entry = [*self.value("string", key), *self.value(schema["values"], item), f"{into}[{key}] = {item}"]
                return self._blocks(into, "{}", entry)
            case "union" if schema[0] == "null" and len(schema) == 2:
                return self._optional(schema[1], into)
        raise TypeError(f"no reader for {kind}")

    def _variable(self) -> str:
        self._variables += 1
        return f"value_{self._variables}"

    def _record(self, schema: Any, into: str) -> list[str]:
        self._records[schema["name"]] = schema
        lines, fields = [], []
        for field in schema["fields"]:
            variable = self._variable()
            lines += self.value(field["type"], variable)
            fields.append(f"{field['name']!r}: {variable}")
        return [*lines, f"{into} = {{{', '.join(fields)}}}"]

    def _optional(self, schema: Any, into: str) -> list[str]:
        return [
            "branch = buffer[at]",
            "at += 1",
            "if branch == 0:",
            f"    {into} = None",
            "elif branch == 2:",
            *indented(self.value(schema, into)),
            "else:",
            "    raise IndexError('no such branch')",
        ]

    def _blocks(self, into: str, empty: str, each: list[str]) -> list[str]:
        """Read the blocks of an array or a map; a negative count is followed by the size of its block in bytes."""
        count = self._variable()
        return [
            f"{into} = {empty}",
            *_simple("long", count),
            f"while {count}:",
            f"    if {count} < 0:",
            f"        {count}, (_, at) = -{count}, long(buffer, at)",
            f"    for _ in range({count}):",
            *indented(indented(each)),
            *indented(_simple("long", count)),
        ]


_LONG: Final = (
    "first = buffer[at]",
    "if first < 128:",
    "    VALUE = (first >> 1) ^ -(first & 1)",
    "    at += 1",
    "else:",
    "    VALUE, at = long(buffer, at)",
)
_STRING: Final = (
    "span = spans[buffer[at]]",
    "if span:",
    "    VALUE = buffer[at + 1 : at + span].decode()",
    "    at += span",
    "else:",
    "    VALUE, at = string(buffer, at)",
)
_SIMPLE: Final = {
    "string": _STRING,
    "long": _LONG,
    "int": _LONG,
    "bytes": ("VALUE, at = raw(buffer, at)",),
    "double": ("VALUE = double(buffer, at)[0]", "at += 8"),
    "boolean": ("VALUE = buffer[at] != 0", "at += 1"),
}


def _simple(kind: str, into: str) -> list[str]:
    return [line.replace("VALUE", into) for line in _SIMPLE[kind]]


def indented(lines: list[str]) -> list[str]:
    """Indent *lines* of source by one step."""
    return [f"    {line}" for line in lines]
