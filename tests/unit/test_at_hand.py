"""Visits at hand: in order, each event once, whole or not known, and never without bounds."""

from typing import Any

import pytest

from analytics.recommending import at_hand
from analytics.recommending.at_hand import AtHand
from tests.builders import NOON, an_event, an_item

VISIT, VISITOR, PERSON = "v1", "b1", "p1"


def an_envelope(*events: tuple[str, str, int], began: int = NOON, visit: str = VISIT) -> Any:
    enriched = [
        {
            "event": an_event(
                event_id=f"{name}-{product}-{at}",
                name=name,
                occurred_at=NOON + at,
                visitor_id=VISITOR,
                items=[an_item(product_id=product)],
            ),
            "session_id": visit,
            "person_id": PERSON,
        }
        for name, product, at in events
    ]
    return {"events": enriched, "sessions": [{"shop_id": "demo", "session_id": visit, "started_at": began}]}


def test_a_visit_is_told_in_order_of_its_own_time_and_each_event_once() -> None:
    known = AtHand(NOON)
    late = an_envelope(("product_viewed", "a", 10))
    known.take(an_envelope(("product_added_to_cart", "b", 30), ("product_viewed", "b", 20)))
    known.take(late)
    known.take(late)

    expected = [("product_viewed", "a"), ("product_viewed", "b"), ("product_added_to_cart", "b")]
    assert known.visit("demo", VISIT) == expected
    assert known.person("demo", PERSON) == known.person("demo", VISITOR) == expected


def test_a_visit_that_began_before_is_not_known_whole() -> None:
    known = AtHand(NOON)
    known.take(an_envelope(("product_viewed", "a", 10), began=NOON - 1))

    assert known.visit("demo", VISIT) is None
    assert known.visit("demo", "another") is None
    assert known.person("demo", "another") == []


def test_a_visit_of_another_shop_is_another_visit() -> None:
    known = AtHand(NOON)
    known.take(an_envelope(("product_viewed", "a", 10)))

    assert known.visit("other", VISIT) is None


def test_the_latest_are_kept_of_a_visit_and_of_all_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_hand, "MOST_DONE", 3)
    monkeypatch.setattr(at_hand, "MOST_VISITS", 2)
    known = AtHand(NOON)
    known.take(an_envelope(*(("product_viewed", str(number), number) for number in range(5))))
    assert known.visit("demo", VISIT) == [("product_viewed", "2"), ("product_viewed", "3"), ("product_viewed", "4")]

    for number in range(2):
        known.take(an_envelope(("product_viewed", "a", 1), visit=f"w{number}"))
    assert known.visit("demo", VISIT) is None
    assert known.visit("demo", "w1") == [("product_viewed", "a")]
