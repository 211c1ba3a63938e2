"""Stitching: events and orders become visits of people, with products and purchases.

In: events.received, orders.received, identities.linked, and the catalog from products.changed. Out: events.enriched,
identities.linked, records.rejected; two tables, `visitors` and `checkouts`. Run it with `storestream run stitch`.
"""

import gc
from typing import NoReturn

from streams.outbox import Outbox
from streams.records import Records
from streams.stitching.metrics import COLLECTORS
from streams.stitching.worker import READ_TOPICS, Tables, at_work
from streams.tables import Table
from streams.worker import agent, create_app, run

app = create_app("stitch")
app.collectors = COLLECTORS
_outbox = Outbox(app)
_tables = Tables(Table(app, "visitors", _outbox), Table(app, "checkouts", _outbox))


@agent(app, *READ_TOPICS)
async def stitch(records: Records) -> None:
    """Say of every event whose visit it was and what it was about, and of every order, once, that it was bought."""
    async with at_work(app, _outbox, _tables, records) as worker:
        async for record in records:
            await worker.take(record)


def main() -> NoReturn:
    """Run the worker until it is told to stop."""
    # Decoded states are many small objects that live long and hold no cycles: to look for some there every few
    # envelopes took a quarter of the time. https://docs.python.org/3/library/gc.html#gc.freeze
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    run(app)


if __name__ == "__main__":
    main()
