"""One browser while a record about it is stitched."""

from schemas.records import Session
from streams.rules.absorbed import Absorbed
from streams.rules.evidence import SEVERAL
from streams.rules.open_sessions import OpenSession
from streams.rules.persons import session_customer, timeline
from streams.rules.session_rows import session_row
from streams.rules.visitors import Visit, VisitorState
from streams.stitching.outcomes import Outcome


class Visitor:
    """The state before and now, and which of its sessions have something to say."""

    __slots__ = ("absorbed", "before", "is_replay", "received", "said", "shop_id", "state", "touched", "visitor_id")

    def __init__(self, shop_id: str, visitor_id: str, state: VisitorState, is_replay: bool) -> None:
        """Take the *state* as kept; *is_replay*: it has taken this record before."""
        self.shop_id = shop_id
        self.visitor_id = visitor_id
        self.before = self.state = state
        self.is_replay = is_replay
        self.received = state.received
        self.touched: set[str] = set()
        self.absorbed: list[Absorbed] = []
        self.said: set[str] = set()

    def take(self, done: Visit) -> None:
        """Take what one event did."""
        self.absorbed += done.absorbed
        self.touched.add(done.session.session_id)
        self.touched |= done.others
        self.state = done.state

    def close(self, outcome: Outcome) -> None:
        """Say how the timeline and the sessions stand, where that may have changed or must be said again."""
        if self._timeline_changed():
            version = max(self.state.received, self.received, self.state.timeline_version + 1)
            self.state = self.state._replace(timeline_version=version)
            self._say_timeline(outcome)
            self._touch_sessions_with_another_customer()
        elif self.is_replay and self.state.timeline_version:
            self._say_timeline(outcome)
        for session in self.state.sessions:
            if session.session_id in self.touched:
                outcome.add_session(self._row(session))
        for gone, _, into in self.absorbed:
            row = self._row(gone)
            row["deleted"], row["merged_into"] = True, into
            outcome.add_session(row)

    def _timeline_changed(self) -> bool:
        if self.is_replay or self.state is self.before:
            return False
        if self.state.only != SEVERAL:
            return self.state.only != self.before.only
        return timeline(self.state) != timeline(self.before)

    def _touch_sessions_with_another_customer(self) -> None:
        sessions = list(self.state.sessions)
        for place, session in enumerate(sessions):
            if session.session_id in self.touched:
                continue
            if session_customer(self.before, session) != session_customer(self.state, session):
                sessions[place] = session._replace(version=session.version + 1)
                self.touched.add(session.session_id)
        self.state = self.state._replace(sessions=tuple(sessions))

    def _row(self, session: OpenSession) -> Session:
        customer = session_customer(self.state, session)
        return session_row(session, self.shop_id, self.visitor_id, self.state.client_id, customer)

    def _say_timeline(self, outcome: Outcome) -> None:
        starts, customers = timeline(self.state)
        outcome.add_timeline(
            {
                "shop_id": self.shop_id,
                "visitor_id": self.visitor_id,
                "client_id": self.state.client_id,
                "starts": list(starts),
                "customers": list(customers),
                "version": self.state.timeline_version,
            }
        )
