"""What a pixel event becomes: identifiers, products, money, times, campaign, consent."""

import json
from typing import Any

import pytest

from connectors.ingest.batches import Refusal, to_events
from connectors.ingest.mapping import BELIEVED_FUTURE_MS, BELIEVED_PAST_MS, Visit, believed
from connectors.ingest.wire.names import ADVANCED_DOM, DOM, STANDARD
from schemas.identifiers import visitor_id
from schemas.records import Event
from tests.builders import NOON, a_shop
from tests.doors import a_checkout, a_pixel_event

VISIT = Visit(shop=a_shop(), received_at=NOON, client_ip="203.0.113.7", user_agent="Requester/1.0")


def mapped(value: Any, visit: Visit = VISIT) -> Event:
    events, refusals = to_events(json.dumps(value).encode(), visit, max_events=10)
    assert refusals == []
    (event,) = events
    return event


def refused(value: Any) -> Refusal:
    events, refusals = to_events(json.dumps(value).encode(), VISIT, max_events=10)
    assert events == []
    (refusal,) = refusals
    return refusal


def a_checkout_event(**changes: Any) -> dict[str, Any]:
    return a_pixel_event(name="checkout_completed", data={"checkout": a_checkout(**changes)})


def test_a_product_view_is_read_whole() -> None:
    event = mapped(a_pixel_event())

    assert event["shop_id"] == "demo"
    assert event["visitor_id"] == visitor_id("demo", event["client_id"])
    assert (event["kind"], event["source"], event["seq"]) == ("standard", "pixel", 7)
    assert (event["value"], event["currency"]) == (42.99, "EUR")
    assert (event["language"], event["user_agent"], event["client_ip"]) == ("en-US", "Mozilla/5.0", "203.0.113.7")
    assert event["url"] == "https://shop.example/products/bracelet"
    assert event["referrer"] == "https://search.example/"
    assert event["items"] == [
        {
            "product_id": "7992983748843",
            "variant_id": "43751530397931",
            "sku": "BR-BLUE",
            "title": "Bracelet",
            "variant_title": "Blue",
            "vendor": "Acme",
            "category": "Bracelets",
            "price": 42.99,
            "quantity": 1,
            "currency": "EUR",
            "image_url": "https://cdn.example/blue.jpg",
        }
    ]


def test_a_checkout_says_its_tokens_totals_and_customer() -> None:
    event = mapped(a_checkout_event())

    assert event["checkout_token"] == "864ef6919a4214321240c177707a01f7"
    assert (event["order_id"], event["customer_id"]) == ("5396439498987", "6816454410318")
    assert (event["value"], event["currency"]) == (90.88, "EUR")
    assert event["totals"] == {"subtotal": 85.98, "tax": 13.73, "shipping": 4.9}
    assert [(item["variant_id"], item["quantity"]) for item in event["items"]] == [("43751530397931", 2)]
    assert set(event["user_data"]) == {"em", "ph", "fn", "ln", "ct", "zp", "country"}


@pytest.mark.parametrize(
    ("order_id", "digits"),
    [
        ("5183136301134", "5183136301134"),
        ("gid://shopify/OrderIdentity/539", "539"),
        (539, "539"),
        ("", None),
        (None, None),
    ],
)
def test_every_form_of_an_order_id_becomes_its_digits(order_id: Any, digits: str | None) -> None:
    assert mapped(a_checkout_event(order={"id": order_id}))["order_id"] == digits


def test_what_old_runtimes_leave_out_or_send_empty_is_no_error() -> None:
    event = mapped(
        a_checkout_event(order={}, shippingAddress={}, shippingLine={"price": {}}, totalTax={"amount": 0}, phone=None)
    )

    assert event["order_id"] is None
    assert event["totals"] == {"subtotal": 85.98, "tax": 0}


def test_a_currency_of_none_is_none() -> None:
    event = mapped(a_checkout_event(currencyCode="XXX", totalPrice={"amount": 100, "currencyCode": "XXX"}))

    assert event["currency"] is None


