"""Keeps what is remembered of one browser small, however long the addresses are that it sends.

In: a state whose bytes are too many. Out: one with fewer. What goes first is what only late events would need.
"""

from typing import Final

from streams.rules.identities import with_spans
from streams.rules.visitors import VisitorState, span_of

MAX_BYTES: Final = 128 * 1024
"""Of one browser; the busiest that sends what browsers send has half as many."""


def lighter(state: VisitorState) -> VisitorState:
    """End the earlier half of the sessions, or forget of a single one its events one by one.

    The same object when there is nothing left to forget.
    """
    half = len(state.sessions) // 2
    if half:
        ended, sessions = state.sessions[:half], state.sessions[half:]
        spans = with_spans(state.spans, map(span_of, ended), state.evidence)
        return state._replace(sessions=sessions, spans=spans, absorbed=state.absorbed[len(state.absorbed) // 2 :])
    sessions = tuple(each._replace(steps="", landings=()) for each in state.sessions)
    if not state.absorbed and sessions == state.sessions:
        return state
    return state._replace(sessions=sessions, absorbed=())
