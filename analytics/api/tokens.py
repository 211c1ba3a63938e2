"""Who may ask about which shop: `API_TOKENS` and the variables it names come in, a yes or no goes out.

API_TOKENS=demo=DEMO_API_TOKEN,other=OTHER_API_TOKEN,*=ALL_SHOPS_TOKEN     names of variables, never tokens
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from schemas.errors import ConfigurationError

EVERY_SHOP: Final = "*"
SHORTEST: Final = 16
"""Characters a token must have at least."""


class Tokens:
    """The tokens, as digests; comparing takes as long whether or not one is right."""

    def __init__(self, digests: Mapping[bytes, frozenset[str]]) -> None:
        """Take the shops by digest of their token."""
        self._digests = digests

    def shops_of(self, token: str) -> frozenset[str]:
        """Tell which shops *token* opens; none if it is not one."""
        digest, found = _digest(token), frozenset[str]()
        for known, shops in self._digests.items():
            if hmac.compare_digest(known, digest):
                found = shops
        return found


def may_see(shops: frozenset[str], shop: str) -> bool:
    """Tell whether *shop* is one of *shops*."""
    return shop in shops or EVERY_SHOP in shops


def tokens_in(named: str, environment: Mapping[str, str]) -> Tokens:
    """Read the tokens *named* like `shop=VARIABLE,shop=VARIABLE` from *environment*; none open nothing.

    Raises:
        ConfigurationError: a variable is missing or its token too short; names, never values.
    """
    shops: dict[bytes, frozenset[str]] = {}
    for pair in filter(None, (each.strip() for each in named.split(","))):
        shop, _, variable = pair.partition("=")
        if not shop or not variable:
            raise ConfigurationError("API_TOKENS is not like shop=VARIABLE,shop=VARIABLE")
        token = environment.get(variable, "")
        if len(token) < SHORTEST:
            raise ConfigurationError(f"API_TOKENS names {variable}, which has less than {SHORTEST} characters")
        digest = _digest(token)
        shops[digest] = shops.get(digest, frozenset()) | {shop}
    return Tokens(shops)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
