"""Compiles an Avro schema into one Python function that writes its values, as `compiled_reading` does for reading.

In: a schema with the records it uses written out inside (`schemas.codec.current_schema`). Out: `write(value)`, bytes.
It raises at what is not of the types that `schemas.records` names, or not whole: whether that goes, fastavro decides.
Encoding: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from schemas.compiled_reading import indented

Write = Callable[[Any], bytes]

_PAIRS: Final = tuple(bytes((low & 0x7F | 0x80, low >> 7 | 0x80)) for low in range(1 << 14))
"""The two bytes of an integer's lowest 14 bits where more bytes follow."""
_LAST: Final = tuple(
    bytes((last,)) if last < 0x80 else bytes((last & 0x7F | 0x80, last >> 7)) for last in range(1 << 14)
)
_REMEMBERED: Final = range(-64, 4096)


def long(number: int) -> bytes:
    """Write an Avro long: zigzag, seven bits a byte."""
    rest, written = (number << 1) ^ (number >> 63), b""
    while rest > 0x3FFF:
        written += _PAIRS[rest & 0x3FFF]
        rest >>= 14
    return written + _LAST[rest]


class _Longs(dict[int, bytes]):
    """*prefix* and the encoding of an integer of as many *bits*; those of small ones are remembered."""

    def __init__(self, bits: int, prefix: bytes = b"") -> None:
        super().__init__((number, prefix + long(number)) for number in _REMEMBERED)
        self._limit, self._prefix = 1 << (bits - 1), prefix

    def __missing__(self, number: int) -> bytes:
        if not -self._limit <= number < self._limit:
            raise OverflowError("too great an integer")
        return self._prefix + long(number)


LONGS: Final = _Longs(64)
"""The encoding of every long, to be looked up by its value."""

_NAMES: Final[dict[str, Any]] = {
    "longs": LONGS,
    "present": _Longs(64, b"\2"),
    "ints": _Longs(32),
    "double": struct.Struct("<d").pack,
    "booleans": {False: b"\0", True: b"\1"},
}


def writer_of(schema: Any) -> Write:
    """Compile *schema*.

    Raises:
        TypeError: the schema uses a type that no record of ours does.
    """
    lines, parts = _Writer().value(schema, "value")
    lines = ["def write(value):", *indented(lines), f"    return b''.join(({', '.join(parts)},))"]
    names = dict(_NAMES)
    exec("\n".join(lines), names)  # noqa: S102 - only names of the committed schemas come into it
    write: Write = names["write"]
    return write


Source = tuple[list[str], list[str]]
"""Lines that prepare, and the expressions whose bytes are then the value, one after the other."""


class _Writer:
    """Writes the source that writes what an expression gives."""

    def __init__(self) -> None:
        self._records: dict[str, Any] = {}
        self._variables = 0

    def value(self, schema: Any, given: str) -> Source:
        kind = schema["type"] if isinstance(schema, dict) else "union" if isinstance(schema, list) else schema
        if kind in _SIMPLE:
            return [], [_SIMPLE[kind].replace("VALUE", given)]
        if kind in self._records:
            return self._record(self._records[kind], given)
        match kind:
            case "string" | "bytes":
                written = self._variable()
                encoded = f"{given}.encode()" if kind == "string" else given
                return [f"{written} = {encoded}"], [f"longs[len({written})]", written]
            case "record":
                return self._record(schema, given)
            case "array":
                return self._array(schema["items"], given)
            case "map":
                return self._map(schema["values"], given)
            case "union" if schema[0] == "null" and len(schema) == 2:
                return self._optional_string(given) if schema[1] == "string" else self._optional(schema[1], given)
        raise TypeError(f"no writer for {kind}")

    def _variable(self) -> str:
        self._variables += 1
        return f"value_{self._variables}"

    def _record(self, schema: Any, given: str) -> Source:
        self._records[schema["name"]] = schema
        record = self._variable()
        lines, parts = [f"{record} = {given}"], []
        for field in schema["fields"]:
            prepared, written = self.value(field["type"], f"{record}[{field['name']!r}]")
            lines += prepared
            parts += written
        return lines, parts

    def _optional_string(self, given: str) -> Source:
        head, written = self._variable(), self._variable()
        return [
            f"{written} = {given}",
            f"if {written} is None:",
            f"    {head}, {written} = b'\\0', b''",
            "else:",
            f"    {written} = {written}.encode()",
            f"    {head} = present[len({written})]",
        ], [head, written]

    def _optional(self, schema: Any, given: str) -> Source:
        value, written = self._variable(), self._variable()
        lines, parts = self.value(schema, value)
        return [
            f"{value} = {given}",
            f"if {value} is None:",
            f"    {written} = b'\\0'",
            "else:",
            *indented(lines),
            f"    {written} = b''.join((b'\\2', {', '.join(parts)}))",
        ], [written]

    def _array(self, schema: Any, given: str) -> Source:
        item, items = self._variable(), self._variable()
        lines, parts = self.value(schema, item)
        return self._blocks(given, items, f"for {item} in {items}:", [*lines, f"WRITTEN += ({', '.join(parts)},)"])

    def _map(self, schema: Any, given: str) -> Source:
        key, item, items = self._variable(), self._variable(), self._variable()
        (lines, parts), (more, others) = self.value("string", key), self.value(schema, item)
        entry = [*lines, *more, f"WRITTEN += ({', '.join(parts + others)},)"]
        return self._blocks(given, items, f"for {key}, {item} in {items}.items():", entry)

    def _blocks(self, given: str, items: str, loop: str, each: list[str]) -> Source:
        """Write all items as one block, and the empty block that ends them."""
        written = self._variable()
        return [
            f"{items} = {given}",
            f"{written} = b'\\0'",
            f"if len({items}):",
            f"    {written} = [longs[len({items})]]",
            f"    {loop}",
            *indented(indented([line.replace("WRITTEN", written) for line in each])),
            f"    {written}.append(b'\\0')",
            f"    {written} = b''.join({written})",
        ], [written]


_SIMPLE: Final = {
    "long": "longs[VALUE]",
    "int": "ints[VALUE]",
    "double": "double(VALUE)",
    "boolean": "booleans[VALUE]",
}
