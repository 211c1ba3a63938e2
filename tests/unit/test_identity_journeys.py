"""What `python -m tests.benchmarks.identity` measures, on few people: nobody is two, and who can be known is known."""

from tests.benchmarks.identity.journeys import a_world
from tests.benchmarks.identity.measuring import scored
from tests.benchmarks.identity.scores import pairs, wrong_merges
from tests.benchmarks.identity.ways import last_touch_wins, ours


def test_stitching_is_as_right_as_can_be_known_and_never_makes_one_of_two_customers() -> None:
    world = a_world(90)

    persons, visits, orders, wrong = scored(world, ours(world))

    assert wrong == 0
    assert (persons.precision >= 0.999, persons.recall >= 0.99) == (True, True)
    assert (visits.precision >= 0.999, visits.recall >= 0.99) == (True, True)
    assert orders >= 0.99


def test_the_measure_sees_what_is_wrong() -> None:
    world = a_world(90)

    persons, visits, _, wrong = scored(world, last_touch_wins(world))

    assert wrong > 0
    assert persons.precision < 0.9
    assert visits.recall < 0.95


def test_pairs_are_counted_by_hand() -> None:
    said, truth = {"a": "1", "b": "1", "c": "1", "d": "2"}, {"a": "x", "b": "x", "c": "y", "d": "y"}

    assert pairs(said, truth, truth) == (1 / 3, 1 / 2)
    assert wrong_merges(said, {"a": "ada", "c": "bob", "d": "bob"}) == 1
