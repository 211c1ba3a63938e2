"""Answers what to show: shop, product, visit or person come in, products with reasons go out, from memory.

    from analytics.recommending.serving import recommend
    recommend("demo", product="7992983748843", placement="product", n=4)

Lists and past visits are in memory and follow the newest build, and so are visits at hand where `AtHand` is given.
ClickHouse is asked for a person's profile, now and then, and for a visit that is not known whole.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from analytics.recommending.at_hand import AtHand
from analytics.recommending.building import statement
from analytics.recommending.choosing import Asked, Recommendation, choose
from analytics.recommending.models import Placement
from analytics.recommending.snapshots import Snapshot, generations_of, load, load_shelf
from connectors.clickhouse.client import connect, errors_translated
from schemas.errors import StorestreamError, TransientError
from schemas.settings import ClickHouseSettings, settings

VISIT_DAYS: Final = 2
"""How far back the events of a visit at hand are looked for."""

REMEMBERED_SECONDS: Final = 2.0
"""How long what a visit or a person did is not asked for again."""
PROFILE_SECONDS: Final = 300.0
"""As long where what came after the profile is at hand."""
MOST_REMEMBERED: Final = 10_000


class Query(NamedTuple):
    """Where something is to be shown, and to whom; what is not known is left out."""

    shop: str
    product: str | None = None
    session: str | None = None
    person: str | None = None
    placement: Placement = "product"
    n: int = 10
    strategy: str | None = None


class _History(NamedTuple):
    seen: list[str]
    carted: list[str]
    bought: list[str]
    categories: list[str]


class Recommender:
    """Serves every shop. Threads may share it; a shop is read at its first question, then every *refresh_seconds*."""

    def __init__(
        self, clickhouse: ClickHouseSettings, *, refresh_seconds: float = 30.0, at_hand: AtHand | None = None
    ) -> None:
        """Take where ClickHouse is, and what is known of visits at hand; nothing is opened yet."""
        self._clickhouse, self._refresh_seconds, self._at_hand = clickhouse, refresh_seconds, at_hand
        self._snapshots: dict[str, tuple[float, Snapshot]] = {}
        self._loading, self._connecting = threading.Lock(), threading.Lock()
        self._refreshing: set[str] = set()
        self._asked: dict[tuple[str, ...], tuple[float, list[tuple[Any, ...]]]] = {}
        self._client: Any = None

    def recommend(self, query: Query) -> list[Recommendation]:
        """Choose at most *query.n* products, each with its reason.

        Raises:
            ValueError: session or person is no UUID.
            TransientError: ClickHouse does not answer, and the shop was never read.
            TerminalError: ClickHouse refuses.
        """
        try:
            history = self._history(query)
        except TransientError:  # what is popular is a better answer than none
            history = _History([], [], [], [])
        in_cart = query.placement == "cart" and history.carted
        asked = Asked(
            placement=query.placement,
            n=query.n,
            product=query.product,
            seen=history.carted if in_cart else history.seen,
            excluded=frozenset((*history.bought, *history.carted)),
            categories=history.categories,
            strategy=query.strategy,
        )
        return choose(self._snapshot(query.shop), asked, time.time())

    def refresh(self, shop: str) -> None:
        """Read the newest build and the stock of *shop* now. Raises as `recommend`."""
        with self._loading, errors_translated():
            client = self._connected()
            _, known = self._snapshots.get(shop, (0.0, None))
            if known is None or known.generations != generations_of(client, shop):
                snapshot = load(client, shop)
            else:
                snapshot = known._replace(shelf=load_shelf(client, shop))
            self._snapshots[shop] = (time.monotonic(), snapshot)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _snapshot(self, shop: str) -> Snapshot:
        if shop not in self._snapshots:
            self.refresh(shop)
        read_at, snapshot = self._snapshots[shop]
        if time.monotonic() - read_at > self._refresh_seconds and shop not in self._refreshing:
            self._refreshing.add(shop)
            threading.Thread(target=self._refresh_behind, args=(shop,), daemon=True).start()
        return snapshot

    def _refresh_behind(self, shop: str) -> None:
        try:
            self.refresh(shop)
        except StorestreamError:  # the old snapshot goes on; try again after the same while
            self._snapshots[shop] = (time.monotonic(), self._snapshots[shop][1])
        finally:
            self._refreshing.discard(shop)

    def _history(self, query: Query) -> _History:
        history = _History([], [], [], [])
        if query.person is not None:
            rows = self._ask("person", shop=query.shop, person=str(UUID(query.person)))
            for viewed, carted, bought, categories in rows:
                history = _History(list(reversed(viewed)), list(reversed(carted)), bought, categories)
            if self._at_hand is not None:
                history = _after(history, self._at_hand.person(query.shop, str(UUID(query.person))))
        if query.session is not None:
            history = _after(history, self._visit(query.shop, str(UUID(query.session))))
        return history

    def _visit(self, shop: str, session: str) -> Sequence[tuple[Any, ...]]:
        known = self._at_hand.visit(shop, session) if self._at_hand is not None else None
        return known if known is not None else self._ask("visit", shop=shop, session=session)

    def _ask(self, name: str, **parameters: str) -> list[tuple[Any, ...]]:
        """Ask, or answer as a moment ago: a page asks for several placements at once."""
        key, now = (name, *parameters.values()), time.monotonic()
        known = self._asked.get(key)
        fresh = PROFILE_SECONDS if name == "person" and self._at_hand is not None else REMEMBERED_SECONDS
        if known is not None and now - known[0] < fresh:
            return known[1]
        since = datetime.now(UTC) - timedelta(days=VISIT_DAYS)
        given = parameters if name == "person" else parameters | {"since": since}
        with errors_translated():
            rows: list[tuple[Any, ...]] = self._connected().query(_statement(name), given).result_rows
        if len(self._asked) >= MOST_REMEMBERED:
            self._asked.clear()
        self._asked[key] = (now, rows)
        return rows

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = connect(self._clickhouse)
            return self._client


def _after(history: _History, rows: Iterable[tuple[Any, ...]]) -> _History:
    """Add what the visit at hand did to what is known of the person."""
    seen, carted, bought = list(history.seen), list(history.carted), list(history.bought)
    for name, product in rows:
        if name == "product_viewed":
            seen.append(product)
        elif name == "purchase":
            bought.append(product)
        if product in carted and name != "product_viewed":
            carted.remove(product)
        if name == "product_added_to_cart":
            carted.append(product)
    return history._replace(seen=seen, carted=carted, bought=bought)


_statement = cache(statement)


def recommend(shop: str, **about: Any) -> list[Recommendation]:
    """Ask once, for scripts: *about* are the fields of `Query`. Raises as `Recommender.recommend`."""
    with closing(Recommender(settings(ClickHouseSettings))) as recommender:
        return recommender.recommend(Query(shop, **about))
