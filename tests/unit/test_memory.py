"""Decoded states are remembered only for as long as they are what the table holds."""

from streams.stitching.memory import Memory


def test_what_the_table_holds_wins_over_what_is_remembered() -> None:
    memory = Memory(bytes.decode, str.encode)

    written = memory.write(b"key", "mine")

    assert memory.read(b"key", written) == "mine"
    assert memory.read(b"key", b"another owner's") == "another owner's"


def test_a_state_is_decoded_once() -> None:
    decoded: list[bytes] = []

    def decode(written: bytes) -> str:
        decoded.append(written)
        return written.decode()

    memory = Memory(decode, str.encode)
    for _ in range(3):
        memory.read(b"key", b"state")

    assert decoded == [b"state"]
