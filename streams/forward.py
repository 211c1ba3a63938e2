"""Forward: what shoppers did becomes conversions at Meta, and each conversion leaves a receipt.

In: events.enriched, shops.configured, products.synced, its own receipts, and conversions.parked, where it keeps what a
destination that is down has yet to get. Out: requests to Meta, conversions.delivered. What cannot be read goes to
records.rejected. Run it with `storestream run forward`.
"""

from functools import partial
from typing import NoReturn

from connectors.kafka.missing_items import following_missing_items
from connectors.kafka.registry import codec
from connectors.kafka.shops import following
from connectors.meta.client import MetaClient
from schemas.settings import KafkaSettings, MetaSettings, RegistrySettings, settings
from schemas.topics import EVENTS_ENRICHED
from streams.failing import following_ended
from streams.forwarding.assembling import Parts, assembled
from streams.forwarding.ground import Known
from streams.forwarding.metrics import COLLECTORS
from streams.forwarding.routes import Routes
from streams.forwarding.stopping import forward_until_stopped
from streams.outbox import Outbox
from streams.records import Records
from streams.worker import agent, create_app, run

app = create_app("forward", buffer_records=256)
app.collectors = COLLECTORS
_outbox = Outbox(app)
_kafka, _meta, _registry = settings(KafkaSettings), settings(MetaSettings), settings(RegistrySettings)


@agent(app, EVENTS_ENRICHED.name)
async def forward(records: Records) -> None:
    """Send each event to its shop's destinations, and keep a receipt of what became of it."""
    words = await codec(_registry, _kafka)
    directory = following(_kafka, words, failed=following_ended)
    items = following_missing_items(_kafka, words, failed=following_ended)
    async with directory as shops, items as missing, MetaClient(_meta) as client:
        routes = Routes(client, _meta, shops)
        generation = partial(getattr, app, "consumer_generation_id")
        forwarder, lots = assembled(
            Parts(_kafka, words, _outbox, Known(shops, missing), routes), generation, records.ack
        )
        await forward_until_stopped(app, records, forwarder, routes, lots)


def main() -> NoReturn:
    """Run the worker until it is told to stop."""
    run(app)
