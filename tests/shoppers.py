"""Shoppers whose events, orders and links are stitched, for tests: two browsers, one checkout, one order."""

from typing import Any

from schemas.records import Event
from tests.builders import MINUTE, NOON, an_event
from tests.stitched import Pipeline

PHONE, LAPTOP = "phone-4711", "laptop-0815"
TOKEN = "864ef6919a4214321240c177707a01f7"
ORDER = "5396439498987"
HOLD = 120_000


def on(client: str, minute: float = 0, **changes: Any) -> Event:
    return an_event(client_id=client, occurred_at=int(NOON + minute * MINUTE), **changes)


def completed(client: str = PHONE, minute: float = 0, **changes: Any) -> Event:
    said = {"name": "checkout_completed", "checkout_token": TOKEN, "order_id": ORDER, "fbp": "fb.1.1596403881668.1"}
    return on(client, minute, **(said | changes))


def stitched(*events: Event) -> Pipeline:
    pipeline = Pipeline()
    pipeline.publish(*events)
    pipeline.run()
    return pipeline
