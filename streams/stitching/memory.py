"""Keeps states decoded for as long as their bytes are those of the table: most keys come again soon."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

State = TypeVar("State")

DECODED: Final = 20_000


class Memory(Generic[State]):
    """Decodes and encodes the states of one table. What the table holds always wins over what is remembered."""

    def __init__(self, decode: Callable[[bytes], State], encode: Callable[[State], bytes]) -> None:
        """Take how a state is read and written."""
        self._decode = decode
        self._encode = encode
        self._known: dict[bytes, tuple[bytes, State]] = {}

    def read(self, key: bytes, written: bytes) -> State:
        """Return the state that *written* is, kept under *key*."""
        known = self._known.get(key)
        if known is not None and known[0] == written:
            return known[1]
        state = self._decode(written)
        self._remember(key, written, state)
        return state

    def write(self, key: bytes, state: State) -> bytes:
        """Return *state* as bytes, to be kept under *key*."""
        written = self._encode(state)
        self._remember(key, written, state)
        return written

    def _remember(self, key: bytes, written: bytes, state: State) -> None:
        if len(self._known) >= DECODED and key not in self._known:
            self._known.clear()
        self._known[key] = (written, state)
