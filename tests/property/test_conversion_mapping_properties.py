"""What holds for any event: what is sent is what Meta takes, or one event would cost its whole batch."""

import json
import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.servers.meta.event_rules import check_event
from schemas.records import EnrichedEvent
from schemas.shop import META_NAMES
from schemas.user_data import hash_user_data
from streams.rules.conversions import decide
from tests.builders import NOON, a_shop, an_item
from tests.forwarded import NOW, a_destination, enriched, some_facts

DAY_MS = 86_400_000
AGES_MS = [-61 * DAY_MS, -8 * DAY_MS, -7 * DAY_MS + 150_000, -5_000, 50_000]
NO_SALE = {"analytics": None, "marketing": True, "preferences": None, "sale_of_data": False}
TRANSIT_SECONDS = 30

texts = st.none() | st.text(max_size=20) | st.sampled_from(["", "\x00", "正" * 300, "x" * 2_000, "null"])
amounts = st.none() | st.floats() | st.sampled_from([math.nan, math.inf, 0.0, -5.0, 1e300, 0.1 + 0.2])
currencies = st.sampled_from([None, "EUR", "eur", "JPY", "E", "", "EURO", "€€€", "US "])
products = {"product_id": texts, "variant_id": texts, "title": texts, "sku": texts, "category": texts}
priced = products | {"price": amounts, "currency": currencies}
items = st.fixed_dictionaries(priced | {"vendor": texts, "quantity": st.integers(0, 10**6)})
facts = st.fixed_dictionaries(priced | {"known": st.booleans(), "brand": texts})
people = st.fixed_dictionaries({}, optional=dict.fromkeys(("em", "ph", "fn", "ln", "ct", "st", "zp", "country"), texts))
said = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*META_NAMES, "quiz"]),
        "source": st.sampled_from(["webhook", "pixel"]),
        "value": amounts,
        "currency": currencies,
        "url": st.sampled_from(
            [None, "https://shop.example/x", "/landing?x=1", "ftp://x", "http://", "//x", "https://[x"]
        ),
        "referrer": texts,
        "client_ip": st.sampled_from([None, "203.0.113.7", "2001:db8::1", "no address"]),
        "user_agent": texts,
        "client_id": st.sampled_from(["c", "order:1"]),
        "sales_channel": st.sampled_from([None, "web", "pos"]),
        "customer_id": st.sampled_from([None, "7"]),
        "click_ids": st.sampled_from([{}, {"fbclid": "Abc"}]),
        "order_id": st.sampled_from([None, "1001"]),
        "search_query": texts,
        "occurred_at": st.sampled_from([NOON + ago for ago in AGES_MS]),
        "consent": st.sampled_from([None, NO_SALE]),
    }
)
templates = st.sampled_from(["{variant_id}", "{sku}", "shopify_{country}_{product_id}_{variant_id}"])


def an_enriched(changes: dict[str, Any], listed: list[dict[str, Any]], known: list[dict[str, Any]]) -> EnrichedEvent:
    kind = "custom" if changes["name"] == "quiz" else "standard"
    return enriched(
        [some_facts(**each) for each in known], kind=kind, items=[an_item(**each) for each in listed], **changes
    )


@settings(max_examples=150, deadline=None)
@given(said, st.lists(items, max_size=2), st.lists(facts, max_size=2), people, templates, st.booleans())
def test_meta_takes_whatever_is_sent_and_hears_no_money_but_what_was_said(
    changes: dict[str, Any],
    listed: list[dict[str, Any]],
    known: list[dict[str, Any]],
    person: dict[str, Any],
    template: str,
    limited: bool,
) -> None:
    event = an_enriched(changes | {"user_data": hash_user_data(person, region="DE").hashes}, listed, known)
    regions = ["DE", "US-CA"] if limited else []
    destination = a_destination(
        content_id_template=template, custom_events={"quiz": "Lead"}, limited_use_regions=regions
    )

    decision = decide(event, a_shop(), destination, NOW)

    if decision is None or decision.body is None:
        return
    told = json.loads(decision.body, parse_constant=lambda word: 1 / 0)  # NaN is no JSON
    check_event(told, now=NOW + TRANSIT_SECONDS)
    custom = told.get("custom_data", {})
    currency = (changes["currency"] or "").strip().upper()
    sayable = changes["value"] is not None and math.isfinite(changes["value"]) and currency in ("EUR", "JPY")
    assert (custom.get("value"), custom.get("currency")) == ((changes["value"], currency) if sayable else (None, None))
    assert set(custom.get("content_ids", [])) == {each["id"] for each in custom.get("contents", [])}
