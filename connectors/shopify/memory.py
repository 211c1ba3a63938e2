"""Products' collections and metafields as they were last asked for, so that a flood of webhooks asks seldom.

Shopify sends `products/update` with every order. Such a one differs from the one before in stock alone, and an order
changes no collection and no metafield: what is remembered is true. Any other may come of a change of just those.
"""

from collections import Counter, OrderedDict
from hashlib import sha256
from typing import Final, NamedTuple

import orjson

from connectors.shopify.additions import Additions
from connectors.shopify.deliveries import Delivery
from schemas.records import EpochMillis, Product, ProductChange

KEPT_MILLIS: Final = 600_000
"""How long an answer counts as true: no webhook tells of all that an automated collection gains and loses."""
CLOCKS_MILLIS: Final = 5_000
"""How far Shopify's clock may be from ours, and its API behind its webhooks."""
MOST_ASKED: Final = 10
"""Questions about one product within `ASKED_MILLIS`: beyond, whoever floods us with updates does not make us flood."""
ASKED_MILLIS: Final = 60_000
MOST_CHARACTERS: Final = 32 * 1024 * 1024
_OF_EACH: Final = 500
"""What an answer costs beside its texts."""

_Key = tuple[str, str]


class _Told(NamedTuple):
    """A product in short: its *stock*, and the *rest*, without collections and metafields, as digests."""

    stock: bytes
    rest: bytes


class _Answer(NamedTuple):
    additions: Additions
    asked_at: EpochMillis
    outdated: int
    """How often the shop's answers had been outdated when it was asked for."""
    told: _Told
    """The last webhook that it was true for."""
    earlier: tuple[EpochMillis, ...]
    """When it was asked for, the last `MOST_ASKED` times."""


class AdditionsMemory:
    """Remembers answers of *most_characters* altogether; those that were used last stay."""

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        """Begin without any."""
        self._most = most_characters
        self._characters = 0
        self._answers: OrderedDict[_Key, _Answer] = OrderedDict()
        self._outdated: Counter[str] = Counter()

    def of(self, change: ProductChange) -> Additions | None:
        """Return what is remembered of the product that *change* is about, however old it is."""
        answer = self._answers.get(_key(change))
        return answer.additions if answer else None

    def reliable(self, change: ProductChange, delivery: Delivery) -> Additions | None:
        """Return what is remembered of the product, if it is true for this delivery, or was asked for often enough."""
        answer, product = self._answers.get(_key(change)), change["product"]
        if answer is None or product is None or answer.outdated < self._outdated[change["shop_id"]]:
            return None
        told, before = _told(product), answer.told
        asked_after = delivery.triggered_at is not None and answer.asked_at > delivery.triggered_at + CLOCKS_MILLIS
        is_true = asked_after or (told.rest == before.rest and told.stock != before.stock)
        often = len(answer.earlier) == MOST_ASKED and delivery.received_at - answer.earlier[0] < ASKED_MILLIS
        if delivery.received_at - answer.asked_at > KEPT_MILLIS or not (is_true or often):
            return None
        self._answers[_key(change)] = answer._replace(told=told) if is_true else answer
        self._answers.move_to_end(_key(change))
        return answer.additions

    def learn(
        self, change: ProductChange, additions: Additions, asked_at: EpochMillis, *, outdated: int = 0
    ) -> Additions:
        """Remember *additions* of the product, and return them; or a later answer, if one is known.

        *asked_at* is not after they were asked for, and *outdated* is what `outdated` returned before that.
        """
        key, product = _key(change), change["product"]
        former = self._answers.get(key)
        if former is not None and former.asked_at > asked_at:
            return former.additions
        if product is not None:
            self._characters += _size(additions) - (_size(former.additions) if former else 0)
            earlier = ((former.earlier if former else ()) + (asked_at,))[-MOST_ASKED:]
            self._answers[key] = _Answer(additions, asked_at, outdated, _told(product), earlier)
            self._answers.move_to_end(key)
        while self._characters > self._most:
            self._characters -= _size(self._answers.popitem(last=False)[1].additions)
        return additions

    def outdate(self, shop_id: str) -> None:
        """Rely on nothing of a shop that was asked before; it is kept for when its API is away.

        They are counted, for a clock cannot tell what was asked just before from what was just after.
        """
        self._outdated[shop_id] += 1

    def outdated(self, shop_id: str) -> int:
        """Tell how often a shop's answers were outdated."""
        return self._outdated[shop_id]


def _key(change: ProductChange) -> _Key:
    return change["shop_id"], change["product_id"]


def _told(product: Product) -> _Told:
    stock = [each["inventory_quantity"] for each in product["variants"]]
    variants = [each | {"inventory_quantity": None} for each in product["variants"]]
    return _Told(_digest(stock), _digest(product | {"variants": variants, "collections": [], "metafields": {}}))


def _digest(value: object) -> bytes:
    return sha256(orjson.dumps(value)).digest()


def _size(additions: Additions) -> int:
    texts = (*additions.collections, *additions.metafields, *additions.metafields.values())
    return _OF_EACH + sum(map(len, texts))
