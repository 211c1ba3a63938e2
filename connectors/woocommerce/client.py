"""WooCommerce's REST API, as far as products need it: https://woocommerce.github.io/woocommerce-rest-api-docs/."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import httpx

from connectors.storefronts.calls import Caller, parsed
from connectors.woocommerce.bodies import Thing
from schemas.bodies import validated
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.product_values import MOST_VARIANTS
from schemas.records import EpochMillis, WooCommerceAccess

PER_PAGE: Final = 100
"""The most it gives."""
_GONE: Final = b"woocommerce_rest_product_invalid_id"


class Page(NamedTuple):
    """One page of products, each as its JSON, and how many pages and products there are."""

    number: int
    products: list[Any]
    pages: int
    total: int


class WooClient:
    """Reads one shop's products."""

    def __init__(self, access: WooCommerceAccess, caller: Caller) -> None:
        """Take where the shop is.

        Raises:
            ConfigurationError: the variables with the key and the secret are not named, or not set.
        """
        self._base = access["url"].rstrip("/") + "/wp-json/wc/v3/products"
        self._caller = caller
        self._auth = (_secret(access["key_env"], "key_env"), _secret(access["secret_env"], "secret_env"))

    async def product(self, product_id: str) -> Thing | None:
        """Fetch a product; None where it is gone. Raises as `Caller.get`, and `TerminalError` for a wrong body."""
        answer = await self._get(f"/{product_id}", {})
        return None if _is_gone(answer) else validated(Thing, parsed(answer))

    async def variations(self, product_id: str) -> list[Thing]:
        """Fetch all variations of a product, at most one page more than we keep. Raises as `product`."""
        found: list[Thing] = []
        for number in range(1, MOST_VARIANTS // PER_PAGE + 2):
            answer = await self._get(f"/{product_id}/variations", _page(number))
            if _is_gone(answer):
                break
            listed = _list(answer)
            found += [validated(Thing, each) for each in listed]
            if number >= _pages(answer, number, listed):
                break
        return found

    async def existing(self, product_ids: Sequence[str]) -> set[str]:
        """Return those of *product_ids* (at most `PER_PAGE`) that are there, the bin aside; raises as `Caller.get`."""
        numbers = [each for each in product_ids if each.isdecimal()]
        odd = set(product_ids).difference(numbers)  # nothing that we can ask for
        asked = _page(1) | {"include": ",".join(numbers), "_fields": "id"}
        listed = _list(await self._get("", asked)) if numbers else []
        found = {str(each["id"]) for each in listed if isinstance(each, dict) and "id" in each}
        if not found.issubset(numbers):  # a cache, or a plugin that does not know the question: it proves nothing
            raise TransientError("the shop's API answered with products that nobody asked for")
        return odd | found

    async def pages(self, first: int = 1, modified_after: EpochMillis | None = None) -> AsyncIterator[Page]:
        """Yield the pages of products from the page *first* on, by id, so that an edit moves none.

        Raises as `Caller.get`.
        """
        number, total = first, 0
        while True:
            answer = await self._get("", _page(number) | _since(modified_after) | {"orderby": "id", "order": "asc"})
            listed = _list(answer)
            page = Page(number, listed, _pages(answer, number, listed), _count(answer, "x-wp-total"))
            fewer, total = total - page.total, page.total
            if fewer > 0 and number > 1:  # deleted meanwhile: those behind them have moved up, perhaps past us
                number = max(1, number - -(-fewer // PER_PAGE))
                continue
            yield page
            if number >= page.pages or not page.products:
                return
            number += 1

    async def _get(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        return await self._caller.get(self._base + path, params=params, auth=self._auth)


def _is_gone(answer: httpx.Response) -> bool:
    """Tell whether the product is not there. Raises `TerminalError` where the API is not: somewhere else, or off."""
    if answer.status_code != httpx.codes.NOT_FOUND:
        return False
    if _GONE in answer.content:
        return True
    raise TerminalError("not_fetched", "status", "the shop's API is not at its address: 404")


def _page(number: int) -> dict[str, str]:
    return {"page": str(number), "per_page": str(PER_PAGE)}


def _since(modified_after: EpochMillis | None) -> dict[str, str]:
    if modified_after is None:
        return {}
    told = datetime.fromtimestamp(modified_after / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {"modified_after": told, "dates_are_gmt": "true"}


def _list(answer: httpx.Response) -> list[Any]:
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise TerminalError("not_fetched", "status", "the shop's API is not at its address: 404")
    listed = parsed(answer)
    if not isinstance(listed, list):
        raise TransientError("the shop's API answered with no list")
    return listed


def _pages(answer: httpx.Response, number: int, listed: Sequence[Any]) -> int:
    """Say how many pages there are; where a proxy took the header away, one more behind each full one."""
    return _count(answer, "x-wp-totalpages") or number + (len(listed) >= PER_PAGE)


def _count(answer: httpx.Response, name: str) -> int:
    text = answer.headers.get(name, "")
    return int(text) if text.isdecimal() else 0


def _secret(name: str | None, setting: str) -> str:
    value = os.environ.get(name or "")
    if not value:
        raise ConfigurationError(f"woocommerce.{setting}: {name or 'no variable'} is not set")
    return value
