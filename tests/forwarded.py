"""Values that forward meets, for tests: complete, ordinary, and different only where a test says so."""

import asyncio
import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from connectors.meta.failures import Accepted, Failure
from connectors.meta.mapping import Terms
from connectors.meta.parcels import Outcome, Parcel
from connectors.meta.wire import Conversion
from schemas.records import Destination, EnrichedEvent, ProductFacts
from schemas.settings import MetaSettings
from tests.builders import an_event

NOW = 1_793_000_000.0  # 2026-10-26, as tests.builders.NOON


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def a_destination(**changes: Any) -> Destination:
    """A pixel that takes everything."""
    destination = Destination(
        name="meta",
        pixel_id="1234567890",
        token_env="META_TOKEN_DEMO",
        test_event_code=None,
        events=[],
        content_id_template="{variant_id}",
        content_type="product",
        unknown_products="send",
        custom_events={},
        limited_use_regions=[],
    )
    return destination | changes  # type: ignore[return-value]


def some_facts(**changes: Any) -> ProductFacts:
    """What the catalog knows of the bracelet."""
    facts = ProductFacts(
        known=True,
        product_id="7992983748843",
        variant_id="43751530397931",
        title="Bracelet",
        image_url=None,
        category="Jewellery",
        brand="Acme Ltd",
        price=39.99,
        currency="EUR",
        sku="BR-BLUE",
        status="active",
        catalog_version=1,
    )
    return facts | changes  # type: ignore[return-value]


def enriched(products: list[ProductFacts] | None = None, **changes: Any) -> EnrichedEvent:
    """A product view that the catalog knows about; *changes* are of the event."""
    event = an_event(**changes)
    facts = products if products is not None else [some_facts() for _ in event["items"]]
    return {"event": event, "session_id": "s", "person_id": "p", "products": facts, "late": False, "retracted": False}


def some_terms(**changes: Any) -> Terms:
    """The shop `demo` in Germany; *changes* are of the destination."""
    return Terms(a_destination(**changes), "DE", "https://shop.example/")


def a_conversion(**changes: Any) -> Conversion:
    """A product view that Meta would take at `NOW`."""
    conversion = Conversion(
        event_name="ViewContent",
        event_time=int(NOW),
        event_id="sh-1",
        action_source="website",
        event_source_url="https://shop.example/products/bracelet",
        user_data={"external_id": [hashed("ada")], "client_user_agent": "Mozilla/5.0"},
    )
    return conversion | changes  # type: ignore[return-value]


def some_parcels(*names: str) -> list[Parcel]:
    """Parcels of events that have just happened, their names for bodies."""
    return [Parcel(name.encode(), int(time.time())) for name in names]


def some_settings(**changes: Any) -> MetaSettings:
    """Hardly any linger, one request at a time."""
    chosen = {"batch_size": 1000, "linger_seconds": 0.005, "requests_in_flight": 1} | changes
    return MetaSettings.model_construct(**{**MetaSettings.model_construct().model_dump(), **chosen})


class FakeMeta:
    """Answers by *rule*: what it gets is a list of event names; remembers what it was asked and what it took."""

    def __init__(self, rule: Callable[[list[str]], Accepted | Failure | None]) -> None:
        self._rule = rule
        self.asked: list[list[str]] = []
        self.taken: list[str] = []

    async def send(self, destination: Destination, events: Sequence[bytes]) -> Accepted | Failure:
        names = [event.decode() for event in events]
        self.asked.append(names)
        answer = self._rule(names) or Accepted(200, "trace")
        if isinstance(answer, Accepted):
            self.taken += names
        return answer


class Ledger:
    """Keeps what was settled, by event name."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Outcome]] = {}
        self._settled = asyncio.Event()

    async def settle(self, parcels: Sequence[Parcel], outcome: Outcome) -> None:
        for parcel in parcels:
            self.outcomes.setdefault(parcel.body.decode(), []).append(outcome)
        self._settled.set()

    async def until_settled(self, count: int, seconds: float = 20) -> None:
        """Wait until *count* events have been settled."""
        async with asyncio.timeout(seconds):
            while len(self.outcomes) < count:
                self._settled.clear()
                await self._settled.wait()

    def statuses(self) -> dict[str, str]:
        """Status by name; fails when one was settled twice."""
        assert all(len(each) == 1 for each in self.outcomes.values())
        return {name: each[0].status for name, each in self.outcomes.items()}
