"""The feeds of a catalog at Meta: registered, fetched now, and what each fetch found.

https://developers.facebook.com/docs/marketing-api/reference/product-feed
"""

from collections.abc import Mapping
from typing import Any, Final

from connectors.meta.catalog.answers import Page
from connectors.meta.catalog.client import CatalogClient
from connectors.meta.failures import Failure
from schemas.catalog_records import Catalog

FEED_FIELDS: Final = "id,name,schedule,update_schedule,latest_upload"
UPLOAD_FIELDS: Final = (
    "id,start_time,end_time,url,input_method,num_detected_items,num_persisted_items,num_invalid_items,"
    "num_deleted_items,error_count,warning_count"
)


async def feeds(client: CatalogClient, catalog: Catalog) -> Page | Failure:
    """List the catalog's feeds."""
    return await client.page(catalog, f"{catalog['catalog_id']}/product_feeds", {"fields": FEED_FIELDS, "limit": "100"})


async def create_feed(client: CatalogClient, catalog: Catalog, feed: Mapping[str, Any]) -> str | Failure:
    """Register *feed* (name, schedule, …) and return its id."""
    return await _created(client, catalog, f"{catalog['catalog_id']}/product_feeds", feed)


async def start_upload(
    client: CatalogClient, catalog: Catalog, feed_id: str, upload: Mapping[str, Any]
) -> str | Failure:
    """Have Meta fetch a feed now and return the id of the upload session; *upload* has its `url`."""
    return await _created(client, catalog, f"{feed_id}/uploads", upload)


async def uploads(client: CatalogClient, catalog: Catalog, feed_id: str) -> Page | Failure:
    """List the sessions of a feed, newest first; one without `end_time` is under way."""
    return await client.page(catalog, f"{feed_id}/uploads", {"fields": UPLOAD_FIELDS, "limit": "25"})


async def upload_errors(client: CatalogClient, catalog: Catalog, upload_id: str, after: str | None) -> Page | Failure:
    """List what was wrong in a session: each error with some samples of the items it was found in."""
    query = {"limit": "100"} | ({"after": after} if after else {})
    return await client.page(catalog, f"{upload_id}/errors", query)


async def _created(client: CatalogClient, catalog: Catalog, path: str, body: Mapping[str, Any]) -> str | Failure:
    answer = await client.post(catalog, path, body)
    if isinstance(answer, Failure):
        return answer
    created = answer[0].get("id")
    return str(created) if created else Failure("transient", 200, detail="no id in the answer")
