"""Was this signed with one of these secrets? Shopify, WooCommerce and BigCommerce all send an HMAC-SHA256 in base64."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Iterable
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
