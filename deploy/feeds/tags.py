"""Remembers what shops' products come to, so that a feed that has not changed costs next to nothing."""

from collections import defaultdict
from threading import Lock

from deploy.feeds.contents import Digested, Feed, Known, digested
from schemas.heads import Heads
from streams.rules.products_in_force import ShopProducts


class Tags:
    """Digests of shops' products by revision; may be asked by several threads."""

    def __init__(self) -> None:
        """Begin without any."""
        self._found: dict[str, tuple[int, Digested]] = {}
        self._known: defaultdict[str, dict[str, Known]] = defaultdict(dict)
        self._heads: Heads | None = None
        self._lock = Lock()

    def digested(self, feed: Feed, revision: int, taken: ShopProducts) -> Digested:
        """Digest *taken*, the products of the feed's shop at *revision*; the first time all of them are read."""
        shop_id = feed.shop["shop_id"]
        with self._lock:
            found = self._found.get(shop_id)
            if found is not None and found[0] == revision:
                return found[1]
            self._heads = self._heads or Heads(feed.codec)
            digest = digested(taken, self._known[shop_id], feed.codec, self._heads)
            if found is None or found[0] < revision:
                self._found[shop_id] = revision, digest
            return digest
