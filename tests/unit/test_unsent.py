"""Why a destination has no receipt of an event, in words."""

from typing import Any

import pytest

from deploy.unsent import unsent
from tests.builders import a_shop, an_event
from tests.forwarded import a_destination

LEADS = a_destination(name="leads", custom_events={"newsletter_joined": "Lead"})
SHOP = a_shop(destinations=[a_destination(), LEADS])


@pytest.mark.parametrize(
    ("event", "decided", "words"),
    [
        ({"name": "page_viewed"}, [], ["meta: no receipt of PageView yet", "leads: no receipt of PageView yet"]),
        ({"name": "page_viewed"}, ["meta"], ["leads: no receipt of PageView yet"]),
        ({"name": "page_viewed"}, ["meta", "leads"], []),
        ({"name": "newsletter_joined", "kind": "custom"}, [], ["leads: no receipt of Lead yet"]),
        ({"name": "cart_viewed"}, [], ["Meta is not told of cart_viewed (standard): only of page_viewed"]),
        ({"name": "checkout_completed", "order_id": "1"}, [], ["Meta is not told of checkout_completed, but"]),
    ],
)
def test_each_destination_that_has_decided_nothing_is_told_of(
    event: dict[str, Any], decided: list[str], words: list[str]
) -> None:
    told = unsent(an_event(**event), decided, SHOP)

    assert [line[: len(each)] for line, each in zip(told, words, strict=True)] == words


def test_a_shop_without_destinations_is_told_of() -> None:
    assert unsent(an_event(), [], a_shop(destinations=[])) == ["demo has no destination"]


@pytest.mark.parametrize(("decided", "lines"), [([], 1), (["meta"], 0)])
def test_where_the_shop_is_not_known_only_an_event_without_receipts_is_remarked_on(
    decided: list[str], lines: int
) -> None:
    assert len(unsent(an_event(), decided, None)) == lines
