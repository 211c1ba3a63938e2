"""What is chosen from a snapshot: in which order, what is left out, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.recommending.choosing import Asked, choose
from analytics.recommending.session_knn import SessionKnn, Visits
from analytics.recommending.snapshots import Ranked, Shelf, Snapshot

NAMES = list("abcdefgh")


def a_snapshot(lists: Mapping[str, Mapping[str, Sequence[str]]], **shelf: Any) -> Snapshot:
    """A shop whose lists say *lists*; the n-th of a list has the score 1/n."""
    numbers = {name: number for number, name in enumerate(NAMES)}
    ranked = {
        model: Ranked(
            [context for context in sorted(beside) for _ in beside[context]],
            [numbers[name] for context in sorted(beside) for name in beside[context]],
            [1 / place for context in sorted(beside) for place in range(1, len(beside[context]) + 1)],
        )
        for model, beside in lists.items()
    }
    told: dict[str, Any] = {"known": False, "sellable": frozenset(), "categories": {}, "newest": ()} | shelf
    visits = Visits(np.array([0, 1, 2, 3], np.int32), np.array([0, 2, 4]), np.array([1.0, 2.0]))
    return Snapshot({}, NAMES, numbers, ranked, SessionKnn(visits, len(NAMES)), Shelf(**told))


def chosen(snapshot: Snapshot, asked: Asked) -> list[tuple[str, str]]:
    return [(each.product_id, each.model) for each in choose(snapshot, asked, 3.0)]


def test_models_are_asked_in_turn_until_there_are_enough() -> None:
    snapshot = a_snapshot({"viewed_together": {"a": "bc"}, "item_knn": {"a": "cd"}, "popular": {"": "efgh"}})

    assert chosen(snapshot, Asked(product="a", n=5)) == [
        ("b", "viewed_together"),
        ("c", "viewed_together"),
        ("d", "item_knn"),
        ("e", "popular"),
        ("f", "popular"),
    ]
    assert chosen(snapshot, Asked(product="a", n=1, strategy="popular")) == [("e", "popular")]


def test_what_cannot_be_sold_is_seen_or_bought_is_left_out() -> None:
    sellable = frozenset("cdefgh")
    snapshot = a_snapshot({"viewed_together": {"a": "bcde"}}, known=True, sellable=sellable, newest=tuple("hgc"))
    asked = Asked(product="a", seen=["d"], excluded=frozenset("e"), n=9)

    assert chosen(snapshot, asked) == [("c", "viewed_together"), ("h", "catalog"), ("g", "catalog")]


def test_a_cart_adds_up_what_goes_with_its_products_and_says_with_which() -> None:
    snapshot = a_snapshot({"bought_together": {"a": "cd", "b": "de"}})
    (first, second, third) = choose(snapshot, Asked(placement="cart", seen=["a", "b"], n=3), 3.0)

    assert (first.product_id, first.score) == ("d", 1.5)
    assert (second.product_id, third.product_id) == ("c", "e")
    assert first.reason == "bought together with b"


def test_home_follows_visits_like_this_one_and_falls_back_to_the_category_and_the_shop() -> None:
    lists = {"popular": {"": "fg"}, "popular_in_category": {"hats": "eh"}}
    snapshot = a_snapshot(lists, categories={"a": "hats"})

    assert chosen(snapshot, Asked(placement="home", seen=["a"], n=4)) == [
        ("b", "session_knn"),
        ("e", "popular_in_category"),
        ("h", "popular_in_category"),
        ("f", "popular"),
    ]
    assert chosen(snapshot, Asked(placement="home", n=1)) == [("f", "popular")]
    assert chosen(snapshot, Asked(placement="home", n=1, categories=["hats"])) == [("e", "popular_in_category")]
    assert chosen(a_snapshot({}), Asked(placement="home", seen=["unknown"], n=1)) == []
