"""Keeps the catalog in memory by following `products.changed`."""

from typing import Any

import structlog

from schemas.codec import Codec
from schemas.errors import TerminalError
from streams.rules.catalogs import Catalog

log = structlog.get_logger()


class CatalogReader:
    """Applies each record of the topic to a catalog; one that does not decode is reported and passed over."""

    def __init__(self, codec: Codec, catalog: Catalog) -> None:
        """Take the *catalog* to fill."""
        self._codec = codec
        self._catalog = catalog

    def apply(self, record: Any) -> None:
        """Take one Kafka record."""
        if record.value is None:  # compaction has forgotten it, and so do we
            self._catalog.forget(record.key or b"")
            return
        try:
            self._catalog.apply(self._codec.decode_as("ProductChange", record.value))
        except TerminalError as exc:
            log.error("product change undecodable", reason=exc.reason, partition=record.partition, offset=record.offset)
