"""Shops' settings: checked where a person writes them, found by key and domain, followed through changes."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.kafka.shops import ShopDirectory
from deploy.commands.shops import read_shops, require_own_keys
from schemas.codec import Codec
from schemas.errors import TerminalError
from schemas.records import Shop
from schemas.shop import META_NAMES, parse_shop
from tests.builders import NOON, a_shop

CODEC = Codec.from_lock()


class Record(NamedTuple):
    value: bytes | None
    offset: int = 0


def a_shop_file(**changes: Any) -> dict[str, Any]:
    return {
        "shop_id": "demo",
        "domains": ["demo.myshopify.com"],
        "write_keys": ["wk_demo"],
        "currency": "EUR",
    } | changes


def a_record(shop: Shop) -> Record:
    return Record(CODEC.encode("Shop", shop))


def test_a_shop_as_written_travels_as_the_topic_carries_it() -> None:
    destination = {"name": "main", "pixel_id": "4711", "token_env": "META_TOKEN"}

    shop = parse_shop(a_shop_file(destinations=[destination])).to_record(NOON)

    assert CODEC.decode(CODEC.encode("Shop", shop)) == shop
    assert shop["destinations"][0]["content_id_template"] == "{variant_id}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "euro"}, "currency"),
        ({"write_keys": []}, "write_keys"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"session_gap_seconds": 5}, "session_gap_seconds"),
        ({"colour": "red"}, "colour"),
        ({"webhook_secret_envs": ["hunter2-is-no-name"]}, "webhook_secret_envs"),
        ({"destinations": [{"name": "main", "pixel_id": "x", "token_env": "META_TOKEN"}]}, "destinations.0.pixel_id"),
        *(
            ({"destinations": [{"name": "main", "pixel_id": "1", "token_env": "META_TOKEN", field: value}]}, field)
            for field, value in {
                "content_id_template": "{hunter2}",
                "content_type": "groups",
                "test_event_code": "",
                "unknown_products": "hold",
                "limited_use_regions": ["California"],
                "custom_events": {"newsletter": "Purchase"},
            }.items()
        ),
        (
            {"destinations": [{"name": "a", "pixel_id": "1", "token_env": "T", "events": ["Purchse"]}]},
            "destinations.0",
        ),
        ({"destinations": [{"name": "a", "pixel_id": number, "token_env": "T"} for number in "12"]}, "destinations"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(TerminalError) as caught:
        parse_shop(a_shop_file(**changes))

    assert field in caught.value.field
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("custom_events", "why"),
    [
        ({"newsletter": "Purchase"}, "Purchase is made of orders alone"),
        ({"newsletter": "Lead", "page_viewed": "Lead"}, "page_viewed is PageView at Meta"),
    ],
)
def test_a_wrong_setting_is_explained(custom_events: dict[str, str], why: str) -> None:
    destination = {"name": "a", "pixel_id": "1", "token_env": "T", "custom_events": custom_events}

    with pytest.raises(TerminalError, match=why):
        parse_shop(a_shop_file(destinations=[destination]))


def test_a_destination_may_select_every_event_we_make_of_standard_ones_and_its_own() -> None:
    own = {"custom_events": {"newsletter": "Lead"}, "events": [*META_NAMES.values(), "Lead"]}

    shop = parse_shop(a_shop_file(destinations=[{"name": "a", "pixel_id": "1", "token_env": "T"} | own]))

    assert shop.destinations[0].events == (*META_NAMES.values(), "Lead")


@pytest.mark.parametrize("text", ["shops: [", "shop: {}", "[]", ""])
def test_a_file_without_a_list_of_shops_says_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shops.yaml"
    file.write_text(text)

    with pytest.raises(TerminalError):
        read_shops(file)


def test_a_shop_is_found_by_write_key_and_by_domain_in_any_case() -> None:
    directory = ShopDirectory(CODEC)
    directory.apply(a_record(a_shop()))

    assert directory.with_write_key("wk_demo") == directory.with_domain("DEMO.myshopify.com") == a_shop()
    assert directory.with_write_key("wk_other") is None


@pytest.mark.parametrize(
    ("keys", "owners", "passes"),
    [
        ({"a": ["k1"], "b": ["k1"]}, {}, False),
        ({"a": ["k1"]}, {"k1": "other"}, False),
        ({"a": ["k1", "k2"]}, {"k1": "a"}, True),
        ({"a": ["k2"], "b": ["k1"]}, {"k1": "a", "k2": "b"}, True),
    ],
)
def test_a_write_key_is_one_shops_only(keys: dict[str, list[str]], owners: dict[str, str], passes: bool) -> None:
    configured = [parse_shop(a_shop_file(shop_id=shop_id, write_keys=own)) for shop_id, own in keys.items()]

    with nullcontext() if passes else pytest.raises(TerminalError, match="write_keys"):
        require_own_keys(configured, owners)


def test_a_changed_write_key_takes_the_old_ones_place() -> None:
    directory = ShopDirectory(CODEC)
    directory.apply(a_record(a_shop()))
    directory.apply(a_record(a_shop(write_keys=["wk_new"])))

    assert directory.with_write_key("wk_demo") is None
    assert directory.with_write_key("wk_new") is not None


def test_a_deleted_shop_is_forgotten_and_an_undecodable_record_changes_nothing() -> None:
    directory = ShopDirectory(CODEC)
    directory.apply(a_record(a_shop()))
    directory.apply(Record(b"{}"))
    assert directory.get("demo") is not None

    directory.apply(a_record(a_shop(deleted=True)))
    assert directory.all() == []


@pytest.mark.parametrize(
    ("template", "content_type"),
    [("{variant_id}", "product"), ("{product_id}", "product_group"), ("{product_id}-{variant_id}", "product")],
)
def test_ids_of_products_are_ids_of_groups_unless_told_otherwise(template: str, content_type: str) -> None:
    given = {"name": "main", "pixel_id": "1", "token_env": "META_TOKEN", "content_id_template": template}

    (left_out,) = parse_shop(a_shop_file(destinations=[given])).to_record(NOON)["destinations"]
    (told,) = parse_shop(a_shop_file(destinations=[given | {"content_type": "product"}])).to_record(NOON)[
        "destinations"
    ]

    assert left_out["content_type"] == content_type
    assert told["content_type"] == "product"
