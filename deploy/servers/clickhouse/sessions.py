"""Sessions of writers: a `session_id` comes in, the handle it had before goes out, with its temporary tables and SETs.

An analyst's session keeps only the current database: a read-only handle can have nothing else.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from deploy.servers.clickhouse.engine import DEFAULT_DATABASE, Handle
from deploy.servers.clickhouse.errors import refusal

DEFAULT_TIMEOUT_SECONDS: Final = 60
MAX_TIMEOUT_SECONDS: Final = 3600


@dataclass
class Session:
    """What is kept between the requests of a session; *home* is the database of its last USE."""

    handle: Handle | None
    timeout_seconds: float
    home: str = DEFAULT_DATABASE
    busy: bool = True
    expires_at: float = 0.0
    _originals: dict[str, str] = field(default_factory=dict)

    def lend(self, settings: Mapping[str, str]) -> None:
        """Give the handle *settings* for one request; those of the request before are taken back."""
        if self.handle is None:
            return
        back = {name: value for name, value in self._originals.items() if name not in settings}
        self.handle.set(back)
        for name in back:
            del self._originals[name]
        new = [name for name in settings if name not in self._originals]
        if new:
            asked = ", ".join(f"toString(getSetting('{name}'))" for name in new)
            values = self.handle.rows(f"SELECT {asked}")[0]
            self._originals.update(zip(new, values, strict=True))
        self.handle.set(settings)


class Sessions:
    """All sessions, by user and id."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], Session] = {}

    def take(self, key: tuple[str, str], *, timeout: str, check: bool, new: Callable[[], Handle | None]) -> Session:
        """Take the session *key* for one request, made by *new* if there is none.

        Raises: `QueryError` SESSION_IS_LOCKED, SESSION_NOT_FOUND (if *check*), INVALID_SESSION_TIMEOUT.
        """
        seconds = _timeout(timeout)
        self.expire()
        with self._lock:
            session = self._kept.get(key)
            if session is not None and session.busy:
                raise refusal("SESSION_IS_LOCKED", "Session is locked by a concurrent client.")
            if session is None and check:
                raise refusal("SESSION_NOT_FOUND", "Session not found.")
            if session is None:
                session = self._kept[key] = Session(new(), seconds)
            session.busy = True
            session.timeout_seconds = seconds
            return session

    def give_back(self, session: Session) -> None:
        """End a request of *session*; its time starts anew."""
        with self._lock:
            session.busy = False
            session.expires_at = self._now() + session.timeout_seconds

    def expire(self, *, all_of_them: bool = False) -> None:
        """Close the sessions whose time is over."""
        with self._lock:
            over = [
                key
                for key, session in self._kept.items()
                if all_of_them or (not session.busy and session.expires_at < self._now())
            ]
            ended = [self._kept.pop(key) for key in over]
        for session in ended:
            if session.handle is not None:
                session.handle.close()


def _timeout(text: str) -> float:
    if not text:
        return DEFAULT_TIMEOUT_SECONDS
    if not text.isdigit() or not 0 < int(text) <= MAX_TIMEOUT_SECONDS:
        raise refusal("INVALID_SESSION_TIMEOUT", f"Session timeout must be from 1 to {MAX_TIMEOUT_SECONDS} seconds.")
    return int(text)
