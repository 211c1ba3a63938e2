"""What a shop has set about identities and orders, and what holds for a shop that is not known."""

from typing import Final

from streams.rules.checkouts import MAX_VISITORS
from streams.stitching.outcomes import Shops

DEFAULT_HOLD_SECONDS: Final = 120
DEFAULT_VISITOR_DAYS: Final = 400
DEFAULT_CHECKOUT_DAYS: Final = 90
DEFAULT_CUSTOMER_BROWSERS: Final = 100
_LASTING: Final = ("order:", "customer:")


def hold_seconds(shops: Shops, shop_id: str) -> int:
    """Tell how long *shop_id* lets a purchase wait for its other half."""
    shop = shops.get(shop_id)
    return shop["purchase_hold_seconds"] if shop is not None else DEFAULT_HOLD_SECONDS


def visitor_days(shops: Shops, shop_id: str) -> int:
    """Tell for how many days *shop_id* remembers a browser it hears nothing of."""
    shop = shops.get(shop_id)
    return shop["visitor_days"] if shop is not None else DEFAULT_VISITOR_DAYS


def place_days(shops: Shops, shop_id: str, place: str) -> int:
    """Tell for how many days *shop_id* remembers a checkout, a cart, an order or a customer it hears nothing of.

    An order as long as browsers: shops change orders long after they were made, and the next word on one that was
    forgotten would be a purchase once more, of no visit.
    """
    shop = shops.get(shop_id)
    days = shop["checkout_days"] if shop is not None else DEFAULT_CHECKOUT_DAYS
    return max(days, visitor_days(shops, shop_id)) if place.startswith(_LASTING) else days


def most_browsers(shops: Shops, shop_id: str) -> int:
    """Tell how many browsers may use one checkout of *shop_id* before it says nothing of them."""
    shop = shops.get(shop_id)
    return shop["checkout_browsers"] if shop is not None else MAX_VISITORS


def most_browsers_of_customer(shops: Shops, shop_id: str) -> int:
    """Tell on how many browsers of *shop_id* one customer id is believed."""
    shop = shops.get(shop_id)
    return shop["customer_browsers"] if shop is not None else DEFAULT_CUSTOMER_BROWSERS
