"""A merchant at a fake Shopify beside a demo that runs: products change there, and one looks where it shows."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from connectors.clickhouse.client import connect
from deploy.demo.catalogue import Product, Variant
from deploy.demo.merchant import CATALOG_ID
from deploy.demo.wire import SHOP_HOST, Device, pixel_event, to_variant
from deploy.servers.storefronts import samples
from schemas.settings import ClickHouseSettings, settings_in

PATIENCE_SECONDS = 30.0


class Running(NamedTuple):
    """The demo's stack, by the environment of its processes, and the fake Shopify beside it."""

    environment: Mapping[str, str]
    shopify: httpx.Client

    @property
    def ingest(self) -> str:
        return f"http://127.0.0.1:{self.environment['INGEST_PORT']}"

    def item(self, item_id: str) -> dict[str, Any] | None:
        """What the fake Meta has of an item."""
        url = f"{self.environment['META_GRAPH_URL']}/_catalogs/{CATALOG_ID}/items"
        items = httpx.get(url, params={"item_id": item_id}).json()["items"]
        return items[0]["fields"] if items else None

    def conversion(self, event_id: str) -> dict[str, Any] | None:
        """What the fake Meta was told of an event."""
        url = f"{self.environment['META_GRAPH_URL']}/_received"
        events = httpx.get(url, params={"event_id": event_id}).json()["events"]
        return events[0]["event"] if events else None

    def feed(self) -> str:
        """The shop's feed."""
        token = self.environment["DEMO_FEED_TOKEN"]
        url = f"http://127.0.0.1:{self.environment['API_PORT']}/feeds/demo/main.xml"
        return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=60).raise_for_status().text

    def rows(self, sql: str, **parameters: object) -> list[Any]:
        """Ask ClickHouse."""
        client = connect(settings_in(self.environment, ClickHouseSettings))
        try:
            return list(client.query(sql, parameters=parameters).result_rows)
        finally:
            client.close()

    def view(self, product: Product, variant: Variant) -> str:
        """Look at a product in a browser whose page is older than the price; returns the event's id."""
        device = Device(str(uuid4()), "Mozilla/5.0 Chrome/130.0 Safari/537.36", "de", None, "203.0.113.5")
        event_id, url = f"sh-{uuid4()}", f"https://{SHOP_HOST}/products/{product.handle}"
        shown = {"productVariant": to_variant(product, variant)}
        event = pixel_event(device, int(time.time() * 1000), "product_viewed", shown, event_id=event_id, url=url)
        allowed = dict.fromkeys(("analyticsProcessingAllowed", "marketingAllowed", "saleOfDataAllowed"), True)
        body = [{"event": event, "customer": None, "consent": allowed, "browser": None}]
        httpx.post(f"{self.ingest}/v1/pixel/wk_demo", content=json.dumps(body)).raise_for_status()
        return event_id


@contextmanager
def fake_shopify(environment: Mapping[str, str]) -> Iterator[Running]:
    """Run the fake Shopify as a user would, telling the stack's ingest."""
    ingest = f"http://127.0.0.1:{environment['INGEST_PORT']}"
    argv = [sys.executable, "-m", "deploy.servers.storefronts", "--system", "shopify", "--ingest", ingest]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=dict(environment)) as process:
        assert process.stdout is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            with httpx.Client(base_url=address, timeout=30) as client:
                yield Running(environment, client)
        finally:
            process.terminate()


def seconds_until(holds: Callable[[], bool]) -> float:
    """Wait until something holds; returns how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + PATIENCE_SECONDS, "it did not happen"
        time.sleep(0.05)
    return time.monotonic() - began


def a_product() -> Product:
    """One of the demo's products that nothing else happens to."""
    return samples.catalogue(20)[8]
