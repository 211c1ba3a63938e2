import json
import re
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from schemas.scrubbing import scrub, scrub_text

EMAIL = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
INTERNATIONAL = re.compile(r"\+[1-9][0-9]{8,13}(?![0-9])")
addresses = st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9]{1,8}(\.[a-z]{2,5}){1,3}", fullmatch=True)
phones = st.from_regex(r"\+[1-9][0-9]{8,13}", fullmatch=True)
pieces = st.lists(
    st.sampled_from(
        ["a@b.co", "%40", "%2540", "%2B", "@", "+", "(650) 555-1212", "+16505551212", "020 7946 0958", "1", "0", " ",
         "-", ".", "(", ")", "?", "&", "#", "=", "email=", "?q=", "[", "]", "x", "%", "/", "é", "＠"]
    ),
    max_size=25,
).map("".join)  # fmt: skip
texts = st.text(max_size=60) | pieces
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts | st.sampled_from(["email", "first_name", "address1", "sku"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(json_values)
def test_scrubbing_twice_changes_nothing_more(value: object) -> None:
    once = scrub(value)

    assert scrub(once) == once


@given(json_values)
def test_no_address_survives_anywhere(value: object) -> None:
    assert not EMAIL.search(json.dumps(scrub(value), ensure_ascii=False))


@given(texts, addresses, st.integers(0, 3), st.sampled_from(["", "https://s.example/?q=", "https://s.example/u/"]))
def test_planted_address_is_found_however_often_it_is_encoded(
    before: str, address: str, encodings: int, prefix: str
) -> None:
    planted = address
    for _ in range(encodings):
        planted = quote(planted, safe="")

    scrubbed = scrub_text(f"{before} {prefix}{planted} end")
    for _ in range(3):
        assert address not in scrubbed
        scrubbed = unquote(scrubbed)


@given(phones, st.integers(0, 2), st.sampled_from(["", "call ", "https://s.example/?q="]))
def test_planted_international_number_is_found(number: str, encodings: int, prefix: str) -> None:
    planted = number
    for _ in range(encodings):
        planted = quote(planted, safe="")

    scrubbed = scrub_text(prefix + planted)

    assert number[1:] not in scrubbed
    assert not INTERNATIONAL.search(unquote(unquote(scrubbed)))


@given(st.from_regex(r"[A-Za-z ]{0,40}", fullmatch=True))
def test_words_stay_as_they_are(text: str) -> None:
    assert scrub_text(text) == text