def test_ids_sent_as_integers_are_texts() -> None:
    variant = a_pixel_event()["data"]["productVariant"] | {"id": 788032119674292922}

    event = mapped(a_pixel_event(id=123, clientId=456, data={"productVariant": variant}))

    assert (event["event_id"], event["client_id"]) == ("123", "456")
    assert event["items"][0]["variant_id"] == "788032119674292922"


def test_the_page_of_all_products_has_no_collection() -> None:
    data = {"collection": {"id": "", "title": "Products", "productVariants": []}}

    assert mapped(a_pixel_event(name="collection_viewed", data=data))["collection_id"] is None


def test_a_search_says_what_was_looked_for_without_an_address_in_it() -> None:
    data = {"searchResult": {"query": "gift for jane.doe@example.com", "productVariants": []}}

    event = mapped(a_pixel_event(name="search_submitted", data=data))

    assert event["search_query"] == "gift for [redacted]"


@pytest.mark.parametrize("name", ["product_added_to_cart", "product_removed_from_cart"])
def test_a_cart_line_is_worth_what_it_costs(name: str) -> None:
    merchandise = a_pixel_event()["data"]["productVariant"]
    line = {"quantity": 3, "merchandise": merchandise}

    priced = mapped(a_pixel_event(name=name, data={"cartLine": line | {"cost": {"totalAmount": {"amount": 100.0}}}}))
    unpriced = mapped(a_pixel_event(name=name, data={"cartLine": line}))

    assert (priced["value"], priced["currency"]) == (100.0, "EUR")
    assert (unpriced["value"], unpriced["items"][0]["quantity"]) == (128.97, 3)


def test_a_cart_carries_its_token() -> None:
    data = {
        "cart": {
            "id": "Z2NwLXVzLWVhc3QxOjAxSg",
            "lines": [],
            "cost": {"totalAmount": {"amount": 5, "currencyCode": "EUR"}},
        }
    }

    assert mapped(a_pixel_event(name="cart_viewed", data=data))["cart_token"] == "Z2NwLXVzLWVhc3QxOjAxSg"


@pytest.mark.parametrize("name", sorted(STANDARD | DOM | ADVANCED_DOM))
def test_all_32_standard_names_are_accepted_with_their_kind(name: str) -> None:
    expected = "standard" if name in STANDARD else "dom" if name in DOM else "advanced-dom"

    assert mapped(a_pixel_event(name=name, type=expected, data={}, context=None))["kind"] == expected
    assert len(STANDARD | DOM | ADVANCED_DOM) == 32


def test_custom_events_keep_their_body() -> None:
    event = mapped(a_pixel_event(name="quiz:finished", type="custom", data=None, customData={"score": 3, "of": [1, 2]}))

    assert event["kind"] == "custom"
    assert json.loads(event["properties"] or "") == {"score": 3, "of": [1, 2]}


def test_a_name_shopify_adds_later_is_accepted_as_it_comes() -> None:
    event = mapped(a_pixel_event(name="wishlist_viewed", type="standard", data={"cart": "of another form"}))

    assert event["kind"] == "standard"
    assert json.loads(event["properties"] or "") == {"cart": "of another form"}


def test_what_was_typed_into_a_page_is_not_kept() -> None:
    element = {"id": "CustomerEmail", "type": "text", "tagName": "INPUT", "value": "my grandmother's maiden name"}

    event = mapped(a_pixel_event(name="input_changed", type="dom", data={"element": element}))

    assert json.loads(event["properties"] or "") == {
        "element": {"id": "CustomerEmail", "type": "text", "tagName": "INPUT"}
    }


