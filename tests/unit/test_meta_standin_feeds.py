"""How the stand-in reads feeds: files in, items and what is said of the rows out."""

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.servers.meta.catalog.feed_rows import UnreadableFeed, rows_in
from tests.files_served import Files, served_files
from tests.unit.meta_catalog import CATALOG, a_clocked_standin, a_request, an_item, handle_of, items_of
from tests.unit.meta_standin import client_of, code_of

FEEDS = f"/v26.0/{CATALOG}/product_feeds"


@pytest.fixture
def files() -> Iterator[Files]:
    with served_files() as served:
        yield served


def a_csv(*items: dict[str, Any]) -> bytes:
    """Write the simplest CSV there is: no value here needs quotes."""
    names = list(an_item())
    lines = [names, *([str(item.get(name, "")) for name in names] for item in items)]
    return "".join(",".join(line) + "\n" for line in lines).encode()


def an_rss(*items: dict[str, Any]) -> bytes:
    entries = ["".join(f"<g:{name}>{value}</g:{name}>" for name, value in item.items()) for item in items]
    body = "".join(f"<item>{entry}</item>" for entry in entries)
    opening = '<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>'
    return f"{opening}{body}</channel></rss>".encode()


async def a_feed(meta: httpx.AsyncClient, **settings: Any) -> str:
    answer = await meta.post(FEEDS, json={"name": "All products"} | settings)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def uploaded(meta: httpx.AsyncClient, feed_id: str, **parameters: Any) -> dict[str, Any]:
    """Upload a file and wait until it was read."""
    answer = await meta.post(f"/v26.0/{feed_id}/uploads", json=parameters)
    assert answer.status_code == 200, answer.text
    return await ended(meta, answer.json()["id"])


async def ended(meta: httpx.AsyncClient, upload_id: str) -> dict[str, Any]:
    names = "start_time,end_time,num_detected_items,num_persisted_items,num_invalid_items,num_deleted_items"
    for _ in range(500):
        shown = (await meta.get(f"/v26.0/{upload_id}", params={"fields": f"{names},error_count,warning_count"})).json()
        if "end_time" in shown:
            return dict(shown)
        await asyncio.sleep(0.01)
    raise AssertionError("the upload has not ended")


async def errors_of(meta: httpx.AsyncClient, upload: dict[str, Any]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await meta.get(f"/v26.0/{upload['id']}/errors")).json()["data"]
    return listed


def counts(upload: dict[str, Any]) -> tuple[int, int, int, int]:
    """Read how many were detected, persisted, invalid, deleted."""
    kinds = ("detected", "persisted", "invalid", "deleted")
    found, taken, bad, gone = (upload[f"num_{kind}_items"] for kind in kinds)
    return found, taken, bad, gone


@pytest.mark.parametrize("write", [a_csv, an_rss])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_file_is_fetched_and_its_items_are_there(files: Files, write: Any, pack: Any) -> None:
    files.answers["/feed"] = (200, pack(write(an_item(), an_item("sku-2"))))
    async with client_of() as meta:
        upload = await uploaded(meta, await a_feed(meta), url=f"{files.address}/feed")
        items = await items_of(meta)

    assert counts(upload) == (2, 2, 0, 0)
    assert items == {"sku-1": an_item(), "sku-2": an_item("sku-2")}


async def test_user_and_password_are_sent_and_never_shown(files: Files) -> None:
    files.answers["/feed"] = (200, a_csv(an_item()))
    schedule = {"interval": "HOURLY", "url": f"{files.address}/feed", "username": "ada", "password": "secret"}
    async with client_of() as meta:
        feed = await a_feed(meta, schedule=schedule)
        played = await meta.post(f"/_feeds/{feed}/fetch")
        await ended(meta, played.json()["id"])
        shown = (await meta.get(FEEDS, params={"fields": "name,schedule,product_count,latest_upload"})).json()["data"][
            0
        ]

    assert files.asked == [("/feed", "Basic YWRhOnNlY3JldA==")]
    assert shown["product_count"] == 1
    assert shown["schedule"] == {"interval": "HOURLY", "url": f"{files.address}/feed", "username": "ada"}


async def test_replacing_deletes_what_is_gone_and_updating_does_not(files: Files) -> None:
    files.answers["/both"] = (200, a_csv(an_item(), an_item("sku-2")))
    files.answers["/one"] = (200, a_csv(an_item(price="8.00 EUR")))
    async with client_of() as meta:
        feed = await a_feed(meta)
        await uploaded(meta, feed, url=f"{files.address}/both")
        update = await uploaded(meta, feed, url=f"{files.address}/one", update_only=True)
        replace = await uploaded(meta, feed, url=f"{files.address}/one")
        items = await items_of(meta)

    assert (counts(update), counts(replace)) == ((1, 1, 0, 0), (1, 1, 0, 1))
    assert items == {"sku-1": an_item(price="8.00 EUR")}


async def test_replacing_leaves_items_of_batches_alone(files: Files) -> None:
    files.answers["/one"] = (200, a_csv(an_item()))
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, a_request(**an_item("by-batch")))
        clock.advance(1)
        await uploaded(meta, await a_feed(meta), url=f"{files.address}/one")
        items = await items_of(meta)

    assert set(items) == {"by-batch", "sku-1"}


