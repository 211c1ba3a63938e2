"""A record of ours on a topic of another kind, as a slip with a Kafka tool leaves it: nobody may stop for it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import pytest

from connectors.kafka.missing_items import MissingItems
from connectors.kafka.shops import ShopDirectory
from deploy.catalog_reading import _Reader
from deploy.processes.api_visits import _taking, new_visits
from schemas.catalog_records import SyncRequest
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.topics import TOPICS
from streams.archiving.reading import read
from streams.cataloguing.working import CatalogWorker
from streams.forwarding import parking
from streams.forwarding.rejections import events_of
from streams.records import Record
from streams.rules.catalogs import Catalog
from streams.stitching.catalog_reader import CatalogReader
from tests.archived import a_link, a_receipt, a_rejection, an_enriched_event
from tests.builders import NOON, a_product_change, a_shop, an_event, an_order
from tests.desks import a_lane
from tests.synced import a_product_receipt, a_sync_job, an_alert

CODEC: Final = Codec.from_lock()
OF_EACH_TOPIC: Final[dict[str, Any]] = {
    "EventEnvelope": {"events": [an_event()]},
    "OrderEnvelope": {"orders": [an_order()]},
    "ProductChange": a_product_change(),
    "Link": a_link(),
    "EnrichedEnvelope": {"events": [an_enriched_event()], "sessions": [], "orders": [], "timelines": []},
    "Receipt": a_receipt(),
    "Parked": a_lane(),
    "ProductReceipt": a_product_receipt(),
    "SyncRequest": SyncRequest(
        request_id="r1", shop_id="demo", catalog="main", kind="full", item_ids=[], requested_at=NOON, trigger="command"
    ),
    "SyncJob": a_sync_job(),
    "Alert": an_alert(),
    "Shop": a_shop(),
    "Rejected": a_rejection(),
}
READERS: Final[dict[str, tuple[str, Callable[[Record], Any]]]] = {
    "the shops that every process follows": ("Shop", ShopDirectory(CODEC).apply),
    "the items forward knows to be missing": ("ProductReceipt", MissingItems(CODEC).apply),
    "the catalog of stitch": ("ProductChange", CatalogReader(CODEC, Catalog()).apply),
    "the command that shows a product": ("ProductChange", _Reader(CODEC, "demo", "1").apply),
    "the visits of the api": ("EnrichedEnvelope", _taking(CODEC, new_visits())),
    "what forward has put aside": ("Parked", lambda record: parking.decoded(CODEC, record.value)),
}


def a_record(kind: str, topic: str = "shops.configured") -> Record:
    value = CODEC.encode(kind, OF_EACH_TOPIC[kind])
    return Record(topic, 0, 7, b"demo|1", value, 1.0, (), None)


def test_there_is_a_record_of_each_topic() -> None:
    assert OF_EACH_TOPIC.keys() == {topic.value for topic in TOPICS}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", OF_EACH_TOPIC)
def test_who_follows_a_topic_passes_over_what_does_not_belong_there(reader: str, kind: str) -> None:
    expected, take = READERS[reader]

    told = take(a_record(kind))

    assert told is None or kind == expected


async def test_a_request_for_a_catalog_that_is_none_is_passed_over() -> None:
    untouched: Any = SimpleNamespace()
    worker = CatalogWorker(untouched, untouched, CODEC, untouched, untouched)

    for kind in OF_EACH_TOPIC.keys() - {"SyncRequest"}:
        await worker.take(a_record(kind, "catalogs.requested"))


@pytest.mark.parametrize("kind", OF_EACH_TOPIC)
def test_forward_reads_no_other_record_as_events(kind: str) -> None:
    if kind == "EnrichedEnvelope":
        assert events_of(CODEC, a_record(kind))
        return
    with pytest.raises(TerminalError, match="undecodable"):
        events_of(CODEC, a_record(kind))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_archive_rejects_what_does_not_belong_on_a_topic(topic: Any) -> None:
    for kind in OF_EACH_TOPIC.keys() - {topic.value}:
        found = read(CODEC, a_record(kind, topic.name))

        if topic.value == "Rejected":  # it is its own rejection
            assert list(found.rowed.rows) == ["rejected"]
        else:
            assert found.rejected is not None
            assert (found.rejected["reason"], found.rejected["detail"]) == (
                "undecodable",
                f"{kind} instead of {topic.value}",
            )
