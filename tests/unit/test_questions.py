"""Questions are files that say themselves what they ask and want."""

from pathlib import Path

import pytest

from analytics.questions import questions
from schemas.errors import ConfigurationError


def test_every_question_asks_something_and_documents_what_it_wants() -> None:
    found = questions()

    assert {"funnel", "top_products", "sessions_by_source"} <= found.keys()
    for question in found.values():
        assert question.text.endswith("?")
        assert question.parameters[0][:3] == ("shop", "String", None)
        assert ("days", "UInt16", "7") in [each[:3] for each in question.parameters]


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
