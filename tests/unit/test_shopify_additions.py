"""Which shops need collections and metafields of each product, and how long an answer about one is relied on."""

from typing import Any, cast

import pytest

from connectors.shopify.additions import Additions, wants_additions
from connectors.shopify.deliveries import Delivery
from connectors.shopify.memory import ASKED_MILLIS, CLOCKS_MILLIS, KEPT_MILLIS, MOST_ASKED, AdditionsMemory
from connectors.shopify.wholes import additions
from schemas.errors import TransientError
from schemas.records import ProductChange
from tests.builders import NOON, a_product_change, a_shop
from tests.listed import a_catalog
from tests.storefronts import a_shopify_access

SUMMER = Additions(["Summer"], {"custom.material": "cotton"})


@pytest.mark.parametrize(
    ("catalog", "wanted"),
    [
        ({}, False),
        ({"include": {"tags": ["a"], "price_from": 1}, "exclude": {"types": ["b"]}}, False),
        ({"fields": {"brand": {"sources": ["product.brand", "option:Maker"], "default": "x"}}}, False),
        ({"include": {"collections": ["Summer"]}}, True),
        ({"exclude": {"collections": ["Summer"]}}, True),
        ({"fields": {"brand": {"sources": ["product.brand", "metafield:custom.maker"]}}}, True),
        ({"fields": {"internal_label": {"sources": ["product.collections"]}}}, True),
    ],
)
def test_a_shop_wants_what_one_of_its_catalogs_reads(catalog: dict[str, Any], wanted: bool) -> None:
    catalogs = [a_catalog(), a_catalog(**catalog)]

    assert wants_additions(a_shop(shopify=a_shopify_access(), catalogs=catalogs)) is wanted
    assert not wants_additions(a_shop(shopify=None, catalogs=catalogs))


def a_change(stock: int, number: int = 1, **changes: Any) -> ProductChange:
    change = cast(dict[str, Any], a_product_change(product_id=str(number)))
    variants = [each | {"inventory_quantity": stock} for each in change["product"]["variants"]]
    return cast(ProductChange, change | {"product": change["product"] | {"variants": variants} | changes})


def a_delivery(received_at: int, triggered_at: int | None = None) -> Delivery:
    return Delivery(a_shop(), "products/update", "d1", triggered_at, received_at)


@pytest.mark.parametrize(("later", "relied_on"), [(0, True), (KEPT_MILLIS, True), (KEPT_MILLIS + 1, False)])
def test_of_an_order_an_answer_is_relied_on_for_ten_minutes_and_then_kept(later: int, relied_on: bool) -> None:
    memory = AdditionsMemory()
    memory.learn(a_change(2), SUMMER, NOON)

    found = memory.reliable(a_change(1), a_delivery(NOON + later, NOON + later))

    assert (found, memory.of(a_change(1))) == (SUMMER if relied_on else None, SUMMER)


@pytest.mark.parametrize(("asked_before", "relied_on"), [(True, False), (False, True)])
def test_what_was_asked_before_a_collection_changed_is_not_relied_on_even_in_one_millisecond(
    asked_before: bool, relied_on: bool
) -> None:
    memory, change = AdditionsMemory(), a_change(2)
    before = memory.outdated("demo")
    memory.outdate("demo")

    memory.learn(change, SUMMER, NOON, outdated=before if asked_before else memory.outdated("demo"))

    found = memory.reliable(a_change(1), a_delivery(NOON, NOON))
    assert (found, memory.of(change)) == (SUMMER if relied_on else None, SUMMER)


@pytest.mark.parametrize(("before", "relied_on"), [(CLOCKS_MILLIS, False), (CLOCKS_MILLIS + 1, True)])
def test_an_answer_from_after_a_change_is_relied_on_whatever_has_changed(before: int, relied_on: bool) -> None:
    memory = AdditionsMemory()
    memory.learn(a_change(2), SUMMER, NOON)

    found = memory.reliable(a_change(2), a_delivery(NOON + 1, NOON - before))

    assert found == (SUMMER if relied_on else None)


def test_about_one_product_ten_questions_a_minute_are_enough_and_what_they_missed_is_asked_for_then() -> None:
    memory = AdditionsMemory()
    for _ in range(MOST_ASKED - 1):
        memory.learn(a_change(2), SUMMER, NOON)
    assert memory.reliable(a_change(2, title="New"), a_delivery(NOON)) is None

    memory.learn(a_change(2), SUMMER, NOON)

    assert memory.reliable(a_change(2, title="New"), a_delivery(NOON + ASKED_MILLIS - 1)) == SUMMER
    assert memory.reliable(a_change(1, title="New"), a_delivery(NOON + ASKED_MILLIS)) is None
    assert memory.reliable(a_change(1), a_delivery(NOON + ASKED_MILLIS)) == SUMMER, "of stock alone"


def test_an_answer_that_comes_late_does_not_replace_a_later_one() -> None:
    memory, later = AdditionsMemory(), Additions(["Winter"], {})
    memory.learn(a_change(2), later, NOON + 1)

    assert memory.learn(a_change(2), SUMMER, NOON) == later


def test_of_answers_that_are_too_many_the_last_used_stay() -> None:
    memory = AdditionsMemory(most_characters=2_000)
    for number in (1, 2, 3):
        memory.learn(a_change(2, number), SUMMER, NOON)
    memory.reliable(a_change(1, 1), a_delivery(NOON))
    memory.learn(a_change(2, 4), SUMMER, NOON)

    assert [number for number in range(1, 5) if memory.of(a_change(2, number))] == [1, 3, 4]


class FakeAdmin:
    def __init__(self, node: Any) -> None:
        self.node = node

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        return {"node": self.node}


@pytest.mark.parametrize("node", [5, "x", [], {}, {"id": "x"}, {"id": "x", "collections": {"nodes": None}}])
async def test_a_product_of_another_shape_is_no_answer(node: Any) -> None:
    with pytest.raises(TransientError):
        await additions(cast(Any, FakeAdmin(node)), "10")
