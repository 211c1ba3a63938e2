"""Gives a sink its records in batches, to be acknowledged by hand once they are where they should be.

    async for batch in unacked(records, 10_000, within_seconds=0.5):
        await until_accepted(clickhouse.insert, rows(batch))
        records.ack(*batch)

To have several batches on their way, start their tasks in an `asyncio.TaskGroup` around the loop: what a task of
`asyncio.create_task` raises would be heard by nobody, and its batch stay open for ever.

Faust's own `take` acknowledges in a `finally`, so also when the insert was cut off, and its values have no offsets.
"""

import asyncio
from collections.abc import AsyncIterator

from streams.records import Record, Records


async def unacked(records: Records, max_records: int, *, within_seconds: float) -> AsyncIterator[list[Record]]:
    """Gather up to *max_records*, waiting at most *within_seconds* after the first. Never an empty list.

    Records of all partitions come mixed, each partition's in order. A rebalance and a shutdown wait until every
    batch given out is acknowledged; several batches may be open at once and be acknowledged in any order.
    """
    loop = asyncio.get_running_loop()
    async for record in _firsts(records):
        batch = [record]
        deadline = loop.time() + within_seconds
        while len(batch) < max_records:
            another = records.take_nowait() or await _before(deadline - loop.time(), records)
            if another is None:
                break
            batch.append(another)
        yield batch
        await asyncio.sleep(0)


async def _firsts(records: Records) -> AsyncIterator[Record]:
    while not records.closed:
        try:
            record = await records.take()
        except StopAsyncIteration:
            return
        yield record


async def _before(seconds: float, records: Records) -> Record | None:
    if seconds <= 0:
        return None
    try:
        return await asyncio.wait_for(records.take(), seconds)
    except (TimeoutError, StopAsyncIteration):
        return None
