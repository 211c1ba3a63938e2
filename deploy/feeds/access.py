"""Who may fetch a feed: the token that the request bears beside the one the catalog names."""

import hmac
import os
from base64 import b64decode
from hashlib import sha256
from typing import Final

import structlog
from starlette.requests import Request

from schemas.catalog_records import Catalog

SHORTEST_TOKEN: Final = 16
"""Characters a token must have at least; one that is shorter opens nothing."""

log = structlog.get_logger()


def feed_token(catalog: Catalog) -> str | None:
    """Read the token of a catalog's feed from the environment; None where there is none, or none that will do."""
    named = catalog["feed_token_env"]
    token = os.environ.get(named, "") if named else ""
    return token if len(token) >= SHORTEST_TOKEN else None


def may_fetch(request: Request, catalog: Catalog) -> bool:
    """Tell whether the request bears the token; comparing takes as long whether or not it does."""
    wanted = feed_token(catalog)
    if wanted is None:
        log.error("feed token missing or too short", variable=catalog["feed_token_env"], characters=SHORTEST_TOKEN)
        return False
    given = sha256(_borne(request).encode()).digest()
    return hmac.compare_digest(given, sha256(wanted.encode()).digest())


def _borne(request: Request) -> str:
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        return _password(rest.strip())
    return request.query_params.get("token", "")


def _password(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:  # also of what is no base64, and of bytes that are no text
        return ""
