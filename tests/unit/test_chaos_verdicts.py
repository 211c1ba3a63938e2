"""The chaos harness is only worth something if it notices what it is for."""

import itertools
from pathlib import Path
from typing import NamedTuple

import orjson

from tests.chaos.load import Load
from tests.chaos.verdicts import Verdict, committed_early, of_counting, of_sink


class FakeRecord(NamedTuple):
    key: bytes
    value: bytes


def a_load() -> Load:
    load = Load(seed=1)
    list(itertools.islice(load.envelopes(), 20))
    return load


def outputs(load: Load, *, without: str = "") -> list[FakeRecord]:
    numbered = [(each, n) for ids in load.expected.values() for n, each in enumerate(ids)]
    return [FakeRecord(each.encode(), orjson.dumps({"id": each, "n": n})) for each, n in numbered if each != without]


def changelog(load: Load) -> list[FakeRecord]:
    return [FakeRecord(key.encode(), orjson.dumps({"ids": ids})) for key, ids in load.expected.items()]


def test_a_run_in_which_all_came_out_once_is_good() -> None:
    load = a_load()

    assert of_counting(load, outputs(load), changelog(load)) == Verdict()
    assert Verdict().is_good


def test_an_output_that_never_came_is_lost() -> None:
    load = a_load()
    verdict = of_counting(load, outputs(load, without="e7"), changelog(load))

    assert (verdict.lost, verdict.is_good) == (1, False)


def test_an_output_that_came_twice_is_counted_and_forgiven() -> None:
    load = a_load()
    verdict = of_counting(load, outputs(load) + outputs(load)[:3], changelog(load))

    assert (verdict.doubled, verdict.is_good) == (3, True)


def test_outputs_that_contradict_each_other_are_wrong() -> None:
    load = a_load()
    liar = FakeRecord(b"e7", orjson.dumps({"id": "e7", "n": 99}))

    assert of_counting(load, [*outputs(load), liar], changelog(load)).wrong == 1


def test_a_table_that_misses_repeats_or_reorders_an_id_is_wrong() -> None:
    load = a_load()
    key, ids = max(load.expected.items(), key=lambda each: len(each[1]))
    for spoilt in (ids[:-1], [*ids, ids[0]], ids[::-1]):
        late = FakeRecord(key.encode(), orjson.dumps({"ids": spoilt}))

        assert of_counting(load, outputs(load), [*changelog(load), late]).wrong == 1


def test_each_other_fault_spoils_a_run() -> None:
    assert not any(Verdict(**{fault: 1}).is_good for fault in ("lost", "wrong", "behind", "early", "unclean"))


def test_a_commit_ahead_of_the_file_is_early(tmp_path: Path) -> None:
    (tmp_path / "sink-1.txt").write_text("0 0 e0\n0 1 e1\n1 0 e2\n0 2 cut off")

    assert committed_early(tmp_path, {0: 2, 1: 1}) == 0
    assert committed_early(tmp_path, {0: 3, 1: 2}) == 2


def test_an_id_in_no_file_is_lost(tmp_path: Path) -> None:
    load = a_load()
    lines = [f"0 {n} {each}" for n, each in enumerate(sorted(load.ids - {"e3"}))]
    (tmp_path / "sink-1.txt").write_text("\n".join(lines) + "\n")

    assert of_sink(load, tmp_path) == Verdict(lost=1)
