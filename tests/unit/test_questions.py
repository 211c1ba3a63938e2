"""Questions are files that say themselves what they ask and want."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from analytics.parameters import Parameter, bound
from analytics.questions import questions
from schemas.errors import ConfigurationError


def test_every_question_asks_something_and_documents_what_it_wants() -> None:
    found = questions()

    assert {"funnel", "top_products", "sessions_by_source"} <= found.keys()
    for question in found.values():
        assert question.text.endswith("?")
        assert question.parameters[0][:3] == ("shop", "String", None)
        assert len({each.name for each in question.parameters}) == len(question.parameters)


def test_a_parameter_may_have_choices_bounds_and_several_values(tmp_path: Path) -> None:
    (tmp_path / "why.sql").write_text(
        "-- Why?\n-- every = day|week: how long\n-- steps = a,b (2 to 20): names\n-- days = 7 (1 to 30): days\n"
        "SELECT {every:String}, {steps:Array(String)}, {days:UInt16}"
    )
    parameters = questions(tmp_path)["why"].parameters

    assert parameters == (
        Parameter("every", "String", "day", "how long", ("day", "week")),
        Parameter("steps", "Array(String)", "a,b", "names", (), 2, 20),
        Parameter("days", "UInt16", "7", "days", (), 1, 30),
    )
    assert bound("why", parameters, {}) == {"every": "day", "steps": ["a", "b"], "days": "7"}
    assert bound("why", parameters, {"every": "week", "steps": ["x", "y"]})["steps"] == ["x", "y"]
    for given, message in (
        ({"every": "year"}, "every must be one of day, week"),
        ({"steps": "a"}, "steps must be a list of 2 to 20"),
        ({"steps": ["a", ""]}, "steps must be a list of 2 to 20"),
        ({"days": "31"}, "days must be from 1 to 30"),
        ({"days": -1}, "days must be a whole number"),
        ({"days": "٣"}, "days must be a whole number"),
        ({"days": "9" * 5000}, "days must be a whole number"),
    ):
        with pytest.raises(ConfigurationError, match=f"why: {message}"):
            bound("why", parameters, given)


def test_cohorts_are_of_weeks_unless_told_and_of_twelve_of_them() -> None:
    told = bound("retention", questions()["retention"].parameters, {"shop": "demo"})

    assert (told["every"], told["days"]) == ("week", "84")


def test_a_time_zone_is_one_that_exists() -> None:
    zone = Parameter("time_zone", "String", "UTC", "whose days")

    assert bound("why", [zone], {"time_zone": "Europe/Berlin"}) == {"time_zone": "Europe/Berlin"}
    for wrong in ("Europe/Atlantis", "../etc/passwd", ""):
        with pytest.raises(ConfigurationError, match="time_zone must be a time zone such as Europe/Berlin"):
            bound("why", [zone], {"time_zone": wrong})


def test_an_end_is_a_day_or_a_time_that_exists() -> None:
    until = Parameter("until", "String", "now", "the end")

    for given, told in (
        ("now", "now"),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-01T10:00:00+02:00", "2026-11-01T10:00:00+02:00"),
        (date(2026, 11, 1), "2026-11-01"),
        (datetime(2026, 11, 1, 10, tzinfo=UTC), "2026-11-01 10:00:00+00:00"),
    ):
        assert bound("why", [until], {"until": given}) == {"until": told}
    for wrong in ("", "yesterday", "2026", "2026-02-30", "2026-11-01T25:00", "1969-12-31", "2026-11-01\x00"):
        with pytest.raises(ConfigurationError, match="until must be now, or a day or time such as 2026-11-01"):
            bound("why", [until], {"until": wrong})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "its first line is not a question"),
        ("-- Why?\n-- shop: the shop\nSELECT 1", "documented and used parameters differ: shop"),
        ("-- Why?\nSELECT {shop:String}", "documented and used parameters differ: shop"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "why.sql").write_text(text)

    with pytest.raises(ConfigurationError, match=rf"why\.sql: {message}"):
        questions(tmp_path)
