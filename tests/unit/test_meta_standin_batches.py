"""How the stand-in takes batches of items, and what it says of them."""

import json
from typing import Any

import pytest

from deploy.servers.meta.access import Access
from deploy.servers.meta.catalog.item_rules import judge
from tests.unit.meta_catalog import (
    CATALOG,
    ITEMS_BATCH,
    STATUS,
    a_clocked_standin,
    a_request,
    an_item,
    handle_of,
    items_of,
    send_batch,
    status_of,
)
from tests.unit.meta_standin import TOKEN, a_standin, client_of, code_of

ONE = {"item_type": "PRODUCT_ITEM", "requests": [a_request()]}
ENCODINGS: dict[str, dict[str, Any]] = {
    "json": {"json": ONE},
    "urlencoded": {"data": ONE | {"requests": json.dumps(ONE["requests"])}},
    "multipart": {"files": {name: (None, json.dumps(value).strip('"')) for name, value in ONE.items()}},
    "texts in a list": {"json": ONE | {"requests": [json.dumps(a_request())]}},
}


@pytest.mark.parametrize("body", ENCODINGS.values(), ids=ENCODINGS)
async def test_every_encoding_of_a_batch_is_taken(body: dict[str, Any]) -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        answer = await meta.post(ITEMS_BATCH, **body)
        clock.advance(1)
        items = await items_of(meta)

    assert len(answer.json()["handles"][0]) == 88
    assert answer.json()["validation_status"] == []
    assert items == {"sku-1": an_item()}


async def test_batch_goes_through_its_states_and_takes_effect_at_the_end() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await meta.post("/_behave", json={"batch_delay_seconds": 4})
        handle = await handle_of(meta, a_request())
        states, counts = [], []
        for _ in range(5):
            states.append((await status_of(meta, handle))["status"])
            counts.append(len(await items_of(meta)))
            clock.advance(1)

    assert states == ["scheduled", "dispatched", "started", "started", "finished"]
    assert counts == [0, 0, 0, 0, 1]


async def test_unknown_field_is_a_warning_and_the_others_are_taken() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        answer = await send_batch(meta, a_request(**an_item(colour="red")))
        clock.advance(1)
        items = await items_of(meta)

    message = "Unrecognised field: A request for item sku-1 contains unrecognised field: 'colour'"
    assert answer.json()["validation_status"] == [
        {"retailer_id": "sku-1", "errors": [], "warnings": [{"message": message}]}
    ]
    assert items["sku-1"]["title"] == "A jug"


async def test_batch_of_nothing_but_faulty_items_has_no_handle() -> None:
    async with client_of() as meta:
        answer = await send_batch(meta, a_request(id="sku-1", title="No price"))

    (remark,) = answer.json()["validation_status"]
    assert answer.json()["handles"] == []
    assert any("'price'" in error["message"] for error in remark["errors"])


async def test_item_at_fault_leaves_the_rest_of_the_batch_alone() -> None:
    standin, clock = a_clocked_standin()
    requests = [a_request(**an_item(f"sku-{n}")) for n in range(40)]
    bad = [a_request(**an_item(f"bad-{n}", price="€9")) for n in range(30)]
    async with client_of(standin) as meta:
        handle = await handle_of(meta, *requests, *bad)
        clock.advance(1)
        status = await status_of(meta, handle, load_ids_of_invalid_requests="true")
        without_ids = await status_of(meta, handle)
        items = await items_of(meta)

    assert len(items) == 40
    assert (status["errors_total_count"], len(status["errors"])) == (30, 25)
    assert status["errors"][0] | {"message": ""} == {"line": 41, "id": "bad-0", "message": ""}
    assert status["ids_of_invalid_requests"] == [f"bad-{n}" for n in range(30)]
    assert without_ids["ids_of_invalid_requests"] == []


async def test_update_changes_what_it_names_and_delete_removes() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        await handle_of(meta, a_request(), a_request(**an_item("sku-2")))
        clock.advance(1)
        await handle_of(meta, a_request("UPDATE", id="sku-1", price="8.00 EUR"), a_request("DELETE", id="sku-2"))
        clock.advance(1)
        items = await items_of(meta)

    assert items == {"sku-1": an_item(price="8.00 EUR")}


@pytest.mark.parametrize(
    ("upsert", "fields", "taken"), [(True, an_item(), 1), (True, {"id": "x"}, 0), (False, an_item(), 0)]
)
async def test_update_of_an_unknown_item_needs_upsert_and_all_fields(
    upsert: bool, fields: dict[str, Any], taken: int
) -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        handle = await handle_of(meta, a_request("UPDATE", **fields), allow_upsert=upsert)
        clock.advance(1)
        status = await status_of(meta, handle)
        items = await items_of(meta)

    assert len(items) == taken
    assert (status["errors_total_count"] > 0) == (taken == 0)


