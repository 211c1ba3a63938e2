"""How fast conversions are made and sent, beside Meta's own SDK and a bare loop, on the same events in the same run.

    python -m tests.benchmarks.forward

The stand-in of Meta answers after 50 ms. `SDK` is `facebook_business` with `BatchProcessor(batch_size=50,
concurrent_requests=4)`; `bare loop` posts ready-made bodies of 1,000 events one after the other. `backlog` is the
memory of a process that meets an hour's events at once, for one destination that answers and one that is down.
"""

import asyncio
import json
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.batch_processor import BatchProcessor
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event as SdkEvent
from facebook_business.adobjects.serverside.event_request_async import EventRequestAsync
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from connectors.meta.client import MetaClient, to_body
from connectors.meta.parcels import Parcel
from connectors.meta.sender import Hooks, Sender
from schemas.records import EnrichedEvent
from schemas.settings import MetaSettings
from streams.rules.conversions import decide
from tests import servers
from tests.builders import a_shop, an_item
from tests.contract.meta_process import TOKEN, a_running_standin
from tests.forwarded import Ledger, a_destination, enriched, hashed
from tests.integration.forward_stage import DESTINATIONS, PARTITIONS, Stage, envelope

EVENTS = 20_000
SDK_EVENTS = 4_000
LATENCY_MS = 50
BACKLOG_EVENTS = 200_000
RUNS = 3
PIXEL = "1234567890"


def main() -> None:
    """Measure making and sending, and print events per second with their ratios."""
    events = [an_event(number) for number in range(EVENTS)]
    _print("made", {"ours": median(lambda: _make_ours(events)), "SDK": median(lambda: _make_sdk(events[:SDK_EVENTS]))})
    with a_running_standin() as address, httpx.Client(base_url=address) as control:
        control.post("/_behave", json={"latency_ms": LATENCY_MS}).raise_for_status()
        bodies = [body for event in events if (body := _body(event))]
        speeds = {
            "ours": median(lambda: asyncio.run(_send_ours(address, bodies))),
            "SDK": median(lambda: _send_sdk(address, events[:SDK_EVENTS])),
            "bare loop": median(lambda: asyncio.run(_send_bare(address, bodies))),
        }
        few = median(lambda: asyncio.run(_send_ours(address, bodies[:SDK_EVENTS])))
    _print("sent", speeds)
    _print_backlog()
    print(f"sent   {'ours, as few events as the SDK':<12} {few:>9,.0f} events/s   {few / speeds['SDK']:.1f}x SDK")


def _print_backlog() -> None:
    """Let a forward on real Kafka work off an hour's events while one of two destinations is down; print its memory."""
    with (
        tempfile.TemporaryDirectory() as name,
        servers.kafka(Path(name) / "kafka") as bootstrap,
        a_running_standin() as meta,
    ):
        asyncio.run(_work_off(Stage(bootstrap, meta, Path(name))))


async def _work_off(stage: Stage) -> None:
    stage.env |= {"META_BATCH_SIZE": "1000", "META_LINGER_SECONDS": "0.2", "META_RETRY_SECONDS": "60"}
    await stage.prepare(a_shop(destinations=DESTINATIONS))
    stage.meta.post("/_behave", json={"latency_ms": LATENCY_MS}).raise_for_status()
    stage.meta.post("/_behave", json={"pixel_id": DESTINATIONS[0]["pixel_id"], "token_dead": True}).raise_for_status()
    for start in range(0, BACKLOG_EVENTS, 10_000):
        values = [envelope(*map(an_event, range(first, first + 100))) for first in range(start, start + 10_000, 100)]
        await stage.say((number % PARTITIONS, value) for number, value in enumerate(values))
    began, most = time.monotonic(), 0
    with stage.start() as child:
        working = asyncio.create_task(stage.until_committed(seconds=1800))
        while not working.done():
            most = max(most, psutil.Process(child.pid).memory_info().rss)
            await asyncio.sleep(0.2)
        await working
        seconds = time.monotonic() - began
    print(f"backlog {BACKLOG_EVENTS:,} events, one destination of two down: {most / 2**20:.0f} MB, {seconds:.0f} s")


