"""What is asked of Meta about catalogs, how its answers are read, and how its limits slow us down."""

from typing import Any

import httpx
import orjson
import pytest

from connectors.meta.catalog import feeds
from connectors.meta.catalog.answers import Page, Problem, Progress, Taken
from connectors.meta.catalog.batches import MAX_BYTES, MAX_ITEMS, Gathering, to_body
from connectors.meta.catalog.client import CatalogClient
from connectors.meta.catalog.drift import has_drifted
from connectors.meta.catalog.quota import Usage, usage_of, window_seconds
from connectors.meta.failures import Failure
from schemas.settings import MetaSettings
from tests.listed import a_catalog

TOKEN = "a-token-of-the-tests"
BUC = "X-Business-Use-Case-Usage"


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("META_TOKEN_DEMO", TOKEN)


class FakeGraph:
    """Answers every request with the same, and remembers what it was asked."""

    def __init__(self, answer: object, status: int = 200, **headers: str) -> None:
        self.asked: list[httpx.Request] = []
        self._answer, self._status, self._headers = answer, status, {k.replace("_", "-"): v for k, v in headers.items()}

    def client(self) -> CatalogClient:
        settings = MetaSettings.model_validate({"META_GRAPH_URL": "http://meta.test"})
        return CatalogClient(settings, transport=httpx.MockTransport(self._take))

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        content = self._answer if isinstance(self._answer, bytes) else orjson.dumps(self._answer)
        return httpx.Response(self._status, content=content, headers=self._headers)


async def test_a_batch_is_sent_as_json_with_the_token_in_a_header_only() -> None:
    meta = FakeGraph({"handles": ["Acy_1"], "validation_status": []})
    async with meta.client() as client:
        taken = await client.send_items(a_catalog(), [b'{"method":"DELETE","data":{"id":"1"}}'])

    (request,) = meta.asked
    assert isinstance(taken, Taken)
    assert taken.handle == "Acy_1"
    assert request.url == "http://meta.test/v26.0/1234/items_batch"
    assert orjson.loads(request.content) == {
        "item_type": "PRODUCT_ITEM",
        "allow_upsert": True,
        "requests": [{"method": "DELETE", "data": {"id": "1"}}],
    }
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(request.url)


async def test_what_is_said_of_items_at_once_is_read_also_when_nothing_is_taken() -> None:
    said = [{"retailer_id": "1", "errors": [{"message": "no"}], "warnings": [{"message": "hm"}]}, {"errors": 7}]
    async with FakeGraph({"handles": [], "validation_status": said}).client() as client:
        taken = await client.send_items(a_catalog(), [])

    assert taken == Taken(None, {"1": Problem(("no",), ("hm",))})


async def test_a_batch_is_asked_for_with_all_ids_that_were_not_saved() -> None:
    told = {
        "handle": "h",
        "status": "finished",
        "errors_total_count": 3,
        "errors": [{"line": 1, "id": "1", "message": "no"}, {"line": 1, "id": "1", "message": "and no"}],
        "warnings": [{"line": 2, "id": "2", "message": "hm"}],
        "ids_of_invalid_requests": ["1", "9"],
    }
    meta = FakeGraph({"data": [told]})
    async with meta.client() as client:
        progress = await client.batch_status(a_catalog(), "h")

    assert dict(meta.asked[0].url.params) == {
        "handle": "h",
        "load_ids_of_invalid_requests": "true",
        "error_priority": "LOW",
    }
    assert isinstance(progress, Progress)
    assert progress.state == "finished"
    assert progress.problems == {"1": Problem(("no", "and no")), "2": Problem((), ("hm",))}
    assert (progress.invalid, progress.names_all) == (frozenset({"1", "9"}), True)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Started", "running"),
        ("scheduled", "running"),
        ("Finished", "finished"),
        ("error", "failed"),
        (None, "running"),
    ],
)
async def test_a_batch_runs_until_meta_says_otherwise(status: str | None, state: str) -> None:
    async with FakeGraph({"data": [{"status": status}]}).client() as client:
        progress = await client.batch_status(a_catalog(), "h")

    assert isinstance(progress, Progress)
    assert progress.state == state


def test_errors_that_name_too_few_items_leave_it_open_which() -> None:
    assert not Progress("finished", {"1": Problem(("no",))}, frozenset(), 2).names_all
    assert Progress("finished", {"1": Problem(("no",))}, frozenset(), 1).names_all


