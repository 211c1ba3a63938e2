"""What is sent to Meta and what is skipped, and why."""

from typing import Any

import orjson
import pytest

from connectors.meta.content_ids import template
from connectors.meta.mapping import meta_name, to_conversion, to_user_data
from connectors.meta.validation import SKIP_REASONS, age_reason, skip_reason
from schemas.errors import ConfigurationError
from schemas.records import Consent
from streams.rules.consents import advertising_verdict
from streams.rules.conversions import Decision, decide
from tests.builders import NOON, a_shop, an_event, an_item
from tests.forwarded import NOW, a_conversion, a_destination, enriched, hashed, some_facts, some_terms

DAY = 86_400


def consent(marketing: bool | None = None, sale_of_data: bool | None = None) -> Consent:
    return {"analytics": None, "marketing": marketing, "preferences": None, "sale_of_data": sale_of_data}


def decided(changes: dict[str, Any], **destination: Any) -> Decision:
    """Decide on a product view with *changes*, at a destination with others."""
    decision = decide(enriched(**changes), a_shop(), a_destination(**destination), NOW + 60)
    assert decision is not None
    return decision


def custom_data(decision: Decision) -> dict[str, Any]:
    assert decision.body is not None
    told: dict[str, Any] = orjson.loads(decision.body)["custom_data"]
    return told


@pytest.mark.parametrize(
    "name", ["checkout_completed", "cart_viewed", "collection_viewed", "product_removed_from_cart"]
)
def test_an_event_meta_has_no_name_for_gets_no_receipt(name: str) -> None:
    assert decide(enriched(name=name), a_shop(), a_destination(), NOW) is None


def test_an_event_that_is_another_browsers_now_gets_no_receipt() -> None:
    purchase = enriched(name="purchase", source="webhook", order_id="77")

    assert decide(purchase, a_shop(), a_destination(), NOW) is not None
    assert decide({**purchase, "retracted": True}, a_shop(), a_destination(), NOW) is None


def test_a_custom_event_does_not_pass_for_a_standard_one() -> None:
    assert meta_name(an_event(name="page_viewed", kind="custom"), a_destination()) is None


def test_a_purchase_comes_from_the_joined_order_only() -> None:
    assert meta_name(an_event(name="purchase", source="pixel"), a_destination()) is None
    assert meta_name(an_event(name="purchase", source="webhook"), a_destination()) == "Purchase"


@pytest.mark.parametrize(
    ("told", "require_consent", "verdict"),
    [
        (None, False, "send"),
        (None, True, "consent_not_told"),
        (consent(marketing=False), False, "no_marketing_consent"),
        (consent(marketing=False), True, "no_marketing_consent"),
        (consent(marketing=None), False, "send"),
        (consent(marketing=None), True, "consent_not_told"),
        (consent(marketing=True), True, "send"),
        (consent(marketing=True, sale_of_data=False), True, "send_limited"),
        (consent(marketing=False, sale_of_data=False), False, "no_marketing_consent"),
        (consent(marketing=True, sale_of_data=True), False, "send"),
    ],
)
def test_consent_decides(told: Consent | None, require_consent: bool, verdict: str) -> None:
    assert advertising_verdict(told, require_consent=require_consent) == verdict


def test_without_marketing_consent_nothing_is_prepared() -> None:
    decision = decided({"consent": consent(marketing=False)})

    assert (decision.skipped, decision.body) == ("no_marketing_consent", None)


def test_events_the_destination_does_not_take_are_skipped() -> None:
    assert decided({}, events=["Purchase"]).skipped == "not_selected"


def test_an_unknown_product_is_sent_or_held_as_the_destination_says() -> None:
    event, shop = enriched([some_facts(known=False)]), a_shop()
    sending, holding = a_destination(unknown_products="send"), a_destination(unknown_products="skip")

    sent, held = decide(event, shop, sending, NOW), decide(event, shop, holding, NOW)

    assert sent is not None
    assert sent.skipped is None
    assert held is not None
    assert held.skipped == "unknown_product"


