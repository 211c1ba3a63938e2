"""Bodies of the embedded ClickHouse come out as they went in, however the network cuts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.servers.clickhouse.codecs import decoder_for, encoder_for
from deploy.servers.clickhouse.errors import QueryError
from deploy.servers.clickhouse.frames import BlockDecoder, BlockEncoder

streams = st.lists(st.lists(st.binary(max_size=2000), max_size=4), min_size=1, max_size=3)
cuts = st.integers(min_value=1, max_value=700)


def read_to_the_end(decoder: BlockDecoder, coded: bytes) -> None:
    decoder.decompress(coded)
    decoder.finish()


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip", "deflate"])
@given(streams=streams, cut=cuts)
def test_coded_streams_one_after_another_are_read_back(coding: str, streams: list[list[bytes]], cut: int) -> None:
    coded = b""
    for pieces in streams:
        chosen = encoder_for(f"br, {coding};q=0.5")
        assert chosen is not None
        name, encoder = chosen
        assert name == coding
        coded += b"".join(encoder.compress(piece) for piece in pieces) + encoder.flush()
    decoder = decoder_for(coding)
    assert decoder is not None
    plain = b"".join(decoder.decompress(coded[at : at + cut]) for at in range(0, len(coded), cut))
    decoder.finish()

    assert plain == b"".join(piece for pieces in streams for piece in pieces)


@given(pieces=st.lists(st.binary(max_size=2000)), cut=cuts)
def test_clickhouses_own_blocks_are_read_back(pieces: list[bytes], cut: int) -> None:
    encoder, decoder = BlockEncoder(), BlockDecoder()
    coded = b"".join(encoder.compress(piece) for piece in pieces) + encoder.flush()
    plain = b"".join(decoder.decompress(coded[at : at + cut]) for at in range(0, len(coded), cut))
    decoder.finish()

    assert plain == b"".join(pieces)


@given(plain=st.binary(min_size=1, max_size=500), at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_block_with_one_wrong_bit_is_never_taken(plain: bytes, at: int, bit: int) -> None:
    coded = bytearray(BlockEncoder().compress(plain))
    coded[at % len(coded)] ^= 1 << bit
    decoder = BlockDecoder()

    with pytest.raises(QueryError):
        read_to_the_end(decoder, bytes(coded))


@pytest.mark.parametrize("coding", ["lz4", "zstd", "gzip"])
@given(plain=st.binary(min_size=1, max_size=500))
def test_a_body_cut_short_is_never_taken(coding: str, plain: bytes) -> None:
    chosen = encoder_for(coding)
    assert chosen is not None
    coded = chosen[1].compress(plain) + chosen[1].flush()
    decoder = decoder_for(coding)
    assert decoder is not None

    decoder.decompress(coded[:-1])
    with pytest.raises(QueryError, match="CANNOT_DECOMPRESS"):
        decoder.finish()
