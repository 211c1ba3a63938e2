"""What commands print is text, whoever chose the words."""

import pytest

from deploy.commands.output import print_table, say


def test_no_cell_of_a_table_commands_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"term": "\x1b[31mring\x07 [b]\nnext", "searches": 1}], ("term", "searches"))

    told = capsys.readouterr().out
    assert "\N{REPLACEMENT CHARACTER}[31mring\N{REPLACEMENT CHARACTER} [b]" in told
    assert "\x1b" not in told
    assert len(told.splitlines()) == 3


def test_several_values_of_a_cell_stand_beside_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"such_as": ["p1", "p2"], "last": None}], ("such_as", "last"))

    assert capsys.readouterr().out.splitlines()[1].split() == ["p1,", "p2"]


def test_a_line_says_what_it_is_given_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    say("deleted: [/x] \x1b[2J")

    assert capsys.readouterr().out == "deleted: [/x] \N{REPLACEMENT CHARACTER}[2J\n"
