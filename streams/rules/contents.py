"""Which product changes say something new: floods of deliveries without a change are told apart by a content hash.

It belongs where a key's state is kept and all its changes come by in order: in a worker, per partition of
`products.changed`. At the door every process sees only some deliveries, and after two changes that undo one another the
last one would look like a repetition of the first.
"""

from hashlib import blake2b

import orjson

from schemas.records import EpochMillis, ProductChange


def content_hash(change: ProductChange) -> bytes:
    """Digest what *change* says of the shop, and nothing of how or when it was told. 16 bytes."""
    said = [change["shop_id"], change["product_id"], change["action"], change["product"], change["inventory"]]
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


class Contents:
    """What every key said last, as its version and its hash: some 100 bytes a key."""

    def __init__(self) -> None:
        """Begin without any."""
        self._known: dict[bytes, tuple[EpochMillis, bytes]] = {}

    def is_new(self, key: bytes, change: ProductChange) -> bool:
        """Take *change* and tell whether the key says something else than before; an older change says nothing new.

        A newer delivery of the same content moves the version on, so that what was told in between stays old.
        """
        known, said = self._known.get(key), content_hash(change)
        if known is not None and known[0] > change["occurred_at"]:
            return False
        self._known[key] = (change["occurred_at"], said)
        return known is None or known[1] != said

    def forget(self, key: bytes) -> None:
        """Forget a key that compaction has forgotten."""
        self._known.pop(key, None)
