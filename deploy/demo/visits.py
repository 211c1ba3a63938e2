"""One visit of one shopper: the pages seen, the cart, the checkout, as what the pixel and the shop would send."""

import random
from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple

from deploy.demo.banner import EXPERIMENT, WITH_NOTE, variant_of
from deploy.demo.catalogue import Product
from deploy.demo.people import Shopper, a_uuid, an_arrival, hexadecimal
from deploy.demo.wire import (
    SHOP_HOST,
    Buyer,
    Device,
    Line,
    custom_event,
    pixel_event,
    to_cart_line,
    to_checkout,
    to_order_webhook,
    to_variant,
)

SECOND: Final = 1000

GOES_WITH: Final = 0.35
"""How often who put a product into the cart looks at the one that goes with it."""
TOGETHER: Final = 0.6
"""How often it then goes into the cart too."""
NOTE_HELPS: Final = 0.15
"""How much likelier the note in the cart makes a checkout."""

Channel = Literal[
    "pixel",
    "gif",
    "orders/create",
    "orders/paid",
    "products/create",
    "products/update",
    "products/delete",
    "inventory_levels/update",
]


class Sending(NamedTuple):
    """Something a browser or the shop sends at a moment (milliseconds): *lane* keeps one sender's order."""

    at: int
    lane: str
    channel: Channel
    body: Any
    event_ids: tuple[str, ...] = ()
    order_id: str = ""