async def test_items_are_listed_page_by_page_until_there_is_no_next() -> None:
    paging = {"cursors": {"after": "c2"}, "next": "http://meta.test/next"}
    meta = FakeGraph({"data": [{"retailer_id": "1"}], "paging": paging})
    async with meta.client() as client:
        page = await client.products(a_catalog(), ("retailer_id", "price"), limit=500, after="c1")
    async with FakeGraph({"data": [], "paging": {"cursors": {"after": "c2"}}}).client() as client:
        last = await client.products(a_catalog(), ("retailer_id",), limit=500)

    assert dict(meta.asked[0].url.params) == {"fields": "retailer_id,price", "limit": "500", "after": "c1"}
    assert page == Page([{"retailer_id": "1"}], "c2")
    assert last == Page([], None)


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        ({"error": {"code": 80014, "is_transient": False}}, 400, "throttled"),
        ({"error": {"code": 80009}}, 400, "throttled"),
        ({"error": {"code": 190}}, 401, "token"),
        ({"error": {"code": 100, "error_subcode": 33}}, 400, "token"),
        ({"error": {"code": 100}}, 400, "permanent"),
        ({"error": {"code": 1, "is_transient": False}}, 500, "split"),
        ({"error": {"code": 2, "is_transient": True}}, 500, "transient"),
        (b"<html>", 413, "split"),
        (b"<html>", 502, "transient"),
        (b"[]", 200, "transient"),
        (httpx.ReadTimeout("slow"), 200, "transient"),
    ],
)
async def test_trouble_is_an_answer_and_never_raises(answer: object, status: int, kind: str) -> None:
    async with FakeGraph(answer, status).client() as client:
        failed = await client.send_items(a_catalog(), [])

    assert isinstance(failed, Failure)
    assert failed.kind == kind


async def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("META_TOKEN_DEMO")
    meta = FakeGraph({})
    async with meta.client() as client:
        failed = await client.batch_status(a_catalog(), "h")

    assert failed == Failure("token", detail="token not set")
    assert meta.asked == []


async def test_feeds_are_registered_fetched_and_read_back() -> None:
    created = FakeGraph({"id": "77"})
    async with created.client() as client:
        feed_id = await feeds.create_feed(client, a_catalog(), {"name": "main"})
        upload_id = await feeds.start_upload(client, a_catalog(), "77", {"url": "https://shop.example/feed"})
    listed = FakeGraph({"data": [{"id": "1"}]})
    async with listed.client() as client:
        pages = [
            await feeds.feeds(client, a_catalog()),
            await feeds.uploads(client, a_catalog(), "77"),
            await feeds.upload_errors(client, a_catalog(), "88", None),
        ]

    assert (feed_id, upload_id) == ("77", "77")
    assert [request.url.path for request in created.asked] == ["/v26.0/1234/product_feeds", "/v26.0/77/uploads"]
    assert pages == [Page([{"id": "1"}], None)] * 3
    assert [request.url.path.rpartition("/")[2] for request in listed.asked] == ["product_feeds", "uploads", "errors"]


def usage(*uses: dict[str, Any]) -> dict[str, str]:
    return {BUC.lower(): orjson.dumps({"1": list(uses)}).decode()}


def test_usage_is_that_of_the_limit_nearest_to_its_end() -> None:
    headers = usage({"type": "catalog_batch", "call_count": 20, "total_time": 71}, {"call_count": 30})

    assert usage_of(headers) == Usage(71.0, 0.0)
    assert usage_of(usage({"call_count": 100, "estimated_time_to_regain_access": 2})) == Usage(100.0, 120.0)
    assert usage_of({"x-app-usage": '{"call_count":55,"total_time":3}'}) == Usage(55.0)
    assert usage_of({BUC.lower(): "no json"}) == Usage()
    assert usage_of({}) == Usage()


def test_the_window_grows_with_usage_and_never_shrinks_below_the_chosen_one() -> None:
    windows = [window_seconds(1.0, percent) for percent in (None, 0, 40, 60, 80, 100, 130)]

    assert windows[:3] == [1.0, 1.0, 1.0]
    assert windows == sorted(windows)
    assert windows[-1] == windows[-2] == 120.0
    assert window_seconds(300.0, 90) == 300.0


def test_a_batch_has_at_most_so_many_items_and_bytes() -> None:
    few, many = Gathering(2), Gathering(10_000)
    for _ in range(2):
        few.add(b"{}")
    large = b"x" * (MAX_BYTES // 2)
    many.add(large)

    assert few.is_full
    assert not few.fits(b"{}")
    assert many.fits(b"x" * (MAX_BYTES // 2 - 100))
    assert not many.fits(large)
    assert Gathering(1).fits(b"x" * (MAX_BYTES + 1))
    assert len(to_body(many.records)) == many.size - 1
    for _ in range(MAX_ITEMS - 1):
        many.add(b"")
    assert many.is_full


TOLD = {"title": "Jug", "availability": "in stock", "link": "https://shop.example/jug", "price": "1234.50 EUR"}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": "Jug", "availability": "in stock", "url": "https://shop.example/jug", "price": "1234.5 EUR"},
        {"price": "€1,234.50"},
        {"price": "1.234,50 €"},
        {"price": "1 234,50 EUR"},
        {"availability": "in_stock"},
        {"price": None},
    ],
)
def test_what_meta_writes_its_own_way_is_no_drift(row: dict[str, Any]) -> None:
    assert not has_drifted(row, TOLD)


@pytest.mark.parametrize(
    "row",
    [{"name": "Mug"}, {"availability": "out of stock"}, {"price": "1234.00 EUR"}, {"url": "https://else.example"}],
)
def test_what_is_other_at_meta_is_drift(row: dict[str, Any]) -> None:
    assert has_drifted(row, TOLD)


def test_amounts_without_decimals_compare() -> None:
    assert not has_drifted({"price": "¥1,200"}, {"price": "1200 JPY"})
    assert not has_drifted({"price": "$9.99"}, {"price": "9.99 USD"})
    assert has_drifted({"price": "$9.99"}, {"price": "999 USD"})
