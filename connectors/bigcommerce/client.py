"""BigCommerce's catalog API, as far as products need it: https://developer.bigcommerce.com/docs/rest-catalog/products.

The quota is shared by all apps of a store, so one client makes few requests at a time.
"""

import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import httpx

from connectors.bigcommerce.bodies import InventoryBody, ProductBody
from connectors.bigcommerce.mapping import Names
from connectors.storefronts.calls import Caller, parsed
from schemas.bodies import validated
from schemas.errors import ConfigurationError, TerminalError, TransientError
from schemas.records import BigCommerceAccess, EpochMillis

PER_PAGE: Final = 100
INVENTORY_PAGE: Final = 1_000
MOST_NAMES: Final = 50_000
NAMES_SECONDS: Final = 600.0
_INCLUDE: Final = {"include": "variants,images,custom_fields"}


class Page(NamedTuple):
    """Some products by id, each as its JSON; *total* is how many the question has left."""

    products: list[Any]
    total: int


class _Kept(NamedTuple):
    since: float
    brands: dict[str, str]
    categories: dict[str, str]


class BigCommerceClient:
    """Reads one store's products; keeps the names of brands and categories for `NAMES_SECONDS`: they may change."""

    def __init__(self, access: BigCommerceAccess, caller: Caller, clock: Callable[[], float] = time.monotonic) -> None:
        """Take which store it is; *clock* is in seconds.

        Raises:
            ConfigurationError: the variable with the token is not set.
        """
        token = os.environ.get(access["token_env"])
        if not token:
            raise ConfigurationError(f"bigcommerce.token_env: {access['token_env']} is not set")
        self._store = f"{access['api_url'].rstrip('/')}/stores/{access['store_hash']}/v3"
        self._headers = {"X-Auth-Token": token}
        self._caller = caller
        self._clock = clock
        self._names = _Kept(clock(), {}, {})

    async def product(self, product_id: str) -> ProductBody | None:
        """Fetch a product; None where it is gone. Raises as `Caller.get`, and `TerminalError` for a wrong body."""
        answer = await self._get(f"/products/{product_id}", _INCLUDE)
        if answer.status_code == httpx.codes.NOT_FOUND and _status(parsed(answer)) == httpx.codes.NOT_FOUND:
            return None
        return validated(ProductBody, _data(answer, dict))

    async def existing(self, product_ids: Sequence[str]) -> set[str]:
        """Return those of *product_ids* (at most `PER_PAGE`) that are there; raises as `Caller.get`."""
        numbers = [each for each in product_ids if each.isdecimal()]
        odd = set(product_ids).difference(numbers)  # nothing that we can ask for
        asked = {"id:in": ",".join(numbers), "include_fields": "id", "limit": str(PER_PAGE)}
        listed = _data(await self._get("/products", asked), list) if numbers else []
        found = {str(each["id"]) for each in listed if isinstance(each, dict) and "id" in each}
        if not found.issubset(numbers):  # a cache, or a plugin that does not know the question: it proves nothing
            raise TransientError("the shop's API answered with products that nobody asked for")
        return odd | found

    async def pages(self, after_id: str = "0", modified_since: EpochMillis | None = None) -> AsyncIterator[Page]:
        """Yield the products whose id is greater than *after_id*, by id; nothing moves while they are edited.

        Raises as `Caller.get`.
        """
        since = {} if modified_since is None else {"date_modified:min": _iso(modified_since)}
        while True:
            order = {"limit": str(PER_PAGE), "sort": "id", "direction": "asc", "id:greater": after_id}
            answer = await self._get("/products", _INCLUDE | order | since)
            # Without an id nobody could say which product it is, nor where to go on.
            products = [each for each in _data(answer, list) if isinstance(each, dict) and each.get("id")]
            if not products:
                return
            yield Page(products, _total(parsed(answer)))
            after_id = str(products[-1]["id"])

    async def inventory(self, product_ids: Sequence[str]) -> list[InventoryBody]:
        """Fetch the stock by location of *product_ids* (at most `PER_PAGE`). Raises as `product`."""
        found: list[InventoryBody] = []
        asked = {"product_id:in": ",".join(product_ids), "limit": str(INVENTORY_PAGE)}
        while True:
            page = asked | {"page": str(len(found) // INVENTORY_PAGE + 1)}
            answer = await self._caller.get(f"{self._store}/inventory/items", params=page, headers=self._headers)
            listed = _data(answer, list)
            found += [validated(InventoryBody, each) for each in listed]
            if len(listed) < INVENTORY_PAGE:
                return found

    async def names(self, products: Iterable[ProductBody]) -> Names:
        """Fetch the names of the products' brands and categories that are not known yet. Raises as `Caller.get`."""
        kept = self._kept_names()
        listed = list(products)
        brands = {each.brand_id for each in listed if each.brand_id not in (None, "", "0")}
        categories = {number for each in listed for number in each.categories or ()}
        await self._learn("brands", kept.brands, [each for each in brands if each])
        await self._learn("categories", kept.categories, categories)
        return Names(kept.brands, kept.categories)

    def _kept_names(self) -> "_Kept":
        """Begin anew when the names are old or many; whoever learns into the former ones goes on with them."""
        kept = self._names
        if self._clock() - kept.since > NAMES_SECONDS or len(kept.brands) + len(kept.categories) > MOST_NAMES:
            self._names = _Kept(self._clock(), {}, {})
        return self._names

    async def _learn(self, kind: str, known: dict[str, str], ids: Iterable[str]) -> None:
        missing = sorted(set(ids) - known.keys())
        for start in range(0, len(missing), PER_PAGE):
            asked = missing[start : start + PER_PAGE]
            answer = await self._get(f"/{kind}", {"id:in": ",".join(asked), "limit": str(PER_PAGE)})
            # What is gone is known to have no name, so that it is not asked for again.
            known.update(dict.fromkeys(asked, ""))
            known.update({str(each["id"]): str(each["name"]) for each in _data(answer, list)})

    async def _get(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        return await self._caller.get(f"{self._store}/catalog{path}", params=params, headers=self._headers)


def _data(answer: httpx.Response, kind: type) -> Any:
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise TerminalError("not_fetched", "status", "the shop's API is not at its address: 404")
    content = parsed(answer)
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, kind):
        raise TransientError("the shop's API answered something else")
    return data


def _status(content: Any) -> Any:
    """Return the status that an answer's own body tells; a proxy's 404 tells none."""
    return content.get("status") if isinstance(content, dict) else None


def _total(content: Any) -> int:
    total = content.get("meta", {}).get("pagination", {}).get("total", 0)
    return total if isinstance(total, int) else 0


def _iso(millis: EpochMillis) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