class Visit:
    """Walks one visit and collects what is sent; `walk` gives it in the order it happens."""

    def __init__(self, rng: random.Random, shopper: Shopper, device: Device, buyer: Buyer, start: int) -> None:
        """Begin at *start* on *device*; *buyer* is who pays, if anyone does."""
        self._rng = rng
        self._shopper = shopper
        self._device = device
        self._buyer = buyer
        self._clock = start
        self._url, self._referrer = an_arrival(rng)
        self._click_url = self._url
        self._lines: list[Line] = []

    def walk(self, catalogue: list[Product]) -> Iterator[Sending]:
        """Browse, perhaps fill a cart, perhaps buy."""
        yield self._page(("page_viewed", {}))
        looks = self._rng.choices((0, 1, 2, 3, 5, 8), (35, 25, 16, 11, 8, 5))[0]
        if looks and self._rng.random() < 0.5:
            yield self._listing(catalogue)
        for product in self._rng.choices(catalogue, [each.appeal for each in catalogue], k=looks):
            yield from self._look_at(product)
            if any(line.product is product for line in self._lines) and self._rng.random() < GOES_WITH:
                yield from self._look_at(_companion(catalogue, product), appeal=TOGETHER)
        if self._lines:
            yield from self._see_the_cart()

    def _see_the_cart(self) -> Iterator[Sending]:
        self._go("/cart")
        cart = "c1-" + hexadecimal(self._rng, 32)
        viewed = {"cart": {"id": cart, "lines": [to_cart_line(each) for each in self._lines]}}
        variant = variant_of(self._device.client_id)
        exposed = {"experiment": EXPERIMENT, "variant": variant}
        yield self._page(("page_viewed", {}), ("cart_viewed", viewed), ("experiment_viewed", exposed))
        helped = NOTE_HELPS if variant == WITH_NOTE else 0
        if self._rng.random() < 0.3 + helped + 0.4 * self._shopper.eagerness:
            yield from self._check_out(cart)

    def _look_at(self, product: Product, *, appeal: float | None = None) -> Iterator[Sending]:
        self._go(f"/products/{product.handle}")
        variant = self._rng.choice(product.variants)
        yield self._page(("page_viewed", {}), ("product_viewed", {"productVariant": to_variant(product, variant)}))
        if self._rng.random() < (appeal or product.appeal * (0.3 + self._shopper.eagerness)):
            line = Line(product, variant, self._rng.choices((1, 2, 3), (85, 12, 3))[0])
            self._lines.append(line)
            yield self._page(("product_added_to_cart", {"cartLine": to_cart_line(line)}))
            if self._rng.random() < 0.06:
                self._lines.remove(line)
                yield self._page(("product_removed_from_cart", {"cartLine": to_cart_line(line)}))

    def _listing(self, catalogue: list[Product]) -> Sending:
        shown = [to_variant(each, each.variants[0]) for each in self._rng.sample(catalogue, 6)]
        if self._rng.random() < 0.3:
            words = self._rng.choice(catalogue).title.split()
            query = self._rng.choice(words).lower()
            self._go(f"/search?q={query}")
            return self._page(("search_submitted", {"searchResult": {"query": query, "productVariants": shown}}))
        kind = shown[0]["product"]["type"]
        self._go(f"/collections/{kind.lower()}")
        collection = {"id": "", "title": kind, "productVariants": shown}
        return self._page(("page_viewed", {}), ("collection_viewed", {"collection": collection}))

    def _check_out(self, cart: str) -> Iterator[Sending]:
        token, order_id = hexadecimal(self._rng, 32), self._rng.randint(5_100_000_000_000, 5_900_000_000_000)
        self._go(f"/checkouts/cn/{cart}")
        yield self._page(("page_viewed", {}), ("checkout_started", {"checkout": to_checkout(self._lines, token, None)}))
        known = {"checkout": to_checkout(self._lines, token, self._buyer)}
        for step, share in (
            ("checkout_contact_info_submitted", 0.9),
            ("checkout_address_info_submitted", 0.95),
            ("checkout_shipping_info_submitted", 0.95),
            ("payment_info_submitted", 0.92),
        ):
            if self._rng.random() > share:
                return
            yield self._page((step, known))
        yield from self._buy(token, cart, order_id)

    def _buy(self, token: str, cart: str, order_id: int) -> Iterator[Sending]:
        self._clock += self._rng.randint(2, 20) * SECOND
        ordered_at, luck = self._clock, self._rng.random()
        completed = {"checkout": to_checkout(self._lines, token, self._buyer, order_id)}
        order = {"order_id": order_id, "token": token, "cart": cart, "at": ordered_at, "status": "paid"}
        # The webhook overtakes the browser in a quarter of the orders; one thank-you page in ten is never loaded.
        delay = -1 if luck < 0.25 else self._rng.randint(1, 8)
        steps: tuple[tuple[Channel, int], ...] = (("orders/create", 0), ("orders/paid", 1))
        for topic, later in steps:
            body = to_order_webhook(
                self._lines, self._buyer, self._device, **order, updated_at=ordered_at + later * SECOND
            )
            at = ordered_at + (delay + later) * SECOND
            yield Sending(at, f"order {order_id}", topic, body, order_id=str(order_id))
        if luck < 0.9:
            yield self._page(("checkout_completed", completed))

    def _go(self, path: str) -> None:
        self._url = f"https://{SHOP_HOST}{path}"
        self._clock += self._rng.randint(4, 90) * SECOND

    def _page(self, *events: tuple[str, dict[str, Any]]) -> Sending:
        """What one page of the browser sends in one request, wrapped as our pixel does."""
        wrapped, ids = [], []
        for name, body in events:
            self._clock += self._rng.randint(1, 900)
            event_id = "sh-" + a_uuid(self._rng)
            ids.append(event_id)
            make = custom_event if name == "experiment_viewed" else pixel_event
            event = make(self._device, self._clock, name, body, event_id=event_id, url=self._url)
            event["context"]["document"]["referrer"] = self._referrer
            wrapped.append(self._wrapped(event))
        self._referrer = self._url
        return Sending(self._clock, self._device.client_id, "pixel", wrapped, tuple(ids))

    def _wrapped(self, event: dict[str, Any]) -> dict[str, Any]:
        consents = self._shopper.consents
        consent = {
            "analyticsProcessingAllowed": True,
            "marketingAllowed": consents,
            "preferencesProcessingAllowed": True,
            "saleOfDataAllowed": consents,
        }
        customer = None
        if self._shopper.logs_in and self._buyer.customer_id:
            customer = {"id": str(self._buyer.customer_id), "email": self._buyer.email}
        browser = {"fbp": self._device.fbp, "fbc": None, "url": self._click_url}
        return {
            "event": event,
            "customer": customer,
            "consent": consent,
            "browser": browser,
            "sent_at": self._clock + 40,
        }


def _companion(catalogue: list[Product], product: Product) -> Product:
    return catalogue[min(catalogue.index(product) ^ 1, len(catalogue) - 1)]
