import pytest

from schemas.click_ids import (
    ClickId,
    fbc_from_click,
    fbclid_in,
    fbp_from_random,
    latest_fbc,
    parse_fbc,
    parse_fbp,
)

FBC = "fb.1.1596403881668.IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk"
LATER = "fb.1.1596403990000.IwAR_another"


def test_click_is_taken_apart_and_put_together_again() -> None:
    click = parse_fbc(FBC)

    assert click == ClickId(1, 1596403881668, FBC.split(".")[3], None)
    assert click.text() == FBC


@pytest.mark.parametrize("appendix", ["AQICAQMC", "AQ", "Bg"])
def test_appendix_is_no_part_of_the_click(appendix: str) -> None:
    click = parse_fbc(f"{FBC}.{appendix}")

    assert click is not None
    assert (click.value, click.appendix) == (FBC.split(".")[3], appendix)
    assert click.text() == f"{FBC}.{appendix}"


def test_click_with_a_dot_of_its_own_stays_whole() -> None:
    click = parse_fbc("fb.1.1596403881668.left.zzzzzzzz")

    assert click == ClickId(1, 1596403881668, "left.zzzzzzzz", None)


def test_time_in_seconds_is_read_as_seconds() -> None:
    click = parse_fbc("fb.1.1596403881.IwAR1")

    assert click is not None
    assert click.created_ms == 1596403881000


@pytest.mark.parametrize(
    "text",
    ["", "fb.1.1596403881668", "fb.1.1596403881668.", "fb.x.1596403881668.a", "fb.1.159640.a", "xx.1.1596403881668.a",
     "fb.1.1596403881668.a b", "fb.1.1596403881668.<script>", "fb.1.١٥٩٦٤٠٣٨٨١٦٦٨.a", "fb.1.1596403881668..AQ"],
)  # fmt: skip
def test_malformed_click_is_none(text: str) -> None:
    assert parse_fbc(text) is None


def test_browser_id_of_the_documentation_is_read() -> None:
    assert parse_fbp("fb.1.1596403881668.1116446470") == ClickId(1, 1596403881668, "1116446470", None)
    assert parse_fbp("fb.2.1596403881668.1116446470.AQICAQMC") == ClickId(2, 1596403881668, "1116446470", "AQICAQMC")


@pytest.mark.parametrize("text", ["", FBC, "fb.1.1596403881668.1.2.3", "fb.1.1596403881668.1116446470.zzzzzzzz"])
def test_malformed_browser_id_is_none(text: str) -> None:
    assert parse_fbp(text) is None


def test_ids_made_here_carry_index_one_and_parse() -> None:
    assert fbp_from_random(1116446470, 1596403881668) == "fb.1.1596403881668.1116446470"
    assert fbc_from_click("IwAR2F4-dbP0l7", 1596403881668) == "fb.1.1596403881668.IwAR2F4-dbP0l7"
    assert fbc_from_click("a b", 1596403881668) is None


def test_click_id_is_found_in_the_url_with_its_case() -> None:
    assert fbclid_in("https://shop.example/p?utm_source=x&fbclid=IwAR2F4-dbP0l7#top") == "IwAR2F4-dbP0l7"
    assert fbclid_in("https://shop.example/p?notfbclid=1") is None
    assert fbclid_in("https://[shop.example/p?fbclid=IwAR") is None
    assert fbclid_in("https://shop.example/p?fbclid=%3Cscript%3E") is None


@pytest.mark.parametrize(
    ("current", "candidate", "expected"),
    [
        (None, None, None),
        (None, FBC, FBC),
        (FBC, None, FBC),
        ("rubbish", FBC, FBC),
        (FBC, "rubbish", FBC),
        (FBC, LATER, LATER),
        (LATER, FBC, LATER),  # it came late: the newest stays
        (FBC, FBC.replace("1596403881668", "1596403999999"), FBC),  # the same click keeps its first time
        (FBC, f"{FBC}.AQICAQMC", FBC),
        (FBC, FBC.replace("IwAR2F4", "iwar2f4").replace("881668", "881669"),
         FBC.replace("IwAR2F4", "iwar2f4").replace("881668", "881669")),  # case tells clicks apart
    ],
)  # fmt: skip
def test_click_is_replaced_only_by_a_different_and_newer_one(
    current: str | None, candidate: str | None, expected: str | None
) -> None:
    assert latest_fbc(current, candidate) == expected
