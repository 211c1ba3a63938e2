"""Every case of `tests/contract/conversions`: an event in, what Meta is told out, and Meta's rules agree."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.meta.validation import SKIP_REASONS, skip_reason
from deploy.servers.meta.event_rules import check_event
from schemas.records import Destination, EnrichedEvent, Shop
from streams.rules.conversions import Decision, decide
from tests.builders import NOON, a_shop, an_item
from tests.forwarded import a_destination, enriched, some_facts

CASES = sorted((Path(__file__).parent / "conversions").glob("*.event.json"))
NOW = NOON / 1000 + 60


def read(case: Path) -> tuple[EnrichedEvent, Destination]:
    told: dict[str, Any] = json.loads(case.read_text())
    event = {"client_id": "ece6cea2-0914-4dcd-8345-8d64ce97b76b"} | told["event"]
    event["items"] = [an_item(**changes) for changes in event.get("items", [{}])]
    facts = [some_facts(**changes) for changes in told.get("products", [{} for _ in event["items"]])]
    return enriched(facts, **event), a_destination(**told.get("destination", {}))


def decision(case: Path, shop: Shop | None = None) -> Decision:
    event, destination = read(case)
    decided = decide(event, shop or a_shop(domains=["demo.myshopify.com", "shop.example"]), destination, NOW)
    assert decided is not None
    return decided


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix(".event.json"))
def test_event_becomes_conversion(case: Path) -> None:
    expected = json.loads(case.with_name(case.name.replace(".event.", ".meta.")).read_text())

    decided = decision(case)

    told = json.loads(decided.body) if decided.body is not None else {"skipped": decided.skipped}
    assert told == expected


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix(".event.json"))
def test_what_meta_is_told_keeps_metas_rules(case: Path) -> None:
    told = json.loads(case.with_name(case.name.replace(".event.", ".meta.")).read_text())

    if "skipped" in told:
        assert told["skipped"] in SKIP_REASONS
        return
    assert skip_reason(told, NOW) is None
    warnings = check_event(told, now=NOW)
    assert set(warnings) <= {"a website event without client_user_agent"}


def test_there_are_cases_for_each_of_metas_events() -> None:
    told = {json.loads(case.read_text()).get("event_name") for case in (CASES[0].parent).glob("*.meta.json")}

    assert told >= {"PageView", "ViewContent", "AddToCart", "InitiateCheckout", "AddPaymentInfo", "Search", "Purchase"}
