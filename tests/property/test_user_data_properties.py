import phonenumbers
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.user_data import HASHED_FIELDS, HashedField, Refusal, hash_user_data, normalize

fields = st.sampled_from(HASHED_FIELDS)
regions = st.sampled_from([None, "US", "GB", "DE", "IT", "AU", "JP", "zz", ""])
FORMATS = [
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
]
words = st.text() | st.text(alphabet="0123456789 +-().:/,@abcXY%\u0660\uff11\u200b\u0301\xdf\u0130")
spaces = st.text(alphabet=" \t\n\xa0\u200b", max_size=3)
people = st.fixed_dictionaries(
    {},
    optional={
        "em": st.emails(),
        "ph": st.from_regex(r"\+?[0-9() -]{5,18}", fullmatch=True),
        "fn": words,
        "ln": words,
        "ct": words,
        "st": words,
        "zp": st.from_regex(r"[0-9]{5}(-[0-9]{4})?", fullmatch=True),
        "country": st.sampled_from(["US", "gb", "Germany", "nowhere"]),
        "db": st.dates().map(str),
        "external_id": st.integers() | st.uuids().map(str),
    },
)


@given(fields, words, regions)
def test_normal_form_is_its_own_normal_form(field: HashedField, text: str, region: str | None) -> None:
    normal = normalize(field, text, region=region)
    assume(not isinstance(normal, Refusal))
    assume(field != "ph")  # shown below: a bare number is read as the region's again

    assert normalize(field, normal, region=region) == normal


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), st.integers(0, 99), st.sampled_from(FORMATS))
def test_normal_phone_with_its_plus_is_its_own_normal_form(region: str, last: int, written: int) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    example.national_number = example.national_number // 100 * 100 + last  # type: ignore[operator]
    normal = normalize("ph", phonenumbers.format_number(example, written), region=region)
    assume(not isinstance(normal, Refusal))

    assert normalize("ph", f"+{normal}", region=region) == normal


@given(fields, st.text(alphabet="abcxyzéüñ0123456789@.+-' "), spaces, spaces, regions)
def test_case_and_outer_spaces_do_not_matter(
    field: HashedField, text: str, before: str, after: str, region: str | None
) -> None:
    assume(field != "external_id")  # the pixel keeps its case

    assert normalize(field, before + text.upper() + after, region=region) == normalize(field, text, region=region)


@given(people, regions)
def test_hash_of_a_hash_is_itself(person: dict[str, object], region: str | None) -> None:
    hashed = hash_user_data(person, region=region)

    again = hash_user_data(hashed.hashes, region=region)

    assert (again.hashes, again.refused) == (hashed.hashes, [])


@given(
    st.dictionaries(
        fields, words | st.integers() | st.booleans() | st.floats() | st.none() | st.lists(words) | st.binary()
    ),
    regions,
)
def test_nothing_raises_and_nothing_but_digests_comes_out(raw: dict[str, object], region: str | None) -> None:
    hashed = hash_user_data(raw, region=region)

    assert all(len(digest) == 64 and set(digest) <= set("0123456789abcdef") for digest in hashed.hashes.values())
    assert set(hashed.hashes) <= set(raw)
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" not in hashed.hashes.values()
