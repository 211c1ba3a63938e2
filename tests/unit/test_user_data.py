import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Final, TypedDict, cast

import pytest
from prometheus_client import REGISTRY

from schemas.user_data import (
    HASHED_FIELDS,
    NEVER_HASHED,
    HashedField,
    Refusal,
    RefusalReason,
    hash_user_data,
    normalize,
)
from schemas.user_data.counting import hashed_and_counted

VECTORS: Final = (
    Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[2] / "../shared")) / "vectors/meta_user_data.json"
)
DIGEST: Final = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"


class Vector(TypedDict):
    field: HashedField
    input: str | None
    normalized: str | None
    sha256: str | None


def test_every_shared_vector_hashes_as_written() -> None:
    if not VECTORS.exists():
        pytest.skip("the shared vectors are not here")
    vectors = cast(list[Vector], json.loads(VECTORS.read_text()))

    assert len(vectors) > 60
    for vector in vectors:
        normal = normalize(vector["field"], vector["input"], region=None)
        digest = hash_user_data({vector["field"]: vector["input"]}, region=None).hashes.get(vector["field"])
        assert (None if isinstance(normal, Refusal) else normal, digest) == (
            vector["normalized"],
            vector["sha256"],
        ), vector


@pytest.mark.parametrize(
    ("field", "value", "digest_starts"),
    [
        ("em", "john_smith@gmail.com", "62a14e44"),
        ("ph", "16505551212", "e323ec62"),
        ("fn", "mary", "6915771b"),
        ("fn", "정", "8fa8cd9c"),
        ("fn", "valéry", "08e1996b"),
        ("db", "2/16/1997", "01acdbf6"),
        ("country", "us", "79adb2a2"),
    ],
)
def test_values_printed_by_meta_hash_as_meta_prints_them(field: HashedField, value: str, digest_starts: str) -> None:
    assert hash_user_data({field: value}, region="US").hashes[field].startswith(digest_starts)


@pytest.mark.parametrize(
    ("field", "value", "region", "expected"),
    [
        ("ph", "+44 (0)20 7946 0958", None, "442079460958"),
        ("ph", "+44 (0)20 7946 0958", "US", "442079460958"),
        ("ph", "020 7946 0958", "GB", "442079460958"),
        ("ph", "020 7946 0958", "gb", "442079460958"),
        ("ph", "(650) 555-1212", "US", "16505551212"),
        ("ph", "0016505551212", "DE", "16505551212"),
        ("ph", "0011 44 20 7946 0958", "AU", "442079460958"),
        ("ph", "tel:+44-20-7946-0958", "US", "442079460958"),
        ("ph", "+44.20.7946.0958 ext. 12", None, "442079460958"),
        ("ph", "+39 06 6982 1234", None, "390669821234"),  # Italy keeps its zero
        ("ph", "4915123456789", "DE", "4915123456789"),
        ("ph", "49 (0)151 23456789", "DE", "4915123456789"),
        ("ph", "62812345678", "ID", "62812345678"),
        ("ph", "04951 2345678", "DE", "4949512345678"),
        ("ph", "391 234 5678", "IT", "393912345678"),  # no trunk zero is missing there
        ("ph", "Mobile: +44 7911 123456", None, "447911123456"),
        ("ph", "٠٢٠٧٩٤٦٠٩٥٨", "GB", "442079460958"),
        ("ph", "＋１６５０５５５１２１２", None, "16505551212"),
        ("ph", 16505551212, None, "16505551212"),
        ("fn", "Mary Ann", None, "maryann"),
        ("fn", "e\u0301lodie", None, "élodie"),
        ("fn", "नेहा", None, "नेहा"),
        ("ln", "O’Connor-Smith", None, "oconnorsmith"),
        ("ct", "Washington, D.C.", None, "washingtondc"),
        ("ct", "São Paulo", None, "sãopaulo"),
        ("st", "California", "US", "ca"),
        ("st", "District of Columbia", "US", "dc"),
        ("st", "US-NY", "US", "ny"),
        ("st", "N.Y.", "US", "ny"),
        ("st", "Île-de-France", "FR", "îledefrance"),
        ("st", "California", None, "california"),
        ("zp", "94035 1234", "US", "94035"),
        ("zp", 94035, "US", "94035"),
        ("zp", "M1 1AE", "GB", "m11ae"),
        ("zp", "100-0001", "JP", "1000001"),
        ("zp", "K1A 0B1", "CA", "k1a0b1"),
        ("country", "USA", None, "us"),
        ("country", "UK", None, "gb"),
        ("country", "United States of America", None, "us"),
        ("country", "Trinidad & Tobago", None, "tt"),
        ("country", "Côte d’Ivoire", None, "ci"),
        ("country", "DEU", None, "de"),
        ("db", "1997-02-16", None, "19970216"),
        ("db", "1997-02-16T00:00:00Z", None, "19970216"),
        ("db", "16/02/1997", None, "19970216"),
        ("db", "02.03.1997", None, "19970302"),
        ("db", "02/03/1997", "US", "19970203"),
        ("db", 19970216, None, "19970216"),
        ("ge", "Female", None, "f"),
        ("ge", "male", None, "m"),
        ("external_id", " User-A7 ", None, "User-A7"),
        ("external_id", "900150983cd24fb0d6963f7d28e17f72", None, "900150983cd24fb0d6963f7d28e17f72"),
        ("em", DIGEST.upper(), None, DIGEST),
        ("em", f"{DIGEST}.AQICAQMC", None, DIGEST),
    ],
)
def test_value_takes_the_written_form(field: HashedField, value: object, region: str | None, expected: str) -> None:
    assert normalize(field, value, region=region) == expected


