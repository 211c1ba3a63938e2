"""Compiled readers and writers say of every record what fastavro says, and of bad bytes that they are bad."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, current_schema, locked_versions, without_logical_types
from schemas.compiled_reading import Read, reader_of
from schemas.compiled_writing import Write, writer_of
from schemas.errors import TerminalError
from tests.builders import an_event

NAMES = sorted(locked_versions())
CODEC = Codec.from_lock()
LONGS = st.integers(-(2**63), 2**63 - 1) | st.integers(1_700_000_000_000, 1_800_000_000_000) | st.integers(-70, 70)
TEXTS = st.text(max_size=5) | st.sampled_from(["", "é" * 31 + "a", "a" * 63, "a" * 64, "💥" * 50, "a" * 9_000])
SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "string": TEXTS,
    "bytes": st.binary(max_size=100),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": LONGS,
    "double": st.floats(allow_nan=False),
}


def values(schema: Any, records: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Whatever a value of *schema* may be."""
    if isinstance(schema, list):
        return st.one_of([values(each, records) for each in schema])
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "array":
        return st.lists(values(schema["items"], records), max_size=2)
    if kind == "map":
        return st.dictionaries(TEXTS, values(schema["values"], records), max_size=2)
    record = records.setdefault(schema["name"], schema) if kind == "record" else records[kind]
    return st.fixed_dictionaries({field["name"]: values(field["type"], records) for field in record["fields"]})


def encoded(schema: Any, value: Any) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(without_logical_types(schema)), value)
    return out.getvalue()


@cache
def compiled(name: str) -> tuple[Write, Read]:
    return writer_of(current_schema(name)), reader_of(current_schema(name))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(draw=st.data())
def test_a_record_is_written_as_fastavro_does_and_read_as_it_was(name: str, draw: st.DataObject) -> None:
    schema, (write, read) = current_schema(name), compiled(name)
    value = draw.draw(values(schema, {}))

    written = write(value)

    assert written == encoded(schema, value)
    assert read(b"before" + written + b"behind", 6) == (value, 6 + len(written))


@pytest.mark.parametrize("wrong", [2**63, "1", None])
def test_what_a_compiled_writer_cannot_write_is_refused_as_fastavro_does(wrong: Any) -> None:
    event = an_event() | {"received_at": wrong}

    with pytest.raises((TypeError, OverflowError, ValueError)):
        CODEC.encode_bare("Event", event)


def test_a_field_that_is_left_out_has_its_default() -> None:
    event = an_event(referrer=None, totals={})
    left_out: dict[str, Any] = {key: value for key, value in event.items() if key not in ("referrer", "totals")}

    assert CODEC.encode_bare("Event", left_out) == CODEC.encode_bare("Event", event)


def test_blocks_that_say_their_size_in_bytes_are_read() -> None:
    item = {"type": "array", "items": "string"}

    assert reader_of(item)(b"\3\x08\2a\2b\2\2c\0", 0) == (["a", "b", "c"], 10)


Damage = Callable[[bytes], bytes]
DAMAGES: st.SearchStrategy[Damage] = st.one_of(
    st.integers(0, 500).map(lambda end: lambda whole: whole[:end]),
    st.tuples(st.integers(5, 500), st.binary(min_size=1, max_size=12)).map(
        lambda put: lambda whole: whole[: put[0]] + put[1] + whole[put[0] + len(put[1]) :]
    ),
)


@given(damage=DAMAGES)
def test_damaged_bytes_are_an_event_or_undecodable_and_nothing_else(damage: Damage) -> None:
    whole = CODEC.encode("EventEnvelope", {"events": [an_event(), an_event(utm={"source": "a"})]})
    damaged = damage(whole)

    with suppress(TerminalError):
        found = CODEC.members("Event", damaged)

        assert {"events": [event for event, _ in found]} == CODEC.decode(damaged)
        assert b"".join(written for _, written in found) in damaged
