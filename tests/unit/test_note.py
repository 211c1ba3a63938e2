import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy import note
from deploy.servers import ServerError


def test_a_second_one_in_the_same_folder_is_refused_while_the_first_still_starts(tmp_path: Path) -> None:
    with note.alone(tmp_path), pytest.raises(ServerError, match="already, and is not ready yet"):
        ExitStack().enter_context(note.alone(tmp_path))


def test_a_second_one_is_told_the_process_of_the_first(tmp_path: Path) -> None:
    with note.alone(tmp_path):
        note.remember(tmp_path, {"Kafka": "127.0.0.1:9092"}, {})

        with pytest.raises(ServerError, match=f"process {os.getpid()}"):
            ExitStack().enter_context(note.alone(tmp_path))


def test_it_is_found_for_as_long_as_it_runs(tmp_path: Path) -> None:
    with note.alone(tmp_path):
        note.remember(tmp_path, {"Kafka": "127.0.0.1:9092"}, {"A_SECRET": "x"})
        found = note.running(tmp_path)

    assert found is not None
    assert found.addresses == {"Kafka": "127.0.0.1:9092"}
    assert note.running(tmp_path) is None


def test_what_a_killed_one_left_is_not_taken_for_a_running_one_though_its_pid_lives(tmp_path: Path) -> None:
    note.remember(tmp_path, {"Kafka": "127.0.0.1:9092"}, {})

    assert note.running(tmp_path) is None
    with note.alone(tmp_path):
        assert note.running(tmp_path) is None


def test_a_folder_that_cannot_be_made_is_said_in_one_line() -> None:
    with pytest.raises(ServerError, match="The folder /dev/null/nowhere cannot be used"):
        ExitStack().enter_context(note.alone(Path("/dev/null/nowhere")))