async def test_delete_of_an_unknown_item_is_a_warning() -> None:
    standin, clock = a_clocked_standin()
    async with client_of(standin) as meta:
        handle = await handle_of(meta, a_request("DELETE", id="nowhere"))
        clock.advance(1)
        status = await status_of(meta, handle)

    assert (status["errors_total_count"], status["warnings_total_count"]) == (0, 1)


REFUSED: dict[str, dict[str, Any]] = {
    "no type": {"item_type": None},
    "another type": {"item_type": "HOTEL"},
    "no requests": {"requests": []},
    "too many": {"requests": [a_request("DELETE", id=str(n)) for n in range(5001)]},
    "no method": {"requests": [{"data": an_item()}]},
    "id outside of data": {"requests": [{"method": "DELETE", "retailer_id": "sku-1"}]},
    "number as id": {"requests": [a_request("DELETE", id=1)]},
    "upsert of neither": {"allow_upsert": "perhaps"},
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
async def test_batch_that_is_not_one_is_refused_whole(change: dict[str, Any]) -> None:
    async with client_of() as meta:
        answer = await meta.post(ITEMS_BATCH, json=ONE | change)

    assert code_of(answer) == (400, 100, None)


async def test_five_thousand_requests_are_taken() -> None:
    async with client_of() as meta:
        answer = await send_batch(meta, *(a_request("DELETE", id=str(n)) for n in range(5000)))

    assert len(answer.json()["handles"]) == 1


async def test_over_28_megabytes_is_too_much() -> None:
    fields = an_item(description="x" * (28 * 1024 * 1024))
    async with client_of() as meta:
        answer = await send_batch(meta, a_request(**fields))

    assert code_of(answer) == (400, 1, None)


async def test_handle_of_another_catalog_is_unknown() -> None:
    async with client_of() as meta:
        handle = await handle_of(meta, a_request())
        answer = await meta.get(STATUS.replace(CATALOG, "5550002"), params={"handle": handle})

    assert code_of(answer) == (400, 100, None)


async def test_only_named_catalogs_exist_once_some_are_named() -> None:
    async with client_of(a_standin(access=Access.opened_to([TOKEN], catalogs=["1"]))) as meta:
        unknown = await meta.post(ITEMS_BATCH, json=ONE)
        known = await meta.post("/v26.0/1/items_batch", json=ONE)

    assert code_of(unknown) == (400, 100, 33)
    assert known.status_code == 200


async def test_token_of_one_catalog_may_not_write_to_another() -> None:
    async with client_of(token=None) as meta:
        await meta.post("/_configure", json={"catalogs": {"1": ["one"], "2": ["two"]}})
        own = await meta.post("/v26.0/1/items_batch", params={"access_token": "one"}, json=ONE)
        other = await meta.post("/v26.0/2/items_batch", params={"access_token": "one"}, json=ONE)

    assert own.status_code == 200
    assert code_of(other) == (400, 100, 33)


async def test_what_is_odd_about_calls_is_counted() -> None:
    async with client_of(a_clocked_standin()[0]) as meta:
        for _ in range(2):
            await handle_of(meta, a_request(), a_request())
        shown = (await meta.get(f"/_catalogs/{CATALOG}")).json()

    assert shown["calls"] == {"items_batch": 2}
    odd = {name: shown[name] for name in ("repeated_requests", "overlapping_items", "repeats_in_batch")}
    assert odd == {"repeated_requests": 1, "overlapping_items": 1, "repeats_in_batch": 2}
    assert [batch["status"] for batch in shown["batches"]] == ["scheduled", "scheduled"]


FAULTS: dict[str, dict[str, Any]] = {
    "price without currency": {"price": "9.99"},
    "negative price": {"price": "-1.00 EUR"},
    "price with a comma": {"price": "9,99 EUR"},
    "availability in capitals": {"availability": "In Stock"},
    "availability of a shop's own": {"availability": "sold out"},
    "condition": {"condition": "mint"},
    "a list as condition": {"condition": ["new"]},
    "link without a scheme": {"link": "shop.test/jug"},
    "image without a scheme": {"image_link": "//cdn.shop.test/jug.jpg"},
    "long title": {"title": "x" * 201},
    "long description": {"description": "x" * 10_000},
    "sale price": {"sale_price": "free"},
}


@pytest.mark.parametrize("change", FAULTS.values(), ids=FAULTS)
def test_item_that_breaks_a_documented_rule_is_at_fault(change: dict[str, Any]) -> None:
    assert judge(an_item()).errors == []
    assert len(judge(an_item(**change)).errors) == 1


@pytest.mark.parametrize("change", [{"title": "A JUG"}, {"description": "<b>Of clay</b>"}])
def test_item_that_is_only_bad_style_is_warned_of(change: dict[str, Any]) -> None:
    verdict = judge(an_item(**change))

    assert (verdict.errors, len(verdict.warnings)) == ([], 1)