@pytest.mark.parametrize(
    ("skew", "occurred", "reported"),
    [
        (0, NOON, None),
        (BELIEVED_FUTURE_MS, NOON + BELIEVED_FUTURE_MS, None),
        (BELIEVED_FUTURE_MS + 1, NOON, NOON + BELIEVED_FUTURE_MS + 1),
        (-BELIEVED_PAST_MS, NOON - BELIEVED_PAST_MS, None),
        (-BELIEVED_PAST_MS - 1, NOON, NOON - BELIEVED_PAST_MS - 1),
    ],
)
def test_a_clock_is_believed_within_bounds_and_else_its_claim_is_kept(
    skew: int, occurred: int, reported: int | None
) -> None:
    assert believed(NOON + skew, NOON) == (occurred, reported)


def test_campaign_and_clicks_are_read_from_the_url_in_their_own_case() -> None:
    url = "https://shop.example/?utm_source=news&UTM_Medium=mail&utm_campaign=Hi&fbclid=IwAR0AbC&gclid=Cj0&email=a%40b.example"
    page = {"document": {"location": {"href": url}}}

    event = mapped(a_pixel_event(context=page))

    assert event["utm"] == {"source": "news", "medium": "mail", "campaign": "Hi"}
    assert event["click_ids"] == {"fbclid": "IwAR0AbC", "gclid": "Cj0"}
    assert event["url"] is not None
    assert "a%40b.example" not in event["url"]


def test_the_wrapper_adds_customer_consent_and_browser() -> None:
    wrapper = {
        "event": a_pixel_event(),
        "customer": {"id": 6940095086827, "email": "Jane.Doe@Example.com"},
        "consent": {
            "analyticsProcessingAllowed": True,
            "marketingAllowed": False,
            "preferencesProcessingAllowed": True,
            "saleOfDataAllowed": False,
        },
        "browser": {"fbp": "fb.1.1700000000000.1234567890", "fbc": "fb.1.1700000000.IwAR0", "url": None},
        "sent_at": "2026-10-26T06:13:21Z",
    }

    event = mapped(wrapper)

    assert event["customer_id"] == "6940095086827"
    assert event["consent"] == {"analytics": True, "marketing": False, "preferences": True, "sale_of_data": False}
    assert (event["fbp"], event["fbc"]) == ("fb.1.1700000000000.1234567890", "fb.1.1700000000000.IwAR0")
    assert event["sent_at"] == 1_792_995_201_000
    assert list(event["user_data"]) == ["em"]


def test_consent_may_be_written_our_way_and_in_part() -> None:
    event = mapped({"event": a_pixel_event(), "consent": {"marketing": True, "sale_of_data": None}})

    assert event["consent"] == {"analytics": None, "marketing": True, "preferences": None, "sale_of_data": None}


def test_a_malformed_browser_id_costs_only_itself() -> None:
    event = mapped({"event": a_pixel_event(), "browser": {"fbp": "GA1.2.3", "fbc": "undefined"}})

    assert (event["fbp"], event["fbc"]) == (None, None)


@pytest.mark.parametrize("junk", ["null", "undefined", "0", "anonymous", "", " ", "jane@example.com"])
def test_junk_identifiers_become_nothing(junk: str) -> None:
    event = mapped(
        {
            "event": a_checkout_event(token=junk, order={"id": junk, "customer": {"id": junk}}),
            "customer": {"id": junk},
        }
    )

    assert (event["checkout_token"], event["order_id"], event["customer_id"]) == (None, None, None)


@pytest.mark.parametrize("junk", ["null", "undefined", "0", "anonymous", " ", "jane@example.com"])
@pytest.mark.parametrize("field", ["id", "clientId"])
def test_an_event_or_a_browser_named_by_junk_is_refused(field: str, junk: str) -> None:
    refusal = refused(a_pixel_event(**{field: junk}))

    assert (refusal.reason, refusal.field) == ("bad_value", field)


