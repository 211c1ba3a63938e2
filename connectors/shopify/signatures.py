"""Is this webhook Shopify's? https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify"""

from collections.abc import Mapping

from connectors.storefronts.signatures import is_signed

__all__ = ("header", "is_signed")


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Find `X-Shopify-<name>` or its newer form `shopify-<name>`; case does not matter."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or None
