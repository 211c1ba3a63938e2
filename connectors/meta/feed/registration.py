"""The feed of a catalog at Meta: made if it is not there, brought up to date if it is, fetched now.

The token goes as the password of the schedule, never in the address, which Meta shows to everybody who sees the feed.
https://developers.facebook.com/docs/marketing-api/reference/product-feed
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from connectors.meta.catalog.client import CatalogClient
from connectors.meta.catalog.feeds import create_feed, feeds, start_upload
from connectors.meta.failures import Failure
from schemas.catalog_records import Catalog

USER: Final = "storestream"


class Place(NamedTuple):
    """Where Meta finds a feed. *password* is the feed's token."""

    address: str
    password: str

    def fetching(self) -> dict[str, str]:
        """Say it as uploads and schedules do."""
        return {"url": self.address, "username": USER, "password": self.password}


class Registered(NamedTuple):
    """The feed at Meta. *is_new*: it was not there before."""

    feed_id: str
    is_new: bool


def feed_path(shop_id: str, catalog: Catalog, form: str = "xml") -> str:
    """Say where the api serves the feed."""
    return f"/feeds/{shop_id}/{catalog['name']}.{form}"


def feed_name(shop_id: str, catalog: Catalog) -> str:
    """Name the feed at Meta, by which it is found again."""
    return f"storestream {shop_id}/{catalog['name']}"


async def find(client: CatalogClient, catalog: Catalog, shop_id: str) -> Mapping[str, Any] | Failure | None:
    """Find our feed among those of the catalog."""
    page = await feeds(client, catalog)
    if isinstance(page, Failure):
        return page
    name = feed_name(shop_id, catalog)
    return next((feed for feed in page.rows if feed.get("name") == name and feed.get("id")), None)


async def register(client: CatalogClient, catalog: Catalog, shop_id: str, place: Place) -> Registered | Failure:
    """Have Meta fetch the feed every so many hours: a file replaces all that came by this feed before."""
    known = await find(client, catalog, shop_id)
    if isinstance(known, Failure):
        return known
    schedule = {"interval": "HOURLY", "interval_count": catalog["feed_hours"], **place.fetching()}
    if known is None:
        made = await create_feed(client, catalog, {"name": feed_name(shop_id, catalog), "schedule": schedule})
        return made if isinstance(made, Failure) else Registered(made, is_new=True)
    changed = await client.post(catalog, str(known["id"]), {"schedule": schedule})
    return changed if isinstance(changed, Failure) else Registered(str(known["id"]), is_new=False)


async def fetch(client: CatalogClient, catalog: Catalog, feed_id: str, place: Place) -> str | Failure:
    """Have Meta fetch the feed now; returns the id of the session."""
    return await start_upload(client, catalog, feed_id, place.fetching())
