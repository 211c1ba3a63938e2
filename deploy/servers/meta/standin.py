"""Everything the stand-in knows while it runs."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.servers.meta.access import Access
from deploy.servers.meta.catalog.catalogs import Catalogs
from deploy.servers.meta.catalog.journal import CatalogJournal
from deploy.servers.meta.journal import Journal
from deploy.servers.meta.received import Delivery, Received
from deploy.servers.meta.stage import Stage


@dataclass
class StandIn:
    """Who may call, what is played, what there is, and how requests were answered. *clock* is Unix seconds."""

    access: Access
    received: Received = field(default_factory=Received)
    catalogs: Catalogs = field(default_factory=Catalogs)
    stage: Stage = field(default_factory=Stage)
    journal: Journal | None = None
    catalog_journal: CatalogJournal | None = None
    clock: Callable[[], float] = time.time
    answers: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if self.journal is not None:
            self.received.restore(self.journal.records())
        if self.catalog_journal is not None:
            self.catalogs.restore(self.catalog_journal)

    def take(self, delivery: Delivery) -> None:
        """Keep the events of an accepted request, also in the journal when there is one."""
        records = self.received.take(delivery)
        if self.journal is not None:
            self.journal.append(records)

    def forget(self) -> None:
        """Start anew: no events, no copies known, no counts."""
        self.received.clear()
        self.answers.clear()
        self.errors.clear()
        if self.journal is not None:
            self.journal.clear()
