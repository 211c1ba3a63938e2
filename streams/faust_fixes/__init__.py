"""Our corrections to faust-streaming 0.15.3, which loses events silently. `apply()` puts them in place.

Faust's own issues live at https://github.com/faust-streaming/faust/issues (short: #n), pull requests at …/pull.

recovery, with changelogs
- Seek, then un-pause, then resume, with no await between. Else the end of every rebalance of an app with tables drops
  events: #596; the same order was mended for table-less apps only, in pull 217.
- Nothing resumes once another rebalance has begun. Else a worker goes on with partitions that are no longer its own.
- Tables are read by a consumer of their own, straight into the store. Else: 7,000 records/s, errors are logged and
  their records skipped, and a record of a lost partition lands in another table.
- Every owner of a changelog partition numbers its writes, and late ones of a former owner are ignored and overwritten
  (`epochs`). Else a worker that stood still for a while spoils the table of its successor.
commits
- Only what was delivered and acknowledged without a hole is committed. Else one unacknowledged event is committed
  over, and any number on a partition that has no commit yet: #606, pull 707 (open).
- What is done is committed before a partition is given up, and forgotten after. Else every rebalance repeats
  hundreds of events, and acknowledgements of the old owner count for the new one.
fetching
- Partitions are paused before they are assigned, and a fetch never outlives its rebalance. Else events reach agents
  before their tables are read, and records are taken and thrown away.
- A full buffer is forgotten at a rebalance. Else its relief un-pauses a partition whose table is being read.
- A callback that need not wait costs no task, fetches wait 100 ms and an idle loop 20 ms. Else: 4 tasks a record,
  pauses of 1.5 s beside idle topics and of 1 s at full buffers. What #229 asked for holds.
producing
- A flush ends when nothing is unsent. Else a commit goes ahead of its changelog: #173.
- A failed publish ends the process. Else it is a line in the log, with the record in it.

`tests/unit/test_faust_upstream.py` fails when a method we replace, wrap or rely on changes; `make chaos` shows what
holds and what Faust as it is does instead.

Left alone, because nothing of ours uses it: exactly_once (#323, #517), windowed tables (#385), standbys, `take`,
`group_by`, `concurrency`. The other known way to lose events, an agent that raises (#189, #315, #527), is closed by
`streams.records`, which acknowledges an event only when the agent's body asks for the next one.
"""

from importlib import metadata

import faust
import faust.streams

from streams.faust_fixes import commits, fetching, producing, recovery

FAUST_VERSION = "0.15.3"
AIOKAFKA_VERSION = "0.14.0"

_applied = False


class UnknownFaustError(RuntimeError):
    """The installed Faust is not the one these corrections were written for."""


def apply() -> None:
    """Correct the Faust of this process. Calling it again changes nothing.

    Raises:
        UnknownFaustError: the installed faust-streaming or aiokafka is another version, or lacks its C extensions.
    """
    global _applied
    if _applied:
        return
    _check("faust-streaming", FAUST_VERSION)
    _check("aiokafka", AIOKAFKA_VERSION)
    if faust.streams._CStreamIterator is None:
        # The Python twin acknowledges events it skips during a rebalance.
        raise UnknownFaustError("faust-streaming has no C extensions here: install its wheel and unset NO_CYTHON")
    for part in (commits, fetching, recovery, producing):
        part.apply()
    _applied = True


def _check(package: str, expected: str) -> None:
    found = metadata.version(package)
    if found != expected:
        raise UnknownFaustError(f"{package} {found} is installed, but storestream corrects {expected}")
