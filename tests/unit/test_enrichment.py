"""Enrichment: facts beside an event, joined without encoding it again."""

import pytest

from schemas.records import ProductFacts
from streams.rules.catalogs import Catalog
from streams.rules.enrichment import facts, splice, splice_retraction
from tests.builders import a_product_change, an_event, an_item
from tests.stitched import CODEC


@pytest.mark.parametrize("items", [0, 1, 3, 70])
@pytest.mark.parametrize("late", [True, False])
def test_a_spliced_event_is_what_encoding_it_whole_gives(items: int, late: bool) -> None:
    event = an_event(items=[an_item()] * items, title="Füße 👣")
    products: list[ProductFacts] = [facts(item, None) for item in event["items"]]
    bare = [CODEC.encode_bare("ProductFacts", each) for each in products]
    session, person = "s" * 36, "p" * 300

    bare_event = CODEC.encode_bare("Event", event)
    spliced = splice(bare_event, session, person, bare, late)

    whole = {"event": event, "session_id": session, "person_id": person, "products": products, "late": late}
    assert spliced == CODEC.encode_bare("EnrichedEvent", whole)
    taken_back = {**whole, "products": [], "late": False, "retracted": True}
    assert splice_retraction(bare_event, session, person) == CODEC.encode_bare("EnrichedEvent", taken_back)


def test_the_price_is_the_catalogs_not_the_events() -> None:
    catalog = Catalog()
    catalog.apply(a_product_change())
    item = an_item(price=0.4299)

    known = facts(item, catalog.find("demo", item["variant_id"], None, None))

    assert (known["price"], known["image_url"]) == (42.99, "https://shop.example/blue.jpg")
