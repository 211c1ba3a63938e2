"""What happens between an assignment and the first event: tables are read, positions are set, then all flows."""

import asyncio
from typing import Any

from aiokafka.errors import IllegalStateError
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP
from mode import Service

from streams.faust_fixes.changelogs import read_changelogs
from streams.faust_fixes.commits import forget

_on_rebalance = Recovery.on_rebalance


def apply() -> None:
    """Put the corrected methods in place."""
    Recovery.on_rebalance = on_rebalance
    Recovery._restart_recovery = Service.task(restart_recovery)
    Recovery._slurp_changelogs = Service.task(slurp_changelogs)


async def on_rebalance(
    self: Any, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
) -> None:
    """Wraps `Recovery.on_rebalance`: remember which rebalance this recovery belongs to."""
    self._rebalance = self.app.rebalancing_count
    await _on_rebalance(self, assigned, revoked, newly_assigned, generation_id)


async def slurp_changelogs(self: Any) -> None:
    """Replaces `Recovery._slurp_changelogs`: there is nothing left for it to do."""


async def restart_recovery(self: Any) -> None:
    """Replaces `Recovery._restart_recovery`: after each assignment, read the tables and let the events flow."""
    while not self.should_stop:
        if await self.wait_for_stopped(self.signal_recovery_start):
            return
        self.signal_recovery_start.clear()
        try:
            await self._wait(_recover(self, self._generation_id))
        except (RebalanceAgain, IllegalStateError):
            continue  # the next assignment starts this again
        except ServiceStopped:
            return


async def _recover(self: Any, generation_id: int) -> None:
    self._set_recovery_started()
    await asyncio.sleep(self.recovery_delay)
    if self.app._producer is not None:
        await self.app._producer.flush()
    if self.active_tps:
        await read_changelogs(self)
    self._set_recovery_ended()
    for table in self.tables.values():
        await table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table])
    await self.app.on_rebalance_complete.send()
    if self.app.consumer.assignment() and not _superseded(self, generation_id):
        await self.app.consumer.perform_seek()
    if not _superseded(self, generation_id):
        await _let_flow(self)


def _superseded(self: Any, generation_id: int) -> bool:
    return bool(self.app.consumer_generation_id != generation_id or self.app.rebalancing_count != self._rebalance)


async def _let_flow(self: Any) -> None:
    app, consumer = self.app, self.app.consumer
    # Faust un-pauses, then seeks, then empties the buffers. From here to resume_flow() nothing may be awaited.
    forget(consumer)
    consumer.resume_partitions({tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)})
    self.completed.set()
    app.flow_control.resume()
    consumer.resume_flow()
    await app._fetcher.maybe_start()
    self.tables.on_actives_ready()
    self.tables.on_standbys_ready()
    app.on_rebalance_end()
    self.log.info("Worker ready")
