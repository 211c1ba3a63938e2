"""How well the content ids of received events match the items of catalogs: events and items in, counts out."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

import orjson

from deploy.servers.meta.catalog.items import Item

EVENTS: Final = frozenset(
    {"AddToCart", "AddToWishlist", "InitiateCheckout", "Lead", "Purchase", "Search", "Subscribe", "ViewContent"}
)


@dataclass(frozen=True)
class Ids:
    """What a content id can name in a catalog: items, and groups of items."""

    items: Set[str]
    groups: Set[str]

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Ids":
        """Take the ids of *items*."""
        listed = list(items)
        return cls(
            frozenset(item.retailer_id for item in listed),
            frozenset(str(item.fields["item_group_id"]) for item in listed if "item_group_id" in item.fields),
        )

    def named(self, content_type: object) -> Set[str]:
        """Choose by an event's `content_type`."""
        return self.groups if content_type == "product_group" else self.items


@dataclass
class Match:
    """The ids of one kind of event: every time they were sent, and each once."""

    matched: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)

    def add(self, event: bytes, here: Ids, others: Ids) -> None:
        """Count the ids of one event; an id of another catalog is unmatched here too."""
        custom = orjson.loads(event).get("custom_data") or {}
        content_type = custom.get("content_type")
        for content_id in content_ids(custom):
            if content_id in here.named(content_type):
                self.matched.append(content_id)
                continue
            self.unmatched.append(content_id)
            if content_id in others.named(content_type):
                self.elsewhere.append(content_id)

    def shown(self) -> dict[str, int]:
        """Show the counts as ProductEventStat has them."""
        return {
            "total_matched_content_ids": len(self.matched),
            "total_unmatched_content_ids": len(self.unmatched),
            "total_content_ids_matched_other_catalogs": len(self.elsewhere),
            "unique_matched_content_ids": len(set(self.matched)),
            "unique_unmatched_content_ids": len(set(self.unmatched)),
            "unique_content_ids_matched_other_catalogs": len(set(self.elsewhere)),
        }


def content_ids(custom: Mapping[str, object]) -> list[str]:
    """Read the ids of an event: `content_ids`, else those of `contents`; a text may be JSON, or one id."""
    ids = _listed(custom.get("content_ids"))
    if ids:
        return [str(each) for each in ids]
    contents = _listed(custom.get("contents"))
    return [str(each["id"]) for each in contents if isinstance(each, dict) and "id" in each]


def _listed(value: object) -> list[object]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return [value]
    return value if isinstance(value, list) else [] if value is None else [value]
