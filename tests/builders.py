"""Values for tests: complete, ordinary, and different only where a test says so."""

from typing import Any
from uuid import uuid4

from schemas.identifiers import visitor_id
from schemas.records import Event, Item, OrderReceived, Product, ProductChange, Shop, Variant

NOON = 1_793_000_000_000  # 2026-10-26, in milliseconds
MINUTE = 60_000


def an_item(**changes: Any) -> Item:
    """One blue bracelet."""
    item = Item(
        product_id="7992983748843",
        variant_id="43751530397931",
        sku="BR-BLUE",
        title="Bracelet",
        variant_title="Blue",
        vendor="Acme",
        category="Bracelets",
        price=42.99,
        quantity=1,
        currency="EUR",
        image_url=None,
    )
    return item | changes  # type: ignore[return-value]


def an_event(**changes: Any) -> Event:
    """A product view of one browser at the shop `demo`."""
    client = changes.get("client_id", "ece6cea2-0914-4dcd-8345-8d64ce97b76b")
    event = Event(
        shop_id="demo",
        event_id=f"sh-{uuid4()}",
        name="product_viewed",
        kind="standard",
        source="pixel",
        seq=None,
        client_id=client,
        visitor_id=visitor_id(changes.get("shop_id", "demo"), client),
        occurred_at=NOON,
        reported_at=None,
        sent_at=None,
        received_at=changes.get("occurred_at", NOON) + 250,
        customer_id=None,
        checkout_token=None,
        cart_token=None,
        order_id=None,
        url="https://shop.example/products/bracelet",
        referrer=None,
        title="Bracelet",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        client_ip="203.0.113.7",
        language="en",
        country=None,
        fbp=None,
        fbc=None,
        utm={},
        click_ids={},
        consent=None,
        user_data={},
        value=42.99,
        currency="EUR",
        totals={},
        items=[an_item()],
        search_query=None,
        collection_id=None,
        properties=None,
        sales_channel=None,
    )
    return event | changes  # type: ignore[return-value]


def an_order(**changes: Any) -> OrderReceived:
    """A paid order of one bracelet."""
    order = OrderReceived(
        shop_id="demo",
        order_id="5396439498987",
        topic="orders/paid",
        delivery_id=str(uuid4()),
        checkout_token="864ef6919a4214321240c177707a01f7",
        cart_token="c1-864ef6919a4214321240c177707a01f8",
        customer_id="6940095086827",
        occurred_at=NOON,
        updated_at=NOON,
        received_at=changes.get("occurred_at", NOON) + 2_000,
        status="paid",
        cancelled_at=None,
        first_order=True,
        value=42.99,
        currency="EUR",
        totals={"subtotal": 42.99},
        coupon=None,
        items=[an_item()],
        client_ip="203.0.113.7",
        user_agent=None,
        landing_url=None,
        referrer=None,
        country="DE",
        user_data={},
        attributes={},
        sales_channel="web",
    )
    return order | changes  # type: ignore[return-value]


def a_product_change(**changes: Any) -> ProductChange:
    """The bracelet as its shop tells it."""
    variant = Variant(
        variant_id="43751530397931",
        sku="BR-BLUE",
        title="Blue",
        price=42.99,
        compare_at_price=None,
        barcode=None,
        image_url="https://shop.example/blue.jpg",
        inventory_item_id="4711",
        inventory_quantity=12,
        options={"Color": "Blue"},
        url=None,
        images=[],
        inventory_tracked=None,
        available=None,
        backorders=None,
        metafields={},
    )
    product = Product(
        title="Bracelet",
        description=None,
        handle="bracelet",
        url=None,
        status="active",
        brand="Acme",
        category="Bracelets",
        tags=[],
        image_url="https://shop.example/bracelet.jpg",
        currency="EUR",
        variants=[variant],
        categories=["Bracelets"],
        collections=[],
        images=[],
        preorder_at=None,
        metafields={},
    )
    change = ProductChange(
        shop_id="demo",
        product_id="7992983748843",
        action="upsert",
        source="shopify",
        delivery_id=str(uuid4()),
        occurred_at=NOON,
        received_at=NOON + 1_000,
        product=product,
        inventory=None,
    )
    return change | changes  # type: ignore[return-value]


def a_shop(**changes: Any) -> Shop:
    """The shop `demo`, with one write key and no destination."""
    shop = Shop(
        shop_id="demo",
        domains=["demo.myshopify.com"],
        write_keys=["wk_demo"],
        webhook_secret_envs=["SHOPIFY_SECRET_DEMO"],
        currency="EUR",
        country="DE",
        time_zone="Europe/Berlin",
        session_gap_seconds=1800,
        day_boundary=False,
        purchase_hold_seconds=120,
        require_consent=False,
        destinations=[],
        updated_at=NOON,
        deleted=False,
        shopify=None,
        woocommerce=None,
        bigcommerce=None,
        campaign_boundary=True,
        checkout_browsers=10,
        customer_browsers=100,
        visitor_days=400,
        checkout_days=90,
        catalogs=[],
    )
    return shop | changes  # type: ignore[return-value]
