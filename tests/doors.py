"""The door with fakes behind it: shops that are there, a sink that remembers, requests without a network."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.ingest.app import create_app
from connectors.ingest.bodies import read_body
from connectors.kafka.shops import ShopDirectory
from connectors.shopify.admin import AdminClient
from connectors.shopify.thin import ThinTopics
from connectors.shopify.webhooks import WebhookDoor
from schemas.codec import Codec
from schemas.errors import ConfigurationError, TransientError
from schemas.records import Event, OrderReceived, ProductChange, Rejected, Shop
from schemas.settings import IngestSettings
from tests.builders import a_shop

CODEC = Codec.from_lock()
SECRETS = {"SHOPIFY_SECRET_DEMO": b"hush", "SHOPIFY_SECRET_NEXT": b"next"}


class FakeShops(ShopDirectory):
    """Shops as if their topic had been read."""

    def __init__(self, *shops: Shop, is_complete: bool = True) -> None:
        super().__init__(CODEC)
        self.is_complete = is_complete
        for shop in shops:
            self.put(shop)


class FakeSink:
    """Remembers what Kafka would hold, and encodes it as Kafka's writer would; `down` makes it refuse."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.rejected: list[Rejected] = []
        self.orders: list[OrderReceived] = []
        self.products: list[ProductChange] = []
        self.bytes: list[bytes] = []
        self.down: str | None = None

    async def take(self, events: Sequence[Event], rejected: Sequence[Rejected]) -> None:
        self._check()
        self.bytes += [CODEC.encode_bare("Event", event) for event in events]
        for each in rejected:
            CODEC.encode("Rejected", each)
        self.events += events
        self.rejected += rejected

    async def take_order(self, order: OrderReceived) -> None:
        self._check()
        self.bytes.append(CODEC.encode_bare("OrderReceived", order))
        self.orders.append(order)

    async def take_product(self, change: ProductChange) -> None:
        self._check()
        self.bytes.append(CODEC.encode("ProductChange", change))
        self.products.append(change)

    async def take_rejected(self, rejected: Rejected) -> None:
        await self.take([], [rejected])

    async def missing(self) -> dict[str, str]:
        return {"kafka": self.down} if self.down else {}

    def _check(self) -> None:
        if self.down:
            raise TransientError(self.down, 2.5)


def no_api(shop: Shop) -> AdminClient:
    raise ConfigurationError(f"nobody may ask {shop['shop_id']}")


def a_door(
    sink: FakeSink, *shops: Shop, is_complete: bool = True, thin: ThinTopics | None = None, **settings: Any
) -> Starlette:
    """The door of the shop `demo`, or of *shops*; *settings* are `IngestSettings`."""

    async def read_webhook(request: Any) -> bytes:
        return await read_body(request, max_bytes=8 * 1024 * 1024)

    known = FakeShops(*(shops or (a_shop(),)), is_complete=is_complete)
    webhooks = WebhookDoor(
        known,
        sink,
        lambda names: [SECRETS[name] for name in names if name in SECRETS],
        read_webhook,
        thin or ThinTopics(no_api),
    )
    return create_app(known, sink, IngestSettings(**settings), webhooks.routes())


@asynccontextmanager
async def calling(door: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of *door*; what it raises inside is a 500, as from a real server."""
    transport = httpx.ASGITransport(door, raise_app_exceptions=False, client=("198.51.100.9", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        yield client


def a_pixel_event(**changes: Any) -> dict[str, Any]:
    """A product view as Shopify hands it to a pixel."""
    page = {"href": "https://shop.example/products/bracelet", "host": "shop.example", "search": ""}
    variant = {
        "id": "43751530397931",
        "sku": "BR-BLUE",
        "title": "Blue",
        "price": {"amount": 42.99, "currencyCode": "EUR"},
        "image": {"src": "//cdn.example/blue.jpg"},
        "product": {"id": "7992983748843", "title": "Bracelet", "type": "Bracelets", "vendor": "Acme"},
    }
    event = {
        "id": "sh-024b01ff-8DDC-45F4-20DC-E9E3078E8B14",
        "name": "product_viewed",
        "type": "standard",
        "clientId": "ece6cea2-0914-4dcd-8345-8d64ce97b76b",
        "timestamp": "2026-10-26T06:13:20.000Z",
        "seq": 7,
        "data": {"productVariant": variant},
        "context": {
            "document": {"location": page, "referrer": "https://search.example/", "title": "Bracelet"},
            "navigator": {"language": "en-US", "userAgent": "Mozilla/5.0"},
            "window": {"innerHeight": 553, "scrollY": 1050.2857666015625, "location": page},
        },
    }
    return event | changes


def a_checkout(**changes: Any) -> dict[str, Any]:
    """A checkout of two bracelets by somebody."""
    line = {
        "id": "43751530397931",
        "quantity": 2,
        "title": "Bracelet",
        "variant": a_pixel_event()["data"]["productVariant"],
        "discountAllocations": [],
    }
    checkout = {
        "token": "864ef6919a4214321240c177707a01f7",
        "currencyCode": "EUR",
        "email": "jane.doe@example.com",
        "phone": "+49 170 1234567",
        "lineItems": [line],
        "order": {"id": "gid://shopify/OrderIdentity/5396439498987", "customer": {"id": "6816454410318"}},
        "shippingAddress": {
            "firstName": "Jane",
            "lastName": "Doebelin",
            "address1": "Fictional Way 7",
            "city": "Kleinmachnow",
            "zip": "14532",
            "countryCode": "DE",
            "phone": "+49 170 7654321",
        },
        "subtotalPrice": {"amount": 85.98, "currencyCode": "EUR"},
        "totalTax": {"amount": 13.73},
        "shippingLine": {"price": {"amount": 4.9, "currencyCode": "EUR"}},
        "totalPrice": {"amount": 90.88, "currencyCode": "EUR"},
    }
    return checkout | changes
