"""Who may ask about which shop: `API_TOKENS` and the variables it names come in, a yes or no goes out.

API_TOKENS=demo=DEMO_API_TOKEN,other=OTHER_API_TOKEN,*=ALL_SHOPS_TOKEN     names of variables, never tokens
API_TOKENS=demo=DEMO_API_TOKEN,demo:admin=DEMO_ADMIN_TOKEN                 the second may change things, too
"""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from schemas.errors import ConfigurationError

EVERY_SHOP: Final = "*"
ADMIN: Final = "admin"
SHORTEST: Final = 16
"""Characters a token must have at least."""


class Rights(NamedTuple):
    """The shops a token may *read* of, and those of them it may *change* something at."""

    read: frozenset[str] = frozenset()
    change: frozenset[str] = frozenset()


class Tokens:
    """The tokens, as digests; comparing takes as long whether or not one is right."""

    def __init__(self, digests: Mapping[bytes, Rights]) -> None:
        """Take the rights by digest of their token."""
        self._digests = digests

    def rights_of(self, token: str) -> Rights:
        """Tell what *token* opens; nothing if it is not one."""
        digest, found = _digest(token), Rights()
        for known, rights in self._digests.items():
            if hmac.compare_digest(known, digest):
                found = rights
        return found


def is_among(shops: frozenset[str], shop: str) -> bool:
    """Tell whether *shop* is one of *shops*."""
    return shop in shops or EVERY_SHOP in shops


def tokens_in(named: str, environment: Mapping[str, str]) -> Tokens:
    """Read the tokens *named* like `shop=VARIABLE,shop:admin=VARIABLE` from *environment*; none open nothing.

    Raises:
        ConfigurationError: a variable is missing or its token too short; names, never values.
    """
    found: dict[bytes, Rights] = {}
    for pair in filter(None, (each.strip() for each in named.split(","))):
        whom, _, variable = pair.partition("=")
        shop, colon, right = whom.partition(":")
        if not shop or not variable or (colon and right != ADMIN):
            raise ConfigurationError("API_TOKENS is not like shop=VARIABLE,shop:admin=VARIABLE")
        token = environment.get(variable, "")
        if len(token) < SHORTEST:
            raise ConfigurationError(f"API_TOKENS names {variable}, which has less than {SHORTEST} characters")
        digest = _digest(token)
        read, change = found.get(digest, Rights())
        found[digest] = Rights(read | {shop}, change | {shop} if right else change)
    return Tokens(found)


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
