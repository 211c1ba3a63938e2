"""Catalog: every product change reaches the shop's catalogs at Meta, and each item leaves a receipt.

In: products.changed, shops.configured, catalogs.requested, and its own receipts and runs. Out: requests to Meta;
products.synced, catalogs.synced, alerts.raised; products.changed, where an older state stands behind a newer one. Run
it with `storestream run catalog`.
"""

from typing import NoReturn

from schemas.settings import CatalogSettings, KafkaSettings, MetaSettings, RegistrySettings, settings
from schemas.topics import CATALOGS_REQUESTED
from streams.cataloguing.metrics import COLLECTORS
from streams.cataloguing.working import Parts, at_work
from streams.outbox import Outbox
from streams.records import Records
from streams.worker import agent, create_app, run

app = create_app("catalog", buffer_records=256)
app.collectors = COLLECTORS
_outbox = Outbox(app)
_kafka, _registry = settings(KafkaSettings), settings(RegistrySettings)
_meta, _chosen = settings(MetaSettings), settings(CatalogSettings)


@agent(app, CATALOGS_REQUESTED.name)
async def catalog(records: Records) -> None:
    """Lead the catalogs of the partitions at hand, and do what is asked of them."""
    async with at_work(app, _outbox, Parts(_kafka, _registry, _meta, _chosen)) as worker:
        async for record in records:
            await worker.take(record)


def main() -> NoReturn:
    """Run the worker until it is told to stop."""
    run(app)