@pytest.mark.parametrize(
    ("field", "value", "region", "reason"),
    [
        ("em", None, None, "empty"),
        ("em", "\u200b \ufeff", None, "empty"),
        ("em", True, None, "wrong_type"),
        ("em", {"address": "a@example.com"}, None, "wrong_type"),
        ("em", "a" * 250 + "@b.co", None, "too_long"),
        ("em", "\ud800@example.com", None, "not_unicode"),
        ("em", "900150983cd24fb0d6963f7d28e17f72", None, "md5"),
        ("em", "john", None, "not_an_email"),
        ("em", "john smith@example.com", None, "not_an_email"),
        ("em", "<john@example.com>", None, "not_an_email"),
        ("em", "a@example.com, b@example.com", None, "not_an_email"),
        ("em", "john@localhost", None, "not_an_email"),
        ("ph", "06505551212", None, "no_country_code"),
        ("ph", "020 7946 0958", None, "no_country_code"),
        ("ph", "555", "US", "not_a_phone"),
        ("ph", "+1 5551212", None, "not_a_phone"),
        ("ph", "none given", "US", "empty"),
        ("fn", "12345", None, "not_a_name"),
        ("fn", "'-.", None, "empty"),
        ("ct", "10115", None, "not_a_place"),
        ("st", "Bavaria", "US", "not_a_state"),
        ("zp", "1234", "US", "not_a_postcode"),
        ("zp", "none", None, "not_a_postcode"),
        ("zp", "12345", "GB", "not_a_postcode"),
        ("country", "Atlantis", None, "not_a_country"),
        ("country", "XX", None, "not_a_country"),
        ("db", "1997-02-30", None, "not_a_date"),
        ("db", "16021997", None, "not_a_date"),
        ("db", "yesterday", None, "not_a_date"),
        ("db", "02/03/1997", "GB", "ambiguous_date"),
        ("ge", "x", None, "not_a_gender"),
    ],
)
def test_value_is_refused_with_its_reason(
    field: HashedField, value: object, region: str | None, reason: RefusalReason
) -> None:
    assert normalize(field, value, region=region) == Refusal(reason)


def test_one_bad_value_costs_only_itself() -> None:
    hashed = hash_user_data({"em": "nobody", "fn": "Mary", "ge": "?", "ln": "  "}, region=None)

    assert hashed.hashes == {"fn": sha256(b"mary").hexdigest()}
    assert hashed.refused == [("em", "not_an_email"), ("ge", "not_a_gender")]


def test_what_is_left_out_is_counted_by_field_and_reason() -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("ingest_values_refused_total", {"field": "em", "reason": "not_an_email"}) or 0

    before = counted()
    hashes = hashed_and_counted({"em": ["nobody", "nowhere"], "fn": "Mary"}, region=None)

    assert (set(hashes), counted() - before) == ({"fn"}, 2.0)


def test_fields_meta_reads_in_clear_are_left_alone() -> None:
    hashed = hash_user_data(dict.fromkeys(NEVER_HASHED, "fb.1.1596403881668.1116446470"), region=None)

    assert (hashed.hashes, hashed.refused) == ({}, [])
    assert not NEVER_HASHED & set(HASHED_FIELDS)


@pytest.mark.parametrize("country", ["GB", "United Kingdom", sha256(b"gb").hexdigest()])
def test_country_of_the_address_goes_before_that_of_the_shop(country: str) -> None:
    hashed = hash_user_data({"ph": "020 7946 0958", "country": country}, region="US")

    assert hashed.hashes["ph"] == sha256(b"442079460958").hexdigest()


def test_first_good_value_of_a_list_is_taken() -> None:
    hashed = hash_user_data({"em": ["nobody", "john_smith@gmail.com", "b@example.com"]}, region=None)

    assert hashed.hashes == {"em": DIGEST}
    assert hashed.refused == [("em", "not_an_email")]


def test_huge_number_is_refused_before_it_is_written_out() -> None:
    assert normalize("external_id", 10**5000, region=None) == Refusal("too_long")
