"""Everything one catalog's leader knows: its settings, its receipts, what is on its way and what is to be done."""

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.catalog_records import Catalog
from schemas.records import EpochMillis, Shop
from streams.cataloguing.ledger import Ledger
from streams.cataloguing.queues import Queue
from streams.cataloguing.receipts import Order, Place, place_of


@dataclass(eq=False)
class Flight:
    """A batch that Meta works on. *next_at*: when to ask again, as `time.monotonic()`."""

    handle: str
    orders: list[Order]
    sent_at: EpochMillis
    next_at: float = 0.0
    polls: int = 0


@dataclass(eq=False)
class Book:
    """What is known of one catalog; *partition* is that of all its records."""

    shop: Shop
    catalog: Catalog
    partition: int
    knows: Callable[[str], bool] = lambda _: True
    """Whether a product is in force, deleted or not; of others, nothing is deleted but by a run."""
    is_shared: Callable[[], bool] = lambda: False
    """Whether another catalog of ours has the same number at Meta: what it has sent stands for products too."""
    ledger: Ledger = field(default_factory=Ledger)
    queue: Queue = field(default_factory=Queue)
    flights: dict[str, Flight] = field(default_factory=dict)
    in_air: set[str] = field(default_factory=set)
    """Items in a request or in a flight: nothing else is sent of them meanwhile."""
    again: set[str] = field(default_factory=set)
    """Products to look at once more when one of their items lands."""
    resting: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Item -> until when nothing is sent of it, and its product: Meta failed at it for what may pass."""
    claims: dict[str, set[str]] = field(default_factory=dict)
    """Item -> products that want its id too, which another product has."""
    forced: set[str] = field(default_factory=set)
    """Items to be sent although nothing says they differ."""
    job_id: str | None = None
    """The run that what is sent now belongs to."""
    forcing: bool = False
    """Whether that run sends everything it has not sent itself."""

    @property
    def place(self) -> Place:
        """Name it."""
        return place_of(self.shop["shop_id"], self.catalog)

    @property
    def label(self) -> str:
        """Name it in logs and metrics."""
        return f"{self.shop['shop_id']}/{self.catalog['name']}"

    def is_forced(self, item_id: str, job_id: str | None) -> bool:
        """Tell whether an item that the run *job_id* sent last is to be sent although it is as it should be."""
        return item_id in self.forced or (self.forcing and job_id != self.job_id)

    def release(self, item_id: str, product_id: str) -> None:
        """Let an item go that was on its way."""
        self.in_air.discard(item_id)
        if product_id in self.again:
            self.again.discard(product_id)
            self.queue.mark(product_id)
        for claimant in self.claims.pop(item_id, ()):
            self.queue.mark(claimant)
