"""Values the archive meets, for tests: complete, ordinary, and different only where a test says so."""

import time
from typing import Any
from uuid import uuid4

from schemas.identifiers import session_id, visitor_id
from schemas.records import EnrichedEvent, Link, Order, ProductFacts, Receipt, Rejected, Session, Timeline
from tests.builders import NOON, an_event, an_item

CLIENT = "ece6cea2-0914-4dcd-8345-8d64ce97b76b"
VISITOR = visitor_id("demo", CLIENT)
SESSION = session_id(VISITOR, "sh-first")


def some_facts(**changes: Any) -> ProductFacts:
    """What the catalog says about the bracelet."""
    facts = ProductFacts(
        known=True,
        product_id="7992983748843",
        variant_id="43751530397931",
        title="Bracelet, blue",
        image_url="https://shop.example/blue.jpg",
        category="Jewellery",
        brand="Acme Ltd",
        price=39.99,
        currency="EUR",
        sku="BR-BLUE",
        status="active",
        catalog_version=NOON - 1,
    )
    return facts | changes  # type: ignore[return-value]


def an_enriched_event(**changes: Any) -> EnrichedEvent:
    """A product view in a visit; *changes* are of the event, or of what stands beside it."""
    beside: dict[str, Any] = {
        name: changes.pop(name) for name in ("session_id", "person_id", "products", "late") if name in changes
    }
    event = an_event(**changes)
    enriched = EnrichedEvent(
        event=event,
        session_id=SESSION,
        person_id=event["visitor_id"],
        products=[some_facts()],
        late=False,
        retracted=False,
    )
    return enriched | beside  # type: ignore[return-value]


def a_session(**changes: Any) -> Session:
    """A visit of one page."""
    session = Session(
        shop_id="demo",
        session_id=str(uuid4()),
        visitor_id=VISITOR,
        client_id=CLIENT,
        customer_id=None,
        started_at=NOON,
        ended_at=NOON + 60_000,
        events=2,
        page_views=1,
        product_views=1,
        cart_additions=0,
        checkouts=0,
        purchases=0,
        entry_url="https://shop.example/products/bracelet?utm_source=google",
        referrer="https://www.google.com/",
        utm={"source": "google", "medium": "cpc"},
        click_ids={"gclid": "x1"},
        device="mobile",
        country="DE",
        language="de",
        version=3,
        deleted=False,
        merged_into=None,
    )
    return session | changes  # type: ignore[return-value]


def an_order_row(**changes: Any) -> Order:
    """A matched order of two bracelets."""
    order = Order(
        shop_id="demo",
        order_id="5396439498987",
        checkout_token="864ef6919a4214321240c177707a01f7",
        cart_token=None,
        customer_id="6940095086827",
        client_id=CLIENT,
        visitor_id=VISITOR,
        session_id=SESSION,
        ordered_at=NOON,
        updated_at=NOON + 5,
        status="paid",
        match="matched",
        value=85.98,
        currency="EUR",
        totals={"subtotal": 80.0, "shipping": 5.98},
        coupon=None,
        items=[an_item(quantity=2)],
        seen_in_webhook_at=NOON + 2_000,
        seen_in_pixel_at=NOON + 300,
        purchase_event_id=str(uuid4()),
        version=7,
        sales_channel="web",
    )
    return order | changes  # type: ignore[return-value]


def a_timeline(**changes: Any) -> Timeline:
    """One browser, nobody's at first, then one customer's."""
    timeline = Timeline(
        shop_id="demo",
        visitor_id=VISITOR,
        client_id=CLIENT,
        starts=[NOON, NOON + 1_000],
        customers=["", "6940095086827"],
        version=2,
    )
    return timeline | changes  # type: ignore[return-value]


def a_link(**changes: Any) -> Link:
    """A browser used a checkout."""
    link = Link(
        link_id=str(uuid4()),
        shop_id="demo",
        action="link",
        identifier_type="checkout",
        identifier="864ef6919a4214321240c177707a01f7",
        visitor_id=VISITOR,
        client_id=CLIENT,
        checkout_token="864ef6919a4214321240c177707a01f7",
        order_id=None,
        customer_id=None,
        session_id=SESSION,
        reason="checkout",
        event_id="sh-1",
        occurred_at=NOON,
        received_at=NOON + 250,
        event=None,
    )
    return link | changes  # type: ignore[return-value]


def a_receipt(**changes: Any) -> Receipt:
    """Meta took a purchase."""
    receipt = Receipt(
        shop_id="demo",
        event_id="sh-1",
        event_name="Purchase",
        destination="meta",
        status="accepted",
        reason=None,
        http_status=200,
        code=None,
        subcode=None,
        trace_id="Atrace",
        attempts=1,
        batch_id="b1",
        payload_hash="h1",
        latency_ms=41,
        occurred_at=NOON,
        sent_at=NOON + 3_000,
        value=42.99,
        currency="EUR",
        order_id="5396439498987",
        test=False,
        source_partition=1,
        source_offset=17,
        action_source="website",
    )
    return receipt | changes  # type: ignore[return-value]


def a_rejection(**changes: Any) -> Rejected:
    """Ingest could not read a body."""
    rejected = Rejected(
        rejection_id=str(uuid4()),
        shop_id="demo",
        stage="ingest",
        reason="bad_json",
        field="events.2",
        detail=None,
        payload=b"{",
        content_type="text/plain",
        topic=None,
        partition=None,
        offset=None,
        received_at=int(time.time() * 1000),  # the table keeps them 90 days
    )
    return rejected | changes  # type: ignore[return-value]
