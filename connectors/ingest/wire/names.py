"""The names Shopify gives to events, and the kind each is of.

https://shopify.dev/docs/api/web-pixels-api/standard-events
"""

from typing import Final

STANDARD: Final = frozenset(
    {
        "page_viewed",
        "product_viewed",
        "collection_viewed",
        "search_submitted",
        "product_added_to_cart",
        "product_removed_from_cart",
        "cart_viewed",
        "checkout_started",
        "checkout_contact_info_submitted",
        "checkout_address_info_submitted",
        "checkout_shipping_info_submitted",
        "payment_info_submitted",
        "checkout_completed",
        "alert_displayed",
        "ui_extension_errored",
    }
)
DOM: Final = frozenset({"clicked", "form_submitted", "input_blurred", "input_changed", "input_focused"})
ADVANCED_DOM: Final = frozenset(
    f"advanced_dom_{what}"
    for what in (
        "available",
        "changed",
        "clicked",
        "clipboard",
        "form_submitted",
        "input_blurred",
        "input_changed",
        "input_focused",
        "mouse_moved",
        "scrolled",
        "selection_changed",
        "window_resized",
    )
)
SHOPIFYS: Final = STANDARD | DOM | ADVANCED_DOM
"""The 32 names whose data has a form we know; any other name is taken as it comes."""
WITHOUT_DATA: Final = frozenset({"page_viewed", "advanced_dom_window_resized"})
"""Their data is `{}` by design, and old pixels leave it out."""
KINDS: Final = ("standard", "dom", "advanced-dom")
"""And `custom`: any other name."""


def kind_of(name: str, claimed: str | None) -> str:
    """Tell an event's kind: by its name if that is one of Shopify's 32, else as it claims, else custom."""
    if name in STANDARD:
        return "standard"
    if name in DOM:
        return "dom"
    if name in ADVANCED_DOM:
        return "advanced-dom"
    return claimed if claimed in KINDS else "custom"
