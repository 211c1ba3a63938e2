"""Questions about products, receipts and ids in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from schemas.records import Event, Item, Order
from tests.oracles.weeks import END, HOUR, KEYS, Weeks, begin, cents, period, within


def abandoned_products(weeks: Weeks, *, days: int, within_hours: int) -> list[Any]:
    """Answer `abandoned_products`."""
    did: dict[Any, list[tuple[Event, Item]]] = defaultdict(list)
    bots = weeks.of_bots()
    for each in weeks.events:
        if each["session_id"] in bots:
            continue
        event = each["event"]
        late = within_hours * HOUR if event["name"] == "purchase" else 0
        if begin(days) <= event["occurred_at"] < END + late:
            for item in event["items"]:
                if item["product_id"]:
                    did[item["product_id"], weeks.person(event["visitor_id"], event["occurred_at"])].append(
                        (event, item)
                    )
    rows: dict[str, Any] = {}
    for (product, _), events in did.items():
        times = {
            name: [e["occurred_at"] for e, _ in events if e["name"] == name] for name in {e["name"] for e, _ in events}
        }
        if "product_added_to_cart" not in times:
            continue
        at = max(times["product_added_to_cart"])
        left = not any(at <= when <= at + within_hours * HOUR for when in times.get("purchase", []))
        row = rows.setdefault(product, {"carting": 0, "left": 0, "out": 0, "lost": Counter[str]()})
        row["carting"] += 1
        row["left"] += left
        row["out"] += left and max(times.get("product_removed_from_cart", [0])) >= at
        last, item = max(
            ((e, i) for e, i in events if e["name"] == "product_added_to_cart"),
            key=lambda pair: (pair[0]["occurred_at"], pair[0]["event_id"]),
        )
        if left:
            row["lost"][last["currency"] or ""] += cents(item["price"]) * item["quantity"]
    return [
        {
            "product_id": product,
            "product_title": f"Title {product}",
            "people_carting": row["carting"],
            "abandoned": row["left"],
            "taken_out_again": row["out"],
            "abandonment": row["left"] / row["carting"],
            "lost": {currency: amount / 100 for currency, amount in row["lost"].items()},
        }
        for product, row in sorted(rows.items(), key=lambda each: (-each[1]["left"], -each[1]["carting"], each[0]))
    ]


def delivery(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `delivery`."""
    groups: dict[Any, list[Order]] = defaultdict(list)
    for order in weeks.orders:
        if within(order["ordered_at"], days):
            for destination in {each["destination"] for each in weeks.receipts}:
                groups[destination, order["currency"] or ""].append(order)
    rows = []
    for (destination, currency), orders in sorted(groups.items()):
        counts = Counter[str]()
        for order in orders:
            receipts = [
                r
                for r in weeks.receipts
                if r["destination"] == destination
                and not r["test"]
                and (r["order_id"] or r["event_id"].removesuffix("-0")) == order["order_id"]
            ]
            accepted = [r for r in receipts if r["status"] == "accepted"]
            statuses = {r["status"] for r in receipts}
            wrong = any((cents(r["value"]), r["currency"]) != (cents(order["value"]), currency) for r in accepted)
            counts["delivered"] += bool(accepted)
            counts["refused_only"] += not accepted and "refused" in statuses
            counts["skipped_only"] += statuses == {"skipped"}
            counts["missing"] += not receipts
            counts["delivered_twice"] += len(accepted) > 1
            counts["wrong_money"] += wrong
            counts["exact"] += len(accepted) == 1 and not wrong
            counts["money_ordered"] += cents(order["value"])
            counts["money_delivered"] += sum(cents(r["value"]) for r in accepted)
        rows.append(
            {"destination": destination, "currency": currency, "orders_made": len(orders)}
            | {name: counts[name] for name in ("delivered", "refused_only", "skipped_only", "missing")}
            | {name: counts[name] for name in ("delivered_twice", "wrong_money")}
            | {"exact": counts["exact"] / len(orders)}
            | {name: counts[name] / 100 for name in ("money_ordered", "money_delivered")}
        )
    return rows


