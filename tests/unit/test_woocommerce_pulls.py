"""Pulling WooCommerce's products, page by page."""

from typing import Any

import pytest

from connectors.storefronts.calls import Caller, http_client
from connectors.woocommerce.client import WooClient
from deploy.servers.storefronts.woocommerce import WooShop
from schemas.errors import ConfigurationError, TerminalError, TransientError
from tests.storefronts import Naps, a_caller, a_woo_access
from tests.woo_stage import a_product

MODIFIED = 1_792_995_200_000


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WOO_KEY", "ck_test")
    monkeypatch.setenv("WOO_SECRET", "cs_test")


def a_full_shop(products: int) -> WooShop:
    shop = WooShop(root="/shop")
    for number in range(1, products + 1):
        shop.products[number] = a_product(id=number, date_modified_gmt=f"2026-10-26T06:13:{number % 60:02d}")
    return shop


async def pulled(shop: WooShop, *, naps: Naps | None = None, **options: Any) -> list[int]:
    client = WooClient(a_woo_access(), a_caller(shop.app(), naps))
    return [each["id"] async for page in client.pages(**options) for each in page.products]


async def test_a_pull_reads_every_page_once_and_can_begin_at_any() -> None:
    shop = a_full_shop(250)

    assert await pulled(shop) == list(range(1, 251))
    assert await pulled(shop, first=3) == list(range(201, 251))
    assert await pulled(WooShop(root="/shop")) == []


async def test_a_delta_pull_asks_for_what_changed_since() -> None:
    assert await pulled(a_full_shop(59), modified_after=MODIFIED + 36_000) == [57, 58, 59]


async def test_a_pull_waits_when_told_to_and_tries_again() -> None:
    shop, naps = a_full_shop(3), Naps()
    shop.stage.fail(429, retry_after="7")
    shop.stage.fail(502, retry_after="inf")

    assert await pulled(shop, naps=naps) == [1, 2, 3]
    assert naps.taken[0] == 7.0
    assert naps.taken[1] <= 1.0


async def test_a_pull_ends_with_what_was_wrong() -> None:
    shop = a_full_shop(1)
    shop.secret = "another"
    with pytest.raises(TerminalError, match="refused the key or token with 401"):
        await pulled(shop)
    shop.stage.fail(500, times=3)
    with pytest.raises(TransientError, match="500"):
        await pulled(shop)
    with pytest.raises(ConfigurationError):
        WooClient(a_woo_access(secret_env="WOO_UNSET"), Caller(http_client()))
