"""Why a destination has no receipt of an event, in words; pure."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from connectors.meta.mapping import meta_name
from schemas.identifiers import purchase_event_id
from schemas.records import Event, Shop
from schemas.shop import META_NAMES


def unsent(event: Mapping[str, Any], decided: Collection[str], shop: Shop | None) -> list[str]:
    """Tell of each destination of *shop* that is not among the *decided* why; None: nothing is known of the shop."""
    if event["kind"] == "standard" and event["name"] == "checkout_completed" and event["order_id"]:
        purchase_id = purchase_event_id(event["shop_id"], event["order_id"])
        told = f"`storestream conversions explain {purchase_id}`"
        return [f"Meta is not told of checkout_completed, but of its order: {told}"]
    if shop is None:
        return [] if decided else ["no receipt yet; Kafka, which knows the shop's destinations, does not answer"]
    names = {each["name"]: meta_name(cast(Event, event), each) for each in shop["destinations"]}
    if not names:
        return [f"{event['shop_id']} has no destination"]
    if not any(names.values()):
        known = f"{', '.join(META_NAMES)}, and what a destination's custom_events name"
        return [f"Meta is not told of {event['name']} ({event['kind']}): only of {known}"]
    waiting = f"it waits (see `storestream conversions waiting --shop {event['shop_id']}`)"
    return [
        f"{destination}: no receipt of {name} yet: {waiting}, or it came before the destination was there"
        for destination, name in names.items()
        if name and destination not in decided
    ]