def an_event(number: int) -> EnrichedEvent:
    """A purchase of two items by somebody of whom much is known."""
    return enriched(
        name="purchase",
        source="webhook",
        event_id=f"sh-{number}",
        client_id=f"client-{number}",
        order_id=str(number),
        occurred_at=int(time.time() * 1000) - 1_000,
        fbp="fb.1.1793000000000.1116446470",
        user_data={field: hashed(f"{field}{number}") for field in ("em", "ph", "fn", "ln", "ct", "country")},
        items=[an_item(), an_item(variant_id="2", quantity=2)],
    )


def median(measure: Callable[[], float]) -> float:
    """Take the median of several runs."""
    return statistics.median(measure() for _ in range(RUNS))


def _print(what: str, speeds: dict[str, float]) -> None:
    for name, speed in speeds.items():
        ratio = "" if name == "ours" else f"   ours is {speeds['ours'] / speed:.1f}x"
        print(f"{what:<6} {name:<12} {speed:>9,.0f} events/s{ratio}")


def _body(event: EnrichedEvent) -> bytes | None:
    decision = decide(event, a_shop(), a_destination(), time.time())
    return decision.body if decision else None


def _make_ours(events: list[EnrichedEvent]) -> float:
    shop, destination, started = a_shop(), a_destination(), time.process_time()
    made = 0
    for event in events:
        decision = decide(event, shop, destination, time.time())
        made += decision is not None and decision.body is not None
    assert made == len(events)
    return made / (time.process_time() - started)


def _make_sdk(events: list[EnrichedEvent]) -> float:
    started = time.process_time()
    for event in events:
        json.dumps(_sdk_event(event).normalize())
    return len(events) / (time.process_time() - started)


def _sdk_event(enriched_event: EnrichedEvent) -> SdkEvent:
    event, facts = enriched_event["event"], enriched_event["products"]
    user = event["user_data"]
    contents = [
        Content(
            product_id=item["variant_id"], quantity=item["quantity"], item_price=item["price"], title=known["title"]
        )
        for item, known in zip(event["items"], facts, strict=True)
    ]
    return SdkEvent(
        event_name="Purchase",
        event_time=event["occurred_at"] // 1000,
        event_id=event["event_id"],
        action_source=ActionSource.WEBSITE,
        event_source_url=event["url"],
        user_data=UserData(
            email=user["em"],
            phone=user["ph"],
            first_name=user["fn"],
            last_name=user["ln"],
            city=user["ct"],
            country_code=user["country"],
            external_id=event["client_id"],
            fbp=event["fbp"],
            client_ip_address=event["client_ip"],
            client_user_agent=event["user_agent"],
        ),
        custom_data=CustomData(
            value=event["value"],
            currency=event["currency"],
            contents=contents,
            content_ids=[item["variant_id"] for item in event["items"]],
            content_type="product",
            order_id=event["order_id"],
        ),
    )


async def _send_ours(address: str, bodies: list[bytes]) -> float:
    os.environ["META_TOKEN_DEMO"] = TOKEN
    meta = MetaSettings.model_validate({"META_GRAPH_URL": address, "META_LINGER_SECONDS": "0.05"})
    ledger, now = Ledger(), int(time.time())
    async with MetaClient(meta) as client:
        sender = Sender(client, meta, Hooks(lambda: a_destination(pixel_id=PIXEL), ledger.settle))
        running = asyncio.create_task(sender.run())
        started = time.perf_counter()
        sender.offer([Parcel(body, now) for body in bodies])
        await ledger.until_settled(len(bodies), seconds=120)
        seconds = time.perf_counter() - started
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert set(ledger.statuses().values()) == {"accepted"}
    return len(bodies) / seconds


async def _send_bare(address: str, bodies: list[bytes]) -> float:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    batches = [to_body(bodies[start : start + 1000], None) for start in range(0, len(bodies), 1000)]
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
        started = time.perf_counter()
        for batch in batches:
            (await client.post(f"/v26.0/{PIXEL}/events", content=batch)).raise_for_status()
        return len(bodies) / (time.perf_counter() - started)


def _send_sdk(address: str, events: list[EnrichedEvent]) -> float:
    FacebookSession.GRAPH = address
    FacebookAdsApi.init(access_token=TOKEN, crash_log=False)
    made = [_sdk_event(event) for event in events]
    started = time.perf_counter()
    BatchProcessor(batch_size=50, concurrent_requests=4).process_events(
        EventRequestAsync(pixel_id=PIXEL, events=[]), made
    )
    return len(events) / (time.perf_counter() - started)


if __name__ == "__main__":
    logging.getLogger("httpx").setLevel(logging.WARNING)
    main()