@pytest.mark.parametrize(
    ("age_seconds", "reason"),
    [
        (0, None),
        (7 * DAY - 300, None),
        (7 * DAY - 60, "too_old"),
        (8 * DAY, "too_old"),
        (-60, None),
        (-61, "in_future"),
    ],
)
def test_age_decides(age_seconds: int, reason: str | None) -> None:
    assert age_reason(int(NOW) - age_seconds, NOW) == reason


def test_what_happened_in_a_store_may_be_two_months_old() -> None:
    old = a_conversion(event_time=int(NOW) - 60 * DAY, action_source="physical_store")

    assert skip_reason(old, NOW) is None


def test_a_website_event_must_say_where() -> None:
    assert skip_reason(a_conversion(event_source_url="android-app://x"), NOW) == "no_source_url"


@pytest.mark.parametrize(
    ("present", "enough"),
    [
        ({}, False),
        ({"client_user_agent"}, False),
        ({"ct", "country", "st", "zp", "ge", "client_user_agent"}, False),
        ({"db", "client_user_agent"}, False),
        ({"fn", "ge"}, False),
        ({"ln", "ge"}, False),
        ({"fn", "ln"}, True),
        ({"client_ip_address", "client_user_agent"}, True),
        ({"em"}, True),
        ({"external_id"}, True),
    ],
)
def test_meta_must_be_able_to_know_the_person(present: set[str], enough: bool) -> None:
    reason = skip_reason(a_conversion(user_data=dict.fromkeys(present, "x")), NOW)

    assert reason == (None if enough else "too_little_user_data")


@pytest.mark.parametrize(("missing", "reason"), [("value", "no_value"), ("currency", "no_currency")])
def test_a_purchase_that_does_not_say_how_much_is_skipped(missing: str, reason: str) -> None:
    assert decided({"name": "purchase", "source": "webhook", missing: None}).skipped == reason


def test_another_event_goes_without_its_value_when_the_currency_is_not_told() -> None:
    told = custom_data(decided({"currency": None}))

    assert told.keys().isdisjoint({"value", "currency"})
    assert "item_price" not in told["contents"][0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_no_value(value: float) -> None:
    assert "value" not in custom_data(decided({"value": value}))


def test_an_order_nobody_can_be_known_by_is_skipped() -> None:
    order = {"name": "purchase", "source": "webhook", "client_id": "order:1", "url": None}

    assert decided(order | {"user_agent": None, "client_ip": None}).skipped == "too_little_user_data"


def test_an_event_too_large_for_a_request_is_skipped() -> None:
    items = [an_item(title="x" * 500) for _ in range(1000)]

    assert decided({"items": items, "products": []}).skipped == "too_large"


def test_a_template_with_a_wrong_field_skips_and_stops_nothing() -> None:
    assert decided({}, content_id_template="{colour}").skipped == "bad_template"
    with pytest.raises(ConfigurationError, match="colour"):
        template("{colour}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{variant_id}", "43751530397931"),
        ("{product_id}", "7992983748843"),
        ("{sku}", "BR-BLUE"),
        ("shopify_{country}_{product_id}_{variant_id}", "shopify_DE_7992983748843_43751530397931"),
        ("fixed", "fixed"),
    ],
)
def test_content_ids_follow_the_template(text: str, expected: str) -> None:
    assert template(text).fill(an_item(), some_facts(), "DE") == expected


def test_the_catalogs_ids_go_before_the_events() -> None:
    assert template("{sku}").fill(an_item(sku="old"), some_facts(sku="new"), None) == "new"
    assert template("{sku}").fill(an_item(sku="old"), some_facts(sku="new", known=False), None) == "old"


def test_an_id_with_a_hole_is_none() -> None:
    assert template("shopify_{country}_{variant_id}").fill(an_item(), some_facts(), None) is None


def test_what_was_paid_goes_before_the_catalogs_price() -> None:
    bought = custom_data(decided({"name": "purchase", "source": "webhook", "items": [an_item(price=10.0)]}))
    viewed = custom_data(decided({"items": [an_item(price=10.0)]}))

    assert bought["contents"][0]["item_price"] == 10.0
    assert viewed["contents"][0]["item_price"] == 39.99


