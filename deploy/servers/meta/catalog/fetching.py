"""
Fetching a feed as Meta's crawler does: an address (and a user's name and password) in, rows out.

Only addresses of this machine are fetched. Meta's crawler is not known to send If-None-Match, so neither does this one.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

from deploy.servers.meta.catalog.feed_rows import Row, UnreadableFeed, rows_in

_HERE: Final = frozenset({"127.0.0.1", "localhost"})
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Source:
    """Where a feed is, and how to get in."""

    url: str
    username: str | None = None
    password: str | None = None

    def is_here(self) -> bool:
        """Tell whether it is on this machine."""
        parts = urlsplit(self.url)
        return parts.scheme == "http" and parts.hostname in _HERE


@dataclass(frozen=True)
class Fetched:
    """The rows that could be read, and why not all of them if so."""

    rows: list[Row]
    problem: str | None = None


async def fetch(source: Source) -> Fetched:
    """Fetch and read *source*; never raises for what is wrong with it."""
    return await asyncio.to_thread(_fetch, source)


def _fetch(source: Source) -> Fetched:
    auth = httpx.BasicAuth(source.username, source.password or "") if source.username else None
    rows: list[Row] = []
    try:
        with httpx.stream("GET", source.url, auth=auth, timeout=_SECONDS, follow_redirects=True) as answer:
            if answer.status_code != httpx.codes.OK:
                return Fetched([], f"Fetch failed: The server answered {answer.status_code}")
            for row in rows_in(answer.iter_bytes()):
                rows.append(row)
    except UnreadableFeed:
        return Fetched(rows, "File could not be read: It is neither XML nor CSV, or is cut short")
    except httpx.HTTPError:
        return Fetched(rows, "Fetch failed: The server could not be reached or broke off")
    return Fetched(rows, None if rows else "Empty file: No product was found in the file")
