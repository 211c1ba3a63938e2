"""
Batches of items: requests in, what is said at once and what is said when the batch has finished out.

At once: fields that Meta does not know, and what a new item lacks; an item at fault then is not part of the batch. All
else is said by the handle. Not documented, so chosen here: a CREATE of an item that exists changes it, a DELETE of one
that does not exist is a warning.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from deploy.servers.meta.catalog.item_rules import judge, missing, of_request, unrecognised
from deploy.servers.meta.catalog.items import Item, Items, merged
from deploy.servers.meta.graph import invalid

METHODS: Final = ("CREATE", "UPDATE", "DELETE")
# The part of its time after which a batch has the next state.
_STATES: Final = ((0.25, "scheduled"), (0.5, "dispatched"), (1.0, "started"))


class ItemRequest(NamedTuple):
    """One record of a batch; *line* counts from 1."""

    line: int
    method: str
    item_id: str
    fields: dict[str, object]


class Problem(NamedTuple):
    """What is wrong or odd about one record."""

    line: int
    id: str
    message: str


class Remark(NamedTuple):
    """What is said of an item at once."""

    retailer_id: str
    errors: list[str]
    warnings: list[str]


Fault = Callable[[str], tuple[list[str], list[str]]]


@dataclass
class Batch:
    """A batch that was taken at *taken_at* and is finished at *ends_at* (Unix seconds), as *end*."""

    requests: list[ItemRequest]
    allow_upsert: bool
    taken_at: float
    ends_at: float
    fault: Fault
    end: str = "finished"
    handle: str = field(default_factory=lambda: "Acy_" + secrets.token_urlsafe(63))
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    applied: bool = False
    polls: int = 0

    def status(self, now: float) -> str:
        """Tell how far it is at *now*."""
        if now >= self.ends_at:
            return self.end
        part = (now - self.taken_at) / (self.ends_at - self.taken_at)
        return next(state for until, state in _STATES if part < until)

    def item_ids(self) -> list[str]:
        """List whom it is about."""
        return [request.item_id for request in self.requests]

    def apply(self, items: Items, number: Callable[[], int]) -> None:
        """Do what was asked for; an item at fault stays as it was."""
        self.applied = True
        for request in self.requests if self.end == "finished" else ():
            errors, warnings = self._applied(request, items, number)
            self.errors += [Problem(request.line, request.item_id, message) for message in errors]
            self.warnings += [Problem(request.line, request.item_id, message) for message in warnings]
        # What was sent is no longer needed, and much.
        self.requests = [request._replace(fields={}) for request in self.requests]

    def _applied(self, request: ItemRequest, items: Items, number: Callable[[], int]) -> tuple[list[str], list[str]]:
        errors, warnings = self.fault(request.item_id)
        old = items.get(request.item_id)
        if request.method == "DELETE":
            if not errors and not items.remove(request.item_id):
                warnings = [*warnings, f"Item not found: There is no item {request.item_id} to delete"]
            return errors, warnings
        errors = errors + self._faults(request, old)
        verdict = judge(request.fields)
        errors, warnings = errors + verdict.errors, warnings + verdict.warnings
        if not errors:
            _store(items, old, request, at=self.ends_at, number=number)
        elif old is not None:
            old.errors = tuple(errors)
        return errors, warnings

    def _faults(self, request: ItemRequest, old: Item | None) -> list[str]:
        if request.method == "UPDATE" and old is None:
            if not self.allow_upsert:
                return [f"Item not found: The update of item {request.item_id} will not be completed"]
            return missing(of_request(request.item_id), request.fields)
        return []


def requests_in(records: Iterable[Mapping[str, object]]) -> list[ItemRequest]:
    """
    Read the records of a batch.

    Raises:
        GraphError: one has no method that is known, or no `data` with an `id`.
    """
    return [_request(line, record) for line, record in enumerate(records, start=1)]


def remarks_on(requests: Iterable[ItemRequest]) -> list[Remark]:
    """Say at once what can be said without looking at the catalog; items without a remark are left out."""
    remarks = [_remark(request) for request in requests]
    return [remark for remark in remarks if remark.errors or remark.warnings]


def _request(line: int, record: Mapping[str, object]) -> ItemRequest:
    method, fields = record.get("method"), record.get("data")
    if method not in METHODS:
        raise invalid(f"requests[{line - 1}]: the method must be one of {', '.join(METHODS)}")
    if not isinstance(fields, dict) or not isinstance(fields.get("id"), str) or not fields["id"]:
        raise invalid(f"requests[{line - 1}]: data must be an object with an id")
    return ItemRequest(line, str(method), fields["id"], fields)


def _remark(request: ItemRequest) -> Remark:
    where = of_request(request.item_id)
    errors = missing(where, request.fields) if request.method == "CREATE" else []
    return Remark(request.item_id, errors, unrecognised(where, request.fields))


def _store(items: Items, old: Item | None, request: ItemRequest, *, at: float, number: Callable[[], int]) -> None:
    fields = merged(old, request.fields)
    if old is None:
        items.add(Item(number(), request.item_id, fields, at))
    else:
        items.change(old, fields, at=at)
