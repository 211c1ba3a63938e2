"""What Meta found in a feed: its last session, each kind of error with what to do about it, and the items it names.

Meta names only samples of the items; `FeedResults.names_all` tells whether those are all it did not take.
https://developers.facebook.com/docs/marketing-api/reference/product-feed-upload
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.catalog.feeds import upload_errors, uploads
from connectors.meta.catalog.quota import Usage
from connectors.meta.catalog.reasons import of_message
from connectors.meta.failures import Failure
from connectors.meta.feed.registration import find
from schemas.catalog_records import Catalog


class FeedError(NamedTuple):
    """One kind of error. *rejects*: items that have it were not taken. *samples*: row and id of some of the items."""

    message: str
    reason: str
    suggestion: str
    rejects: bool
    total: int
    samples: tuple[tuple[int, str], ...]


class Session(NamedTuple):
    """One reading of the feed by Meta, with times and counts as Meta says them; *ended_at* is None while it runs."""

    session_id: str
    started_at: str
    ended_at: str | None
    method: str
    detected: int
    persisted: int
    invalid: int
    deleted: int


class ItemProblem(NamedTuple):
    """What is wrong with one item of a feed."""

    item_id: str
    message: str
    reason: str
    suggestion: str
    rejects: bool


class FeedResults(NamedTuple):
    """What is known of a feed; *errors* are of the newest session that has ended, None of which may be there yet."""

    feed_id: str
    sessions: list[Session]
    ended: Session | None
    errors: list[FeedError]
    usage: Usage = Usage()

    @property
    def names_all(self) -> bool:
        """Whether every item that was not taken is among the samples."""
        named = {item_id for error in self.errors if error.rejects for _, item_id in error.samples}
        return self.ended is not None and self.ended.invalid <= len(named)

    def problems(self) -> Iterator[ItemProblem]:
        """Yield what is wrong with each item that Meta named, errors before warnings."""
        for error in sorted(self.errors, key=lambda each: not each.rejects):
            for _, item_id in error.samples:
                if item_id:
                    yield ItemProblem(item_id, error.message, error.reason, error.suggestion, error.rejects)


async def feed_results(
    client: CatalogClient, catalog: Catalog, shop_id: str, *, known: str | None = None
) -> FeedResults | Failure | None:
    """Read back what became of a catalog's feed; None when it is not registered.

    Of the session *known*, the errors are not asked for again.
    """
    feed = await find(client, catalog, shop_id)
    if feed is None or isinstance(feed, Failure):
        return feed
    page = await uploads(client, catalog, str(feed["id"]))
    if isinstance(page, Failure):
        return page
    sessions = [_session(row) for row in page.rows]
    ended = next((session for session in sessions if session.ended_at is not None), None)
    is_new = ended is not None and ended.session_id != known
    errors = await _errors(client, catalog, ended.session_id) if ended is not None and is_new else []
    return errors if isinstance(errors, Failure) else FeedResults(str(feed["id"]), sessions, ended, errors, page.usage)


async def _errors(client: CatalogClient, catalog: Catalog, session_id: str) -> list[FeedError] | Failure:
    errors: list[FeedError] = []
    after: str | None = None
    while True:
        page = await upload_errors(client, catalog, session_id, after)
        if isinstance(page, Failure):
            return page
        errors += map(_error, page.rows)
        after = page.after
        if after is None:
            return errors


def _session(row: Mapping[str, Any]) -> Session:
    counts = (_count(row.get(f"num_{kind}_items")) for kind in ("detected", "persisted", "invalid", "deleted"))
    ended_at, started_at = row.get("end_time"), str(row.get("start_time") or "")
    method = str(row.get("input_method") or "")
    return Session(str(row.get("id", "")), started_at, str(ended_at) if ended_at else None, method, *counts)


def _error(row: Mapping[str, Any]) -> FeedError:
    summary, description = str(row.get("summary") or ""), str(row.get("description") or "")
    message = summary if description in ("", summary) else f"{summary}: {description}"
    reason, suggestion = of_message(message)
    listed = row.get("samples")
    samples = listed.get("data") if isinstance(listed, dict) else None
    return FeedError(
        message,
        reason,
        suggestion,
        row.get("severity") == "fatal",
        _count(row.get("total_count")),
        tuple(_sample(each) for each in samples or () if isinstance(each, dict)),
    )


def _sample(row: Mapping[str, Any]) -> tuple[int, str]:
    return _count(row.get("row_number")), str(row.get("retailer_id") or "")


def _count(told: object) -> int:
    return told if isinstance(told, int) else int(told) if isinstance(told, str) and told.isdecimal() else 0
