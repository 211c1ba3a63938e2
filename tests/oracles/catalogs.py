"""Questions about catalogs at Meta in plain Python."""

from collections import Counter, defaultdict
from datetime import date
from statistics import quantiles
from typing import Any, Final

from schemas.catalog_records import ProductReceipt
from schemas.records import Item
from tests.oracles.receipts import VARIANT, Catalogs
from tests.oracles.weeks import END, HOUR, cents, period, within

MINUTE: Final = 60_000


def content_id(template: str, item: Item) -> str:
    """Name an item of an event; empty where what it needs is not known."""
    fields = {name: item[name] or "" for name in ("product_id", "variant_id", "sku")}
    return "" if any(f"{{{n}}}" in template and not v for n, v in fields.items()) else template.format(**fields)


def catalog_lag(catalogs: Catalogs, *, catalog: str, days: int) -> list[Any]:
    """Answer `catalog_lag`."""
    first: dict[Any, ProductReceipt] = {}
    for each in catalogs.receipts:
        if each["status"] in ("accepted", "deleted", "rejected") and catalog in (each["catalog"], "*"):
            key = tuple(each[n] for n in ("catalog", "item_id", "changed_at", "method", "status"))
            first.setdefault(key, each)
    groups: dict[tuple[date, str], list[ProductReceipt]] = defaultdict(list)
    for each in first.values():
        assert each["finished_at"] is not None
        if within(each["finished_at"], days):
            groups[period(each["finished_at"], "day"), each["catalog"]].append(each)
    rows = []
    for (day, name), some in sorted(groups.items(), key=lambda pair: (-pair[0][0].toordinal(), pair[0][1])):
        statuses = Counter(each["status"] for each in some)
        timed = [each for each in some if each["status"] == "accepted" and _is_timed(catalogs, each)]
        lags = [((each["finished_at"] or 0) - _began(catalogs, each)) / 1000 for each in timed]
        cuts = quantiles(lags * 2 if len(lags) == 1 else lags, n=100, method="inclusive") if lags else None
        rows.append(
            {"day": day, "catalog": name}
            | {f"items_{status}": statuses[status] for status in ("accepted", "deleted", "rejected")}
            | {"with_warnings": sum(each["status"] == "accepted" and bool(each["warnings"]) for each in some)}
            | {"success": 1 - statuses["rejected"] / len(some), "changes_timed": len(timed)}
            | {"p50_seconds": cuts[49] if cuts else None, "p95_seconds": cuts[94] if cuts else None}
        )
    return rows


def _began(catalogs: Catalogs, receipt: ProductReceipt) -> int:
    version = receipt["product_id"], receipt["changed_at"]
    heard = [each["received_at"] for each in catalogs.products if (each["product_id"], each["occurred_at"]) == version]
    return max(heard) if heard and max(heard) > receipt["changed_at"] + HOUR else receipt["changed_at"]


def _is_timed(catalogs: Catalogs, receipt: ProductReceipt) -> bool:
    runs = {job["job_id"]: job["started_at"] for job in catalogs.jobs}
    return not receipt["job_id"] or _began(catalogs, receipt) >= runs.get(receipt["job_id"], END)


def items_rejected(catalogs: Catalogs, *, catalog: str, at_least: int) -> list[Any]:
    """Answer `items_rejected`."""
    known = {each["product_id"] for each in catalogs.products}
    bad = [
        each
        for each in catalogs.last(catalog)
        if each["status"] in ("rejected", "skipped") and each["failures"] >= at_least
    ]
    bad.sort(key=lambda e: (-e["failures"], e["status"], e["reason"] or "", e["catalog"], e["item_id"]))
    return [
        {name: each[name] or "" for name in ("catalog", "item_id", "product_id", "status", "reason")}
        | {"times_in_a_row": each["failures"], "title": "Bracelet" if each["product_id"] in known else ""}
        for each in bad
    ]


def items_by_status(catalogs: Catalogs, *, catalog: str) -> list[Any]:
    """Answer `items_by_status`."""
    groups = Counter((each["catalog"], each["status"]) for each in catalogs.last(catalog))
    thrice = Counter((each["catalog"], each["status"]) for each in catalogs.last(catalog) if each["failures"] >= 3)
    return [
        {"catalog": name, "status": status, "items": count, "refused_thrice": thrice[name, status]}
        for (name, status), count in sorted(groups.items())
    ]


