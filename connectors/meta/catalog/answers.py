"""What Meta answers about a catalog, read into values; pure. What has another shape counts as not said.

https://developers.facebook.com/docs/marketing-api/reference/product-catalog/items_batch
https://developers.facebook.com/docs/marketing-api/reference/product-catalog/check_batch_request_status
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from connectors.meta.catalog.quota import Usage

State = Literal["running", "finished", "failed"]

_FAILED: Final = frozenset({"canceled", "cancelled", "error"})


class Problem(NamedTuple):
    """What Meta says of one item; texts in the language of whom the token belongs to."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Taken(NamedTuple):
    """A batch was read. Without a *handle* nothing of it was taken. *problems* by item id."""

    handle: str | None
    problems: Mapping[str, Problem]
    usage: Usage = Usage()


class Progress(NamedTuple):
    """Where a batch stands. *problems* are samples, *invalid* are all that were not saved, when Meta told them."""

    state: State
    problems: Mapping[str, Problem]
    invalid: frozenset[str]
    errors_total: int
    usage: Usage = Usage()

    @property
    def names_all(self) -> bool:
        """Whether every item that was not saved is named."""
        if self.invalid:
            return True
        return self.errors_total <= sum(len(each.errors) for each in self.problems.values())


class Page(NamedTuple):
    """Some of what an edge lists. *after*: the cursor of the next page; None at the end."""

    rows: list[dict[str, Any]]
    after: str | None
    usage: Usage = Usage()


def read_taken(answer: Mapping[str, Any], usage: Usage) -> Taken:
    """Read the answer of `items_batch`."""
    handles = [each for each in _list(answer.get("handles")) if isinstance(each, str) and each]
    problems = {
        each["retailer_id"]: Problem(tuple(_messages(each.get("errors"))), tuple(_messages(each.get("warnings"))))
        for each in _objects(answer.get("validation_status"))
        if isinstance(each.get("retailer_id"), str)
    }
    return Taken(handles[0] if handles else None, problems, usage)


def read_progress(answer: Mapping[str, Any], usage: Usage) -> Progress | None:
    """Read the answer of `check_batch_request_status`; None when it is about no batch."""
    told = next(_objects(answer.get("data")), None)
    if told is None:
        return None
    status = str(told.get("status", "")).lower()
    state: State = "finished" if status == "finished" else "failed" if status in _FAILED else "running"
    problems: dict[str, Problem] = {}
    for each in _objects(told.get("errors")):
        _note(problems, each, errors=True)
    for each in _objects(told.get("warnings")):
        _note(problems, each, errors=False)
    invalid = frozenset(str(each) for each in _list(told.get("ids_of_invalid_requests")))
    total = told.get("errors_total_count")
    return Progress(state, problems, invalid, total if isinstance(total, int) else 0, usage)


def read_page(answer: Mapping[str, Any], usage: Usage) -> Page:
    """Read one page of an edge: https://developers.facebook.com/docs/graph-api/results."""
    paging = _object(answer.get("paging"))
    after = _object(paging.get("cursors")).get("after") if paging.get("next") else None
    return Page(list(_objects(answer.get("data"))), after if isinstance(after, str) and after else None, usage)


def _note(problems: dict[str, Problem], told: Mapping[str, Any], *, errors: bool) -> None:
    item_id, message = told.get("id"), told.get("message")
    if not isinstance(item_id, str | int) or not isinstance(message, str):
        return
    known = problems.get(str(item_id), Problem())
    problems[str(item_id)] = (
        known._replace(errors=(*known.errors, message))
        if errors
        else known._replace(warnings=(*known.warnings, message))
    )


def _messages(listed: object) -> Iterator[str]:
    for each in _objects(listed):
        if isinstance(message := each.get("message"), str):
            yield message


def _objects(listed: object) -> Iterator[dict[str, Any]]:
    return (each for each in _list(listed) if isinstance(each, dict))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
