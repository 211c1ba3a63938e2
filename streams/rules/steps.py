"""Remembers one by one which events a session holds, so that it can still be parted between any two of them.

In: a session and an event of it. Out: the session with one more *step*; or its steps, read back and put in order.
They are kept as text, for they are read only when a landing comes late. What is bounded is forgotten oldest first:
events no longer known one by one stay together, in front of the others.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from schemas.records import EpochMillis, Event
from streams.rules.campaigns import NONE, Campaign
from streams.rules.open_sessions import Entry, Landing, OpenSession, Position, counted_as, counts_of, entry_of, position

MAX_STEPS: Final = 8_192
"""Characters of steps a session keeps: some 150 events."""
MAX_ALL_STEPS: Final = 2 * MAX_STEPS
"""Characters of steps that all sessions of one visitor keep."""
MAX_LANDINGS: Final = 8
_END: Final = "\x7f"  # JSON writes it as it is
_STEPS: Final = OpenSession._fields.index("steps")
_NAMES_NOTHING: Final = -1
_AS_ENTRY: Final = 0


class Step(NamedTuple):
    """One event of a session, or *several* together that are no longer known one by one.

    *entry*: how a session would begin that began here; None where none ever does. *owner*: the id of the session it
    was in so far; '' for the event at hand.
    """

    position: Position
    ended_at: EpochMillis
    counts: tuple[int, ...]
    campaign: Campaign
    entry: Entry | None
    owner: str
    several: bool = False


def step_of(event: Event, campaign: Campaign) -> Step:
    """Write the event at hand as a step."""
    return Step(position(event), event["occurred_at"], counts_of(event), campaign, entry_of(event), "")


def with_step(session: OpenSession, event: Event, campaign: Campaign) -> OpenSession:
    """Remember of *session* that it holds *event*, which its counts tell already."""
    landing, landings = _NAMES_NOTHING, session.landings
    if campaign != NONE:
        landing, landings = _landing(session, landings, Landing(campaign, entry_of(event)))
    steps = session.steps + _line(position(event), counted_as(event), landing)
    session = OpenSession._make((*session[:_STEPS], steps, landings, session.parted))
    return session if len(steps) <= MAX_STEPS else _halved(session)


def with_steps(session: OpenSession, steps: Sequence[Step]) -> OpenSession:
    """Remember of *session* that it holds *steps*, in order."""
    several = max((place for place, step in enumerate(steps) if step.several), default=-1)
    texts, landings = [], tuple[Landing, ...]()
    for step in steps[several + 1 :]:
        landing = _NAMES_NOTHING
        if step.campaign != NONE and step.entry is not None:
            landing, landings = _landing(session, landings, Landing(step.campaign, step.entry))
        texts.append(_written(step.position, step.counts, landing))
    return session._replace(steps="".join(texts), landings=landings)


def steps_of(session: OpenSession) -> list[Step]:
    """Read the steps of *session*, in order; what is no longer known one by one is the first."""
    steps = _sorted(session)
    if len(steps) < session.counts[0]:
        ended_at = min(session.ended_at, steps[0].position[0]) if steps else session.ended_at
        rest = tuple(
            total - sum(column) for total, *column in zip(session.counts, *(step.counts for step in steps), strict=True)
        )
        first = Step(session.first, ended_at, rest, session.campaign, session.entry, session.session_id, several=True)
        return [first, *steps]
    # A session begins with the first, whether or not that names a campaign.
    return [steps[0]._replace(campaign=session.campaign, entry=session.entry), *steps[1:]]


def is_among_several(steps: Sequence[Step], here: Position) -> bool:
    """Tell whether an event at *here* lies among those of a session that are no longer known one by one."""
    first = steps[0]
    if not first.several or here < first.position:
        return False
    return here < steps[1].position if len(steps) > 1 else here[0] <= first.ended_at


def bounded(sessions: tuple[OpenSession, ...]) -> tuple[OpenSession, ...]:
    """Forget the steps of the earliest *sessions* where all together keep too many."""
    left = sum(len(session.steps) for session in sessions)
    if left <= MAX_ALL_STEPS:
        return sessions
    kept = []
    for session in sessions:
        if left > MAX_ALL_STEPS // 2:
            left -= len(session.steps)
            session = session._replace(steps="", landings=())
        kept.append(session)
    return tuple(kept)


def _halved(session: OpenSession) -> OpenSession:
    steps = _sorted(session)
    return with_steps(session, steps[len(steps) // 2 :])


def _sorted(session: OpenSession) -> list[Step]:
    return sorted((_read(session, written) for written in session.steps.split(_END)[:-1]), key=_position)


def _position(step: Step) -> Position:
    return step.position


def _landing(session: OpenSession, landings: tuple[Landing, ...], landing: Landing) -> tuple[int, tuple[Landing, ...]]:
    """Find *landing* among those known of *session*, or add it; of too many the last is taken for it."""
    if landing == (session.campaign, session.entry):
        return _AS_ENTRY, landings
    if landing in landings:
        return landings.index(landing) + 1, landings
    if len(landings) < MAX_LANDINGS:
        return len(landings) + 1, (*landings, landing)
    return len(landings), landings


def _written(here: Position, counts: tuple[int, ...], landing: int) -> str:
    return _line(here, counts.index(1, 1) if 1 in counts[1:] else 0, landing)


def _line(here: Position, counted: int, landing: int) -> str:
    return f"{here[0]},{here[1]},{counted},{landing},{here[2].replace(_END, ' ')}{_END}"


def _read(session: OpenSession, written: str) -> Step:
    time, seq, counted, landing, event_id = written.split(",", 4)
    counts = [1, 0, 0, 0, 0, 0]
    if counted != "0":
        counts[int(counted)] = 1
    campaign, entry, place = NONE, None, int(landing)
    if place == _AS_ENTRY:
        campaign, entry = session.campaign, session.entry
    elif place > 0:
        campaign, entry = session.landings[place - 1]
    return Step((int(time), int(seq), event_id), int(time), tuple(counts), campaign, entry, session.session_id)