def catalog_jobs(catalogs: Catalogs, *, catalog: str, days: int) -> list[Any]:
    """Answer `catalog_jobs`."""
    some = [job for job in catalogs.jobs if catalog in (job["catalog"], "*") and within(job["started_at"], days)]
    some.sort(key=lambda job: (-job["started_at"], job["job_id"]))
    return [
        {name: job[name] for name in ("job_id", "catalog", "kind", "trigger", "state", "done", "total", "calls")}
        | {"took_seconds": ((job["finished_at"] or job["updated_at"]) - job["started_at"]) / 1000}
        | {"success": job["accepted"] / sold if (sold := job["accepted"] + job["rejected"]) else None}
        for job in some
    ]


def content_id_match(catalogs: Catalogs, *, catalog: str, id_template: str, days: int) -> list[Any]:
    """Answer `content_id_match`."""
    there: dict[tuple[str, str], str] = {}
    for each in catalogs.receipts:
        if each["status"] in ("accepted", "deleted") and catalog in (each["catalog"], "*"):
            there[each["catalog"], each["item_id"]] = each["product_id"] if each["status"] == "accepted" else ""
    ids = {item for (_, item), product in there.items() if product}
    ids |= {product for product in there.values() if product} if id_template == "{product_id}" else set()
    named: dict[str, list[str]] = defaultdict(list)
    for event in catalogs.weeks.did(days):
        named[event["name"]] += [content_id(id_template, item) for item in event["items"]]
    return [
        {
            "name": name,
            "products_named": len(some),
            "without_id": some.count(""),
            "matched": sum(each in ids for each in some),
            "match_rate": sum(each in ids for each in some) / len(some),
            "ids_not_at_meta": len({*some} - ids - {""}),
            "such_as": sorted({*some} - ids - {""})[:3],
        }
        for name, some in sorted(named.items(), key=lambda each: (-len(each[1]), each[0]))
        if some
    ]


def rejected_products_value(catalogs: Catalogs, *, catalog: str, id_template: str, days: int) -> list[Any]:
    """Answer `rejected_products_value`: p0 has none, p1 has none at either place, p2 is not counted."""
    states = {f"{content_id(id_template, _item(product))}": "sold out" for product in ("p0", "p1")}
    rank = ["rejected", "not listed", "stale"]
    found: dict[str, list[str]] = defaultdict(list)
    for each in catalogs.last(catalog):
        waits = each["status"] == "pending" and (each["sent_at"] or 0) < END - 60 * MINUTE
        state = {"rejected": "rejected", "skipped": "not listed", "deleted": "not listed"}.get(each["status"])
        if state or waits:
            found[each["item_id"]].append(state or "stale")
    states |= {item: min(some, key=rank.index) for item, some in found.items()}
    rows: dict[str, Any] = {}
    for event in catalogs.weeks.did(days):
        if event["name"] not in ("product_viewed", "product_added_to_cart", "purchase"):
            continue
        for item in event["items"]:
            name = content_id(id_template, item)
            if name in states:
                row = rows.setdefault(name, {"n": Counter[str](), "carted": Counter[str](), "revenue": Counter[str]()})
                bought = event["name"] == "purchase"
                row["n"][event["name"]] += item["quantity"] if bought else 1
                if event["name"] != "product_viewed":
                    money = row["revenue" if bought else "carted"]
                    money[event["currency"] or ""] += cents(item["price"]) * item["quantity"]
    answer = [
        {"state": states[name], "item_id": name, "views": row["n"]["product_viewed"]}
        | {"carts": row["n"]["product_added_to_cart"], "units_bought": row["n"]["purchase"]}
        | {what: {money: total / 100 for money, total in row[what].items()} for what in ("carted", "revenue")}
        for name, row in rows.items()
    ]
    return sorted(answer, key=lambda row: (-row["views"], -row["carts"], row["item_id"]))


def _item(product: str) -> Item:
    return {"product_id": product, "variant_id": VARIANT, "sku": "BR-BLUE"}  # type: ignore[typeddict-item]
