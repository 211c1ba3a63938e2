"""What the Graph API shows of an item: its fields under the names that ProductItem has, which are not the batches'."""

from typing import Final

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
    """Show the fields *names* of *item*; those it does not have are left out, its id never is."""
    found = {name: _value(item, name) for name in ("id", *names)}
    return {name: value for name, value in found.items() if value is not None}


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
