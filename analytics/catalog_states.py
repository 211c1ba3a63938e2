"""How a shop's catalogs at Meta stand: their settings and what ClickHouse archived go in, a `State` each comes out.

`storestream catalogs status` prints them, `GET /v1/shops/{shop}/catalogs` answers with them.
"""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from analytics.lookups import look_up
from analytics.questions import query
from schemas.records import Shop
from schemas.settings import ClickHouseSettings

STATUSES: Final = ("accepted", "pending", "rejected", "skipped", "deleted")
ANSWERED: Final = ("accepted", "rejected", "deleted")
"""What an item is only by an answer of Meta's."""


class Run(NamedTuple):
    """One run over a catalog as it stands: *done* of *total* items. *quota_percent*: of Meta's limits, if known."""

    kind: str
    trigger: str
    state: str
    started_at: datetime
    seconds: float
    done: int
    total: int
    calls: int
    accepted: int
    rejected: int
    failure: str
    detail: str
    quota_percent: int | None

    def __str__(self) -> str:
        """Say it in a line."""
        why = f": {self.failure} {self.detail}".rstrip() if self.failure else ""
        progress = f"{self.done} of {self.total}" if self.total else "nothing to do"
        took = f"{self.calls} calls, {self.seconds:.1f} s"
        used = "" if self.quota_percent is None else f", {self.quota_percent} % of Meta's quota used"
        return f"{self.kind} ({self.trigger}) {self.state}, {progress}, {took}{used}{why}"


class State(NamedTuple):
    """One catalog: its items by status, the *runs*, the latest first, and when the schedule brings the next.

    *stopped_at*: since when nothing goes to Meta, nor comes from it, until a person acts; *stopped_why* tells at what.
    """

    name: str
    catalog_id: str
    method: str
    primary: bool
    items: dict[str, int]
    refused_thrice: int
    oldest_pending_at: datetime | None
    last_told_at: datetime | None
    runs: tuple[Run, ...]
    next_at: datetime | None
    stopped_at: datetime | None
    stopped_why: str


def states(shop: Shop, clickhouse: ClickHouseSettings | None = None) -> list[State]:
    """Tell of each catalog that *shop* has configured.

    Raises:
        TransientError: ClickHouse does not answer.
    """
    answer = query("items_by_status", clickhouse, shop=shop["shop_id"])
    items = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    runs = look_up("catalog_runs", clickhouse, shop=shop["shop_id"])
    stops = {row["catalog"]: row for row in look_up("catalog_stops", clickhouse, shop=shop["shop_id"])}
    return [
        _state(
            {"name": each["name"], "catalog_id": each["catalog_id"], "method": each["method"]}
            | {"primary": each["primary"]},
            [row for row in items if row["catalog"] == each["name"]],
            [row for row in runs if row["catalog"] == each["name"]],
            stops.get(each["name"]),
        )
        for each in shop["catalogs"]
    ]


def _state(
    named: dict[str, Any], items: list[dict[str, Any]], runs: list[dict[str, Any]], stop: dict[str, Any] | None
) -> State:
    told = {row["status"]: row for row in items}
    planned = [_aware(row["next_at"]) for row in runs if row["next_at"]]
    return State(
        **named,
        items={status: told[status]["items"] if status in told else 0 for status in STATUSES},
        refused_thrice=sum(row["refused_thrice"] for row in items),
        oldest_pending_at=_aware(waiting) if (waiting := told.get("pending", {}).get("since")) else None,
        last_told_at=max((_aware(row["until"]) for row in items), default=None),
        runs=tuple(_run(row) for row in runs),
        # Each run tells when the schedule brings the next; the latest to tell knows best.
        next_at=planned[0] if planned else None,
        **_stopped(items, runs, stop),
    )


def _stopped(items: list[dict[str, Any]], runs: list[dict[str, Any]], stop: dict[str, Any] | None) -> dict[str, Any]:
    """Say since when and why Meta does not answer; nothing where it has answered since."""
    answered = [_aware(row["until"]) for row in items if row["status"] in ANSWERED]
    answered += [_aware(row["finished_at"]) for row in runs if row["state"] == "finished" and row["calls"]]
    if stop is None or any(at > _aware(stop["stopped_at"]) for at in answered):
        return {"stopped_at": None, "stopped_why": ""}
    return {"stopped_at": _aware(stop["stopped_at"]), "stopped_why": stop["why"]}


def _run(row: dict[str, Any]) -> Run:
    ended = row["finished_at"] or row["updated_at"]
    same = {name: row[name] for name in Run._fields if name not in ("seconds", "started_at")}
    return Run(**same, started_at=_aware(row["started_at"]), seconds=(ended - row["started_at"]).total_seconds())


def _aware(time: datetime) -> datetime:
    """Say that it is UTC: the driver leaves it out where that is the server's zone."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