async def test_rows_at_fault_are_counted_and_sampled(files: Files) -> None:
    bad = [an_item(f"bad-{number}", price="free") for number in range(7)]
    files.answers["/feed"] = (200, a_csv(an_item(), *bad, an_item("twin"), an_item("twin")))
    async with client_of() as meta:
        upload = await uploaded(meta, await a_feed(meta), url=f"{files.address}/feed")
        errors = await errors_of(meta, upload)

    assert counts(upload) == (10, 1, 9, 0)
    price, twins = errors
    assert (price["summary"], price["severity"], price["total_count"]) == ("Invalid price", "fatal", 7)
    assert [sample["row_number"] for sample in price["samples"]["data"]] == [2, 3, 4, 5, 6]
    assert [sample["retailer_id"] for sample in twins["samples"]["data"]] == ["twin", "twin"]


async def test_item_whose_row_is_at_fault_stays(files: Files) -> None:
    files.answers["/good"] = (200, a_csv(an_item()))
    files.answers["/bad"] = (200, a_csv(an_item(price="free")))
    async with client_of() as meta:
        feed = await a_feed(meta)
        await uploaded(meta, feed, url=f"{files.address}/good")
        upload = await uploaded(meta, feed, url=f"{files.address}/bad")
        items = await items_of(meta)

    assert (counts(upload), items) == ((1, 0, 1, 0), {"sku-1": an_item()})


@pytest.mark.parametrize(
    "answer",
    [(401, b""), (500, b""), (200, b""), (200, an_rss(an_item())[:-20]), (200, gzip.compress(a_csv(an_item()))[:-9])],
)
async def test_file_that_cannot_be_read_is_an_error_and_deletes_nothing(
    files: Files, answer: tuple[int, bytes]
) -> None:
    files.answers["/good"] = (200, a_csv(an_item(), an_item("sku-2")))
    files.answers["/bad"] = answer
    async with client_of() as meta:
        feed = await a_feed(meta)
        await uploaded(meta, feed, url=f"{files.address}/good")
        upload = await uploaded(meta, feed, url=f"{files.address}/bad")
        errors = await errors_of(meta, upload)
        items = await items_of(meta)

    assert set(items) == {"sku-1", "sku-2"}
    assert upload["num_deleted_items"] == 0
    assert [error["severity"] for error in errors] == ["fatal"]


async def test_rejected_items_are_rejected_in_feeds_too(files: Files) -> None:
    files.answers["/feed"] = (200, a_csv(an_item(), an_item("sku-2")))
    async with client_of() as meta:
        await meta.post("/_behave", json={"catalog_id": CATALOG, "reject_items": {"item_ids": ["sku-2"]}})
        upload = await uploaded(meta, await a_feed(meta), url=f"{files.address}/feed")

    assert counts(upload) == (2, 1, 1, 0)


async def test_only_this_machine_is_fetched_from() -> None:
    async with client_of() as meta:
        feed = await a_feed(meta)
        answer = await meta.post(f"/v26.0/{feed}/uploads", json={"url": "http://shop.test/feed.xml"})

    assert code_of(answer) == (400, 100, None)


@pytest.mark.parametrize(
    "settings", [{"name": ""}, {"schedule": {"interval": "MINUTELY", "url": "http://a"}}, {"schedule": {"url": "x"}}]
)
async def test_feed_without_what_it_needs_is_refused(settings: dict[str, Any]) -> None:
    async with client_of() as meta:
        answer = await meta.post(FEEDS, json={"name": "All"} | settings)

    assert code_of(answer) == (400, 100, None)


async def test_feed_can_be_changed_and_deleted() -> None:
    async with client_of() as meta:
        feed = await a_feed(meta)
        await meta.post(f"/v26.0/{feed}", json={"name": "Other"})
        name = (await meta.get(f"/v26.0/{feed}")).json()["name"]
        await meta.delete(f"/v26.0/{feed}")
        gone = await meta.get(f"/v26.0/{feed}/uploads")

    assert name == "Other"
    assert code_of(gone) == (400, 100, 33)


def test_atom_and_quoted_csv_are_read_in_whatever_pieces_they_come() -> None:
    atom = (
        b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
        b"<entry><g:id>1</g:id><title>A jug</title></entry></feed>"
    )
    quoted = b'id,title,description\r\n1,"A ""jug"", big","two\r\nlines"\r\n'

    pieces_of_atom = [atom[at : at + 1] for at in range(len(atom))]
    pieces_of_csv = [quoted[at : at + 1] for at in range(len(quoted))]

    assert list(rows_in(pieces_of_atom)) == [{"id": "1", "title": "A jug"}]
    assert list(rows_in(pieces_of_csv)) == [{"id": "1", "title": 'A "jug", big', "description": "two\r\nlines"}]


@pytest.mark.parametrize("body", [b"<rss><item></rss>", b"id,title\n1\n", "id\n\xe9".encode("latin-1")])
def test_what_is_no_feed_is_told(body: bytes) -> None:
    with pytest.raises(UnreadableFeed):
        list(rows_in([body]))
