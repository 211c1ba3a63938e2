"""The archive: what the other processes say on Kafka becomes rows in ClickHouse, each exactly once.

In: events.enriched, identities.linked, products.changed, conversions.delivered, products.synced, catalogs.synced,
alerts.raised, records.rejected. Out: the tables of `analytics/migrations`; rows that ClickHouse refuses go to
records.rejected. Run it with `storestream run archive`.
"""

import gc
from typing import NoReturn

from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.ranges import RangeStore
from connectors.clickhouse.rows import TOPICS
from connectors.clickhouse.sink import Sink
from connectors.kafka.registry import codec
from schemas.settings import ArchiveSettings, ClickHouseSettings, KafkaSettings, RegistrySettings, settings
from streams.archiving.archiver import Archiver
from streams.archiving.buffer import Limits
from streams.outbox import Outbox
from streams.records import Records
from streams.worker import agent, create_app, run

app = create_app("archive", buffer_records=1024)
_outbox = Outbox(app)
_inserter = Inserter(settings(ClickHouseSettings))
_sink = Sink(_inserter, RangeStore(_inserter, app.conf.id))
_gathering = settings(ArchiveSettings)


@agent(app, *TOPICS)
async def archive(records: Records) -> None:
    """Put every record into ClickHouse."""
    words = await codec(settings(RegistrySettings), settings(KafkaSettings))
    limits = Limits(_gathering.rows, _gathering.linger_seconds)
    await Archiver(_sink, words, _outbox, limits).run(records)


def main() -> NoReturn:
    """Run the worker until it is told to stop."""
    # Rows are many, live shortly and make no cycles: looking for some after every 700 objects cost a sixth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    run(app)