@pytest.mark.parametrize("prefix", ["", "event."])
@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"id": None}, "missing_field", "id"),
        ({"id": 1.5}, "wrong_type", "id"),
        ({"id": True}, "wrong_type", "id"),
        ({"id": "x" * 256}, "too_large", "id"),
        ({"name": 5}, "wrong_type", "name"),
        ({"name": ""}, "bad_value", "name"),
        ({"clientId": ["a"]}, "wrong_type", "clientId"),
        ({"timestamp": "yesterday"}, "bad_value", "timestamp"),
        ({"timestamp": "2026-10-26T06:13:20"}, "bad_value", "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "bad_value", "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59-14:00"}, "bad_value", "timestamp"),
        ({"timestamp": []}, "wrong_type", "timestamp"),
        ({"timestamp": 10**17}, "bad_value", "timestamp"),
        ({"seq": "7"}, "wrong_type", "seq"),
        ({"seq": 2**63}, "bad_value", "seq"),
        ({"type": 1}, "wrong_type", "type"),
        ({"context": "here"}, "wrong_type", "context"),
        ({"context": {"navigator": {"userAgent": 5}}}, "wrong_type", "context.navigator.userAgent"),
        ({"context": {"window": {"innerHeight": "553"}}}, "wrong_type", "context.window.innerHeight"),
        ({"data": None}, "missing_field", "data"),
        ({"data": []}, "wrong_type", "data"),
        ({"data": {"productVariant": []}}, "wrong_type", "data.productVariant"),
        ({"data": {"productVariant": {"price": {"amount": "42"}}}}, "wrong_type", "data.productVariant.price.amount"),
        ({"data": {"productVariant": {"price": {"amount": 1e15}}}}, "bad_value", "data.productVariant.price.amount"),
        ({"data": {"productVariant": {"price": {"amount": 1e30}}}}, "too_large", "data.productVariant.price.amount"),
        ({"data": {"checkout": {"token": {}}}}, "wrong_type", "data.checkout.token"),
        ({"data": {"cart": {"lines": [{}, {"quantity": "1"}]}}}, "wrong_type", "data.cart.lines.1.quantity"),
        ({"data": {"cart": {"lines": [{"quantity": 2**40}]}}}, "bad_value", "data.cart.lines.0.quantity"),
        ({"data": {"cart": {"totalQuantity": -1}}}, "bad_value", "data.cart.totalQuantity"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_by_its_path(prefix: str, changes: dict[str, Any], reason: str, field: str) -> None:
    event = a_pixel_event(**changes)

    refusal = refused({"event": event} if prefix else event)

    assert (refusal.reason, refusal.field) == (reason, prefix + field)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer": []}, "customer"),
        ({"customer": {"email": 5}}, "customer.email"),
        ({"consent": {"marketingAllowed": "yes"}}, "consent.marketingAllowed"),
        ({"browser": {"fbp": 1}}, "browser.fbp"),
        ({"sent_at": {}}, "sent_at"),
        ({"event": "product_viewed"}, "event"),
    ],
)
def test_a_wrong_field_of_the_wrapper_is_named(changes: dict[str, Any], field: str) -> None:
    assert refused({"event": a_pixel_event()} | changes).field == field


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"deeper": value}
    return value


@pytest.mark.parametrize(
    "custom", [nested(200), {"long": "x" * 70_000}, {"k" * 300: 1}, list(range(30_000)), {"number": 10**25}]
)
def test_what_is_deeper_longer_or_larger_than_we_read_is_refused(custom: Any) -> None:
    refusal = refused(a_pixel_event(name="quiz", data=None, customData=custom))

    assert refusal.reason == "too_large"
    assert refusal.field.startswith("customData")


def test_custom_data_larger_than_we_carry_is_refused() -> None:
    refusal = refused(a_pixel_event(name="quiz", data=None, customData=["é" * 4_000] * 10))

    assert (refusal.reason, refusal.field) == ("too_large", "customData")


def test_unknown_members_are_ignored_at_every_level() -> None:
    event = a_pixel_event(new=1)
    event["data"]["productVariant"]["price"]["new"] = {"a": [1]}

    assert mapped(event)["value"] == 42.99