def match_quality(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `match_quality`."""
    events: dict[str, list[Event]] = defaultdict(list)
    for event in weeks.did(days):
        events[event["name"]].append(event)
    rows = []
    for name, some in events.items():
        for key in ("em", "ph", "external_id", "fbp", "fbc", "client_ip", "fn", "ln", "ct", "st", "zp", "country"):
            told = sum(key in each["user_data"] for each in some) if key in KEYS else 0
            told = len(some) if key == "client_ip" else told
            rows.append((-len(some), name, -told / len(some), key, told))
    return [
        {"name": name, "match_key": key, "events_of_name": -whole, "with_key": told, "share": told / -whole}
        for whole, name, _, key, told in sorted(rows)
    ]


def match_quality_by_day(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `match_quality_by_day`: the catalog aside, of what Meta is told of."""
    told = {
        "page_viewed",
        "product_viewed",
        "product_added_to_cart",
        "checkout_started",
        "search_submitted",
        "purchase",
    }
    groups: dict[tuple[date, str], list[Event]] = defaultdict(list)
    for event in weeks.did(days):
        if event["name"] in told:
            groups[period(event["occurred_at"], "day"), event["name"]].append(event)
    paged = {each["order_id"] for each in weeks.orders if each["match"] in ("matched", "pixel_only", "late")}

    def share(some: list[Event], has: Callable[[Event], bool]) -> float:
        return sum(map(has, some)) / len(some)

    return [
        {
            "day": day,
            "name": name,
            "action_source": "website",
            "events_told": len(some),
            "em": share(some, lambda each: "em" in each["user_data"]),
            "customer": share(some, lambda each: "external_id" in each["user_data"] or bool(each["customer_id"])),
            "fbp": share(some, lambda each: bool(each["fbp"])),
            "ip": share(some, lambda each: bool(each["client_ip"])),
            "same_id": share(some, lambda each: each["source"] == "pixel" or each["order_id"] in paged),
            "by_person": share(some, lambda each: bool(each["fbp"]) or "external_id" in each["user_data"]),
        }
        for (day, name), some in sorted(
            groups.items(), key=lambda each: (-each[0][0].toordinal(), -len(each[1]), each[0][1])
        )
    ]


def unmatched_products(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `unmatched_products`: p0 was known and is, p3 was not and is, p1 and p2 were and are not."""
    named: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in weeks.did(days):
        for item in event["items"]:
            if item["product_id"] != "p0":
                named[item["product_id"] or "", item["variant_id"] or ""].append(event["occurred_at"])
    status = {"p3": "active"}
    return [
        {
            "product_id": product,
            "variant_id": variant,
            "times_named": len(times),
            "unknown_then": 0 if product in ("p1", "p2") else len(times),
            "status_now": status.get(product, ""),
        }
        for (product, variant), times in sorted(named.items(), key=lambda each: (-len(each[1]), each[0]))
    ]


def content_ids(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `content_ids`; the catalog has p0 and p3."""
    named: dict[str, list[str]] = defaultdict(list)
    for event in weeks.did(days):
        for item in event["items"]:
            named[event["name"]].append(item["product_id"] or "")
    rows = sorted(named.items(), key=lambda each: (-len(each[1]), each[0]))
    return [
        {
            "name": name,
            "products_named": len(ids),
            "without_id": ids.count(""),
            "known_then": sum(each in ("p0", "p1", "p2") for each in ids),
            "known_now": sum(each in ("p0", "p3") for each in ids),
            "match_rate_then": sum(each in ("p0", "p1", "p2") for each in ids) / len(ids),
            "match_rate_now": sum(each in ("p0", "p3") for each in ids) / len(ids),
            "unknown_products": len({each for each in ids if each in ("p3", "p4")}),
        }
        for name, ids in rows
    ]
