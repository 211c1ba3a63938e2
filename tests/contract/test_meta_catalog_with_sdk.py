"""
Meta's own SDK against the catalogs of the stand-in: a client that shares no assumption with ours.

Only its base address is changed (`FacebookSession.GRAPH`); everything on the wire is the SDK's.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from facebook_business.adobjects.checkbatchrequeststatus import CheckBatchRequestStatus
from facebook_business.adobjects.productcatalog import ProductCatalog
from facebook_business.adobjects.productfeed import ProductFeed
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from tests.contract.meta_process import TOKEN, a_running_standin
from tests.files_served import served_files
from tests.unit.meta_catalog import a_request, an_item

# The SDK's own table of types says "map" and "Object" where Meta documents lists.
pytestmark = pytest.mark.filterwarnings("ignore:value of (requests|external_event_sources) might not be compatible")


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    with a_running_standin() as address:
        yield address


@pytest.fixture
def meta(standin: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Lead the SDK to the stand-in, and give a client of the control door."""
    monkeypatch.setattr(FacebookSession, "GRAPH", standin)
    FacebookAdsApi.init(access_token=TOKEN, crash_log=False)
    with httpx.Client(base_url=standin) as client:
        client.delete("/_catalogs")
        client.post("/_behave", json={"reset": True, "batch_delay_seconds": 0.02})
        yield client
    FacebookAdsApi.get_default_api()._session.requests.close()


@pytest.fixture
def catalog(meta: httpx.Client) -> ProductCatalog:
    return ProductCatalog(str(uuid4().int % 10**15))


def sent(catalog: ProductCatalog, *requests: dict[str, Any], **parameters: Any) -> Any:
    return catalog.create_items_batch(params={"item_type": "PRODUCT_ITEM", "requests": list(requests)} | parameters)


def finished(catalog: ProductCatalog, handle: str) -> CheckBatchRequestStatus:
    def is_finished() -> Any:
        (status,) = catalog.get_check_batch_request_status(
            params={"handle": handle, "load_ids_of_invalid_requests": True}
        )
        return status if status["status"] == "finished" else None

    return waited_for(is_finished)


def waited_for(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if (value := found()) is not None:
            return value
        time.sleep(0.01)
    raise AssertionError("nothing came of it")


def test_sdk_sends_a_batch_and_reads_what_became_of_it(catalog: ProductCatalog) -> None:
    good, bad = a_request(**an_item("jug-é", title="Krug “groß”")), a_request(**an_item("bad", price="free"))
    answer = sent(catalog, good, bad, allow_upsert=True)
    status = finished(catalog, answer["handles"][0])
    items = {item["retailer_id"]: item for item in catalog.get_products(fields=["retailer_id", "name", "price"])}

    assert answer["validation_status"] == []
    assert (status["errors_total_count"], status["ids_of_invalid_requests"]) == (1, ["bad"])
    assert status["errors"][0]["message"].startswith("Invalid price")
    assert list(items) == ["jug-é"]
    assert (items["jug-é"]["name"], items["jug-é"]["price"]) == ("Krug “groß”", "9.99 EUR")


def test_sdk_follows_the_pages_of_a_catalog(catalog: ProductCatalog) -> None:
    answer = sent(catalog, *(a_request(**an_item(f"sku-{number}")) for number in range(60)))
    finished(catalog, answer["handles"][0])
    listed = catalog.get_products(fields=["retailer_id"], params={"limit": 25})

    assert listed.total() == 60
    assert sorted(item["retailer_id"] for item in listed) == sorted(f"sku-{number}" for number in range(60))


def test_sdk_reads_the_quota_when_it_is_used_up(meta: httpx.Client, catalog: ProductCatalog) -> None:
    meta.post("/_behave", json={"batch_quota": 1}).raise_for_status()
    sent(catalog, a_request())
    with pytest.raises(FacebookRequestError) as refused:
        sent(catalog, a_request("DELETE", id="sku-1"))

    assert refused.value.api_error_code() == 80014
    assert '"estimated_time_to_regain_access":60' in refused.value.http_headers()["X-Business-Use-Case-Usage"]


def test_sdk_changes_and_deletes_an_item_by_itself(catalog: ProductCatalog) -> None:
    finished(catalog, sent(catalog, a_request())["handles"][0])
    (item,) = catalog.get_products()
    item.api_update(params={"availability": "out of stock"})
    changed = item.api_get(fields=["availability"])["availability"]
    item.api_delete()

    assert changed == "out of stock"
    assert len(catalog.get_products()) == 0


def test_sdk_registers_a_feed_and_reads_what_an_upload_found(catalog: ProductCatalog) -> None:
    csv = "id,title,description,availability,condition,price,link,image_link\n"
    rows = "1,A jug,Of clay,in stock,new,9.99 EUR,https://shop.test/1,https://shop.test/1.jpg\n2,,,,,,,\n"
    with served_files() as files:
        files.answers["/feed.csv"] = (200, (csv + rows).encode())
        schedule = {"interval": "HOURLY", "url": f"{files.address}/feed.csv"}
        made = catalog.create_product_feed(params={"name": "All", "schedule": json.dumps(schedule)})
        (feed,) = catalog.get_product_feeds(fields=["name", "schedule"])
        upload = ProductFeed(made["id"]).create_upload(params={"url": f"{files.address}/feed.csv"})
        wanted = ["end_time", "num_detected_items", "num_persisted_items", "num_invalid_items", "error_count"]
        waited_for(lambda: upload.api_get(fields=wanted).get("end_time"))
    errors = list(upload.get_errors(fields=["summary", "description", "severity", "total_count"]))

    assert (feed["id"], feed["name"], feed["schedule"]["interval"]) == (made["id"], "All", "HOURLY")
    assert (upload["num_detected_items"], upload["num_persisted_items"], upload["num_invalid_items"]) == (2, 1, 1)
    assert upload["error_count"] == len(errors) > 0
    assert {error["severity"] for error in errors} == {"fatal"}
    assert errors[0]["samples"]["data"][0]["retailer_id"] == "2"


def test_sdk_connects_a_pixel_and_reads_how_events_match(meta: httpx.Client, catalog: ProductCatalog) -> None:
    finished(catalog, sent(catalog, a_request())["handles"][0])
    catalog.create_external_event_source(params={"external_event_sources": ["1234567890"]})
    event = {
        "event_name": "ViewContent",
        "event_time": int(time.time()),
        "action_source": "website",
        "event_source_url": "https://shop.test/jug",
        "user_data": {"fbp": "fb.1.1596403881668.1116446470", "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"content_ids": ["sku-1", "gone"], "content_type": "product"},
    }
    body = {"data": [event], "access_token": TOKEN}
    meta.post("/v26.0/1234567890/events", json=body).raise_for_status()
    (stat,) = catalog.get_event_stats()

    assert (stat["event"], stat["total_matched_content_ids"], stat["total_unmatched_content_ids"]) == (
        "ViewContent",
        1,
        1,
    )
