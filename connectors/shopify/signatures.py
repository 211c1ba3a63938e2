"""Is this webhook Shopify's? https://shopify.dev/docs/apps/build/webhooks/subscribe/https#step-2-validate-the-origin-of-your-webhook-to-ensure-its-coming-from-shopify"""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping
from hashlib import sha256


def is_signed(body: bytes, signature: str, secrets: Iterable[bytes]) -> bool:
    """Tell whether *signature* (base64 of an HMAC-SHA256 over the raw *body*) was made with one of *secrets*.

    During a rotation two are valid. An empty secret is none: anybody could sign with it.
    """
    try:
        given = b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    # Every secret is tried, so that the time taken does not tell which one is right.
    matches = [hmac.compare_digest(given, hmac.digest(secret, body, sha256)) for secret in secrets if secret]
    return any(matches)


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Find `X-Shopify-<name>` or its newer form `shopify-<name>`; case does not matter."""
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or None
