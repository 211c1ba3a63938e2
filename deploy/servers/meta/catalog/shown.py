"""
What the Graph API shows: items, feeds, uploads and their errors, by the names of fields that were asked for.

An item's fields have the names of ProductItem there, which are not those of batches; fields without a value are left
out, the id never is.
"""

from datetime import UTC, datetime
from typing import Final

from deploy.servers.meta.catalog.catalogs import Catalog
from deploy.servers.meta.catalog.feeds import Feed, FeedError, Upload
from deploy.servers.meta.catalog.items import Item

DEFAULT_FIELDS: Final = "id,name,retailer_id"
# Of https://developers.facebook.com/docs/marketing-api/reference/product-item; the others have one name.
_NAMES: Final = {
    "name": "title",
    "url": "link",
    "image_url": "image_link",
    "additional_image_urls": "additional_image_link",
    "retailer_product_group_id": "item_group_id",
    "manufacturer_part_number": "mpn",
    "category": "google_product_category",
    "inventory": "quantity_to_sell_on_facebook",
}


def shown_item(item: Item, names: list[str]) -> dict[str, object]:
    """Show the fields *names* of *item*."""
    found = {name: _value(item, name) for name in ("id", *names)}
    return {name: value for name, value in found.items() if value is not None}


def shown_feed(catalog: Catalog, feed: Feed, names: list[str]) -> dict[str, object]:
    """Show the fields *names* of *feed*, no password among them."""
    found: dict[str, object] = feed.settings | {
        "id": feed.feed_id,
        "created_time": _time(feed.created_time),
        "product_count": sum(item.feed_id == feed.feed_id for item in catalog.items),
    }
    for name in ("schedule", "update_schedule"):
        schedule = found.get(name)
        if isinstance(schedule, dict):
            found[name] = {key: value for key, value in schedule.items() if key != "password"}
    if feed.uploads:
        found["latest_upload"] = shown_upload(next(reversed(feed.uploads.values())), ["start_time", "end_time"])
    return {name: found[name] for name in ("id", *names) if name in found}


def shown_upload(upload: Upload, names: list[str]) -> dict[str, object]:
    """Show the fields *names* of *upload*; `end_time` and what was counted are not there while it runs."""
    found: dict[str, object] = {
        "id": upload.upload_id,
        "url": upload.url,
        "input_method": upload.input_method,
        "start_time": _time(upload.start_time),
    }
    if upload.end_time is not None:
        found |= {
            "end_time": _time(upload.end_time),
            "num_detected_items": upload.detected,
            "num_persisted_items": upload.persisted,
            "num_invalid_items": upload.invalid,
            "num_deleted_items": upload.deleted,
            "error_count": upload.count("fatal"),
            "warning_count": upload.count("warning"),
        }
    return {name: found[name] for name in ("id", *names) if name in found}


def shown_error(problem: FeedError) -> dict[str, object]:
    """Show one kind of error of an upload."""
    summary, _, description = problem.message.partition(": ")
    return {
        "id": problem.error_id,
        "summary": summary,
        "description": description or summary,
        "severity": problem.severity,
        "total_count": problem.total,
        "samples": {"data": problem.samples},
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _value(item: Item, name: str) -> object:
    if name == "id":
        return str(item.number)
    if name == "retailer_id":
        return item.retailer_id
    if name == "errors":
        return [_error(message) for message in item.errors] or None
    if name == "product_feed":
        return {"id": item.feed_id} if item.feed_id else None
    return item.fields.get(_NAMES.get(name, name))


def _error(message: str) -> dict[str, object]:
    title, _, description = message.partition(": ")
    return {"title": title, "description": description or title, "error_priority": "HIGH"}
