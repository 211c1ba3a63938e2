"""What shops write into products, made fit to keep."""

import pytest

from schemas.product_values import image_url, image_urls, kept_description, labels, metafields, payable, plain_title


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<b>Red</b>&nbsp;shirt\n", "Red shirt"),
        ("Shirt <script>alert(1)</script>", "Shirt alert(1)"),
        ("for wrists < 6 & > 5 inch", "for wrists < 6 & > 5 inch"),
        ("Fish &amp; Chips", "Fish & Chips"),
        ("<br>", None),
        ("", None),
        (None, None),
    ],
)
def test_a_title_is_plain_text(written: str | None, kept: str | None) -> None:
    assert plain_title(written) == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("cdn.example/a.jpg", "https://cdn.example/a.jpg"),
        ("http://cdn.example/a.jpg?v=1", "http://cdn.example/a.jpg?v=1"),
        ("/a.jpg", None),
        ("a.jpg", None),
        ("data:image/png;base64,AAAA", None),
        ("https://", None),
        ("javascript://x/%0aalert(1)", None),
        ("https://cdn.example/a b.jpg", None),
        (None, None),
    ],
)
def test_an_image_without_scheme_becomes_https_or_nothing(written: str | None, kept: str | None) -> None:
    assert image_url(written) == kept


def test_a_long_description_is_cut_and_a_negative_price_is_none() -> None:
    assert len(kept_description("x" * 300_000) or "") == 10_000
    assert [payable(each) for each in (-1.0, 0.0, 2.5, None)] == [None, 0.0, 2.5, None]


def test_lists_hold_each_entry_once_and_no_blanks() -> None:
    assert labels([" red", "red ", "", None, "a"]) == ["red", "a"]
    assert image_urls(["//c.example/a.jpg", "https://c.example/a.jpg", None, "x"]) == ["https://c.example/a.jpg"]


def test_a_metafield_that_is_too_long_is_left_out_alone() -> None:
    assert metafields([("a.b", "x"), ("a.long", "x" * 3_000), ("a.empty", "")]) == {"a.b": "x"}
