"""The workers that are killed: `python -m tests.chaos.workers count|sink FOLDER [--stock]`.

`count` keeps the ids seen per key in a table and says each event on; `sink` writes ids to a file, as the archive
writes rows, and acknowledges afterwards. `--stock` leaves Faust as it is.
"""

import asyncio
import os
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson

from streams import faust_fixes
from streams.batches import unacked
from streams.outbox import Outbox, Output
from streams.records import Record, Records
from streams.tables import Table
from streams.worker import agent, create_app, run

RECEIVED, COUNTED = "chaos.received", "chaos.counted"


def counting(folder: Path) -> Any:
    """Build the stateful worker. It fails once, in the middle of its work, for each file `fail-*` in *folder*."""
    app = create_app("count")
    outbox = Outbox(app)
    table = Table(app, "keys", outbox)

    @agent(app, RECEIVED)
    async def count(records: Records) -> None:
        """Number every event of its key, once."""
        async for record in records:
            outputs, changes = counted(table, record)
            await outbox.emit(COUNTED, record.partition, outputs)
            fail_if_told(folder, record)
            await table.put(record.partition, changes)

    return app


def counted(table: Table, record: Record) -> tuple[list[Output], dict[bytes, bytes]]:
    """Return one output per event and the changed states: `{"off": last applied, "ids": [...]}` per key."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for event in orjson.loads(record.value or b""):
        by_key[event["key"]].append(event["id"])
    outputs, changes = [], {}
    for key, ids in by_key.items():
        state = orjson.loads(table.get(key.encode()) or b'{"off":-1,"ids":[]}')
        if state["off"] < record.offset:
            state = {"off": record.offset, "ids": state["ids"] + ids}
            changes[key.encode()] = orjson.dumps(state)
        number = {each: n for n, each in enumerate(state["ids"])}
        outputs += [Output(each.encode(), orjson.dumps({"id": each, "n": number.get(each)})) for each in ids]
    return outputs, changes


def fail_if_told(folder: Path, record: Record) -> None:
    """Raise as a bug would, quoting what it failed on; the file that asks for it is used up."""
    for wish in folder.glob("fail-*"):
        wish.unlink()
        raise ValueError(record.value)


def sinking(folder: Path) -> Any:
    """Build the sink: three batches at a time, acknowledged in whatever order they are written."""
    app = create_app("sink")
    file = os.open(folder / f"sink-{os.getpid()}.txt", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def write(records: Records, batch: list[Record], room: asyncio.Semaphore) -> None:
        await asyncio.sleep(random.uniform(0, 0.2))
        lines = [f"{r.partition} {r.offset} {each['id']}\n" for r in batch for each in orjson.loads(r.value or b"")]
        fail_if_told(folder, batch[0])
        os.write(file, "".join(lines).encode())
        records.ack(*batch)
        room.release()

    @agent(app, RECEIVED)
    async def sink(records: Records) -> None:
        """Write batches to a file."""
        room = asyncio.Semaphore(3)
        async with asyncio.TaskGroup() as writes:  # not create_task: what that raises, nobody hears
            async for batch in unacked(records, 20, within_seconds=0.1):
                await room.acquire()
                writes.create_task(write(records, batch, room))

    return app


if __name__ == "__main__":
    if "--stock" in sys.argv:
        faust_fixes.apply = lambda: None
    build = {"count": counting, "sink": sinking}[sys.argv[1]]
    run(build(Path(sys.argv[2])))