def test_a_price_in_another_currency_says_nothing() -> None:
    conversion = to_conversion(enriched(currency="USD"), "ViewContent", some_terms())

    assert "item_price" not in conversion["custom_data"]["contents"][0]


def test_customer_and_browser_are_hashed_and_the_rest_is_not() -> None:
    user = to_user_data(
        an_event(client_id="c1", customer_id="77", fbp="fb.1.1793000000000.1", fbc="fb.1.1793000000000.AbC")
    )

    assert user["external_id"] == [hashed("77"), hashed("c1")]
    assert (user["fbp"], user["fbc"]) == ("fb.1.1793000000000.1", "fb.1.1793000000000.AbC")
    assert user["client_ip_address"] == "203.0.113.7"


def test_the_first_sight_of_a_click_goes_before_this_one() -> None:
    first = "fb.1.1792000000000.AbC"
    user = to_user_data(an_event(fbc=first, click_ids={"fbclid": "AbC"}))

    assert user["fbc"] == first
    assert to_user_data(an_event(click_ids={"fbclid": "AbC"}))["fbc"] == f"fb.1.{NOON}.AbC"


@pytest.mark.parametrize("address", ["unknown", "203.0.113.7, 10.0.0.1", ""])
def test_an_address_that_is_none_is_left_out(address: str) -> None:
    assert "client_ip_address" not in to_user_data(an_event(client_ip=address))


def test_skip_reasons_are_a_closed_list() -> None:
    assert len(set(SKIP_REASONS)) == len(SKIP_REASONS)


def test_a_shops_own_event_is_sent_under_the_name_its_destination_gives_it() -> None:
    destination = a_destination(custom_events={"newsletter_joined": "Lead", "page_viewed": "Odd"})

    assert meta_name(an_event(name="newsletter_joined", kind="custom"), destination) == "Lead"
    assert meta_name(an_event(name="page_viewed"), destination) == "PageView"
    assert meta_name(an_event(name="purchase", source="pixel"), a_destination(custom_events={"purchase": "x"})) is None


@pytest.mark.parametrize(
    ("told", "known", "expected"),
    [
        ({"sale_of_data": False}, {"country": "US"}, (["LDU"], 0, 0)),
        ({"sale_of_data": False}, {"user_data": {"country": hashed("us"), "st": hashed("ca")}}, (["LDU"], 1, 1000)),
        ({"sale_of_data": False}, {"country": "FR", "user_data": {"st": hashed("ca")}}, (["LDU"], 0, 0)),
        ({}, {"country": "US"}, (["LDU"], 0, 0)),  # perhaps in California
        ({}, {"country": "US", "user_data": {"st": hashed("co")}}, None),
        ({}, {"country": "US", "user_data": {"st": hashed("ny")}}, None),
        ({}, {"country": "US", "user_data": {"st": hashed("ca")}}, (["LDU"], 1, 1000)),
        ({"sale_of_data": True}, {"country": "US", "user_data": {"st": hashed("ca")}}, None),
        ({}, {"country": "FR"}, None),
        ({}, {"country": "BR"}, (["LDU"], 0, 0)),
    ],
)
def test_limited_data_use_is_by_what_was_told_and_where_the_visitor_lives(
    told: dict[str, bool], known: dict[str, Any], expected: tuple[list[str], int, int] | None
) -> None:
    allowed = {"analytics": True, "marketing": True, "preferences": None, "sale_of_data": None} | told
    destination = a_destination(limited_use_regions=["US-CA", "BR"])
    event = enriched(client_id="ada", consent=allowed, **known)

    decision = decide(event, a_shop(), destination, NOW)

    assert decision is not None
    assert decision.body is not None
    sent = orjson.loads(decision.body)
    options = tuple(sent.get(f"data_processing_options{each}") for each in ("", "_country", "_state"))
    assert options == (expected or (None, None, None))
