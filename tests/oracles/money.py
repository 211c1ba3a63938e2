"""Questions about money in plain Python."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from schemas.records import Order, Session
from tests.oracles.weeks import DAY, END, Weeks, begin, cents, period, source, within

TOUCHES: dict[str, Callable[[Session], str]] = {
    "source": source,
    "medium": lambda session: session["utm"].get("medium", "(none)"),
    "campaign": lambda session: session["utm"].get("campaign", "(none)"),
}
FIFTHS = 5


def revenue(weeks: Weeks, *, days: int, every: str) -> list[Any]:
    """Answer `revenue`."""
    groups: dict[Any, list[Order]] = defaultdict(list)
    for order in weeks.orders:
        if within(order["ordered_at"], days):
            groups[period(order["ordered_at"], every), order["currency"] or ""].append(order)
    rows = []
    for (when, currency), orders in sorted(groups.items()):
        sold = [each for each in orders if each["status"] != "cancelled"]
        money = sum(cents(each["value"]) for each in sold) / 100
        refunded = sum(map(_paid_back, sold)) / 100
        rows.append(
            {
                "period": when,
                "currency": currency,
                "orders_made": len(sold),
                "cancelled": len(orders) - len(sold),
                "revenue": money,
                "refunded": refunded,
                "net_revenue": pytest.approx(money - refunded),
                "average_order": money / len(sold) if sold else None,
                "units": sum(item["quantity"] for each in sold for item in each["items"]),
                "buyers": len({weeks.person_of_order(each) for each in sold}),
            }
        )
    return rows


def _paid_back(order: Order) -> int:
    """Count what was paid back of an order, in cents: at most what was paid."""
    paid = cents(order["value"])
    return paid if order["status"] in ("refunded", "voided") else min(paid, cents(order["totals"].get("refunded")))


def lifetime_value(weeks: Weeks, *, days: int, every: str) -> list[Any]:
    """Answer `lifetime_value`."""
    first: dict[str, int] = {}
    for order in weeks.sold():
        person = weeks.person_of_order(order)
        first[person] = min(first.get(person, END), order["ordered_at"])
    groups: dict[Any, list[Order]] = defaultdict(list)
    for order in weeks.sold():
        since = first[weeks.person_of_order(order)]
        if since >= begin(days):
            groups[period(since, every), order["currency"] or ""].append(order)
    rows = []
    for (cohort, currency), orders in sorted(groups.items()):
        buyers = len({weeks.person_of_order(each) for each in orders})

        def kept(within_days: int, orders: list[Order] = orders) -> float:
            early = (o for o in orders if o["ordered_at"] < first[weeks.person_of_order(o)] + within_days * DAY)
            return sum(cents(each["value"]) - _paid_back(each) for each in early) / 100

        def is_over(span: int, orders: list[Order] = orders) -> bool:
            return max(first[weeks.person_of_order(each)] for each in orders) + span * DAY <= END

        rows.append(
            {
                "cohort": cohort,
                "currency": currency,
                "buyers": buyers,
                "orders_made": len(orders),
                "orders_per_buyer": len(orders) / buyers,
                "revenue": sum(cents(each["value"]) for each in orders) / 100,
                "net_revenue": kept(100_000),
                "net_per_buyer": kept(100_000) / buyers,
            }
            | {f"in_{span}_days": kept(span) / buyers if is_over(span) else None for span in (30, 90, 365)}
        )
    return rows


def rfm(weeks: Weeks, *, days: int) -> list[Any]:
    """Answer `rfm`."""
    buyers: dict[str, dict[str, list[Order]]] = defaultdict(lambda: defaultdict(list))
    for order in weeks.sold():
        if within(order["ordered_at"], days):
            buyers[order["currency"] or ""][weeks.person_of_order(order)].append(order)
    rows = []
    for currency, people in buyers.items():
        spent = {who: sum(cents(each["value"]) for each in orders) for who, orders in people.items()}
        kept = {who: spent[who] - sum(map(_paid_back, orders)) for who, orders in people.items()}
        last = {who: max(each["ordered_at"] for each in orders) for who, orders in people.items()}
        often = {who: len(orders) for who, orders in people.items()}
        named: dict[str, list[str]] = defaultdict(list)
        for who in people:
            f, m = (_fifth(scores, scores[who]) for scores in (often, kept))
            r = FIFTHS - FIFTHS * sum(each > last[who] for each in last.values()) // len(last)
            named[_rfm_name(r, f, m, often[who])].append(who)
        for segment, some in named.items():
            money = sum(kept[who] for who in some) / 100
            rows.append(
                {
                    "segment": segment,
                    "currency": currency,
                    "people": len(some),
                    "orders_of_them": sum(often[who] for who in some),
                    "revenue": sum(spent[who] for who in some) / 100,
                    "net_revenue": money,
                    "net_per_person": money / len(some),
                    "days_since_last_order": sum(END - last[who] for who in some) / len(some) / DAY,
                    "share_of_net": money * 100 / sum(kept.values()),
                }
            )
    return sorted(rows, key=lambda row: (row["currency"], -row["net_revenue"], row["segment"]))


def attribution(weeks: Weeks, *, days: int, by: str, lookback_days: int) -> list[Any]:
    """Answer `attribution`."""
    visits: dict[str, list[Session]] = defaultdict(list)
    for visit in weeks.visits():
        visits[weeks.person_of_session(visit)].append(visit)
    credit: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for order in weeks.sold():
        if not within(order["ordered_at"], days):
            continue
        since = order["ordered_at"] - lookback_days * DAY
        mine = [v for v in visits[weeks.person_of_order(order)] if since < v["started_at"] <= order["ordered_at"]]
        touches = [TOUCHES[by](each) for each in sorted(mine, key=_in_clickhouse_order)] or ["unknown"]
        known = [touch for touch in touches if touch not in ("direct", "(none)", "unknown")]
        shares = {
            "first": {0: 1.0},
            "last": {len(touches) - 1: 1.0},
            "last_not_direct": {_last(touches, known[-1]) if known else len(touches) - 1: 1.0},
            "linear": {place: 1 / len(touches) for place in range(len(touches))},
            "position": _position(len(touches)),
        }
        for model, places in shares.items():
            for place, share in places.items():
                row = credit[touches[place], order["currency"] or ""]
                row[f"orders_{model}"] += share  # type: ignore[assignment]
                row[f"revenue_{model}"] += share * cents(order["value"]) / 100  # type: ignore[assignment]
        for touch in touches:
            credit[touch, order["currency"] or ""].update()
    names = [f"{what}_{model}" for what in ("orders", "revenue") for model in shares]
    rows = [{"credited": k[0], "currency": k[1]} | {name: row[name] for name in names} for k, row in credit.items()]
    return sorted(rows, key=lambda row: (-row["orders_last"], row["credited"], row["currency"]))


def _fifth(scores: dict[str, int], score: int) -> int:
    return 1 + FIFTHS * sum(each < score for each in scores.values()) // len(scores)


def _rfm_name(r: int, f: int, m: int, orders: int) -> str:
    if r >= 4 and f >= 4 and m >= 4:
        return "champions"
    if r >= 3 and f >= 4:
        return "loyal"
    if r >= 4 and orders == 1:
        return "new"
    if r >= 3:
        return "promising"
    if f >= 4 or m == FIFTHS:
        return "about to be lost"
    return "sleeping" if r == 2 else "lost"


def _position(touches: int) -> dict[int, float]:
    if touches <= 2:
        return dict.fromkeys(range(touches), 1 / touches)
    return {place: 0.4 if place in (0, touches - 1) else 0.2 / (touches - 2) for place in range(touches)}


def _last(touches: list[str], wanted: str) -> int:
    return len(touches) - 1 - touches[::-1].index(wanted)


def _in_clickhouse_order(session: Session) -> tuple[int, str, str]:
    """Order by time, then as ClickHouse orders UUIDs: by their second half, then the first."""
    digits = session["session_id"].replace("-", "")
    return session["started_at"], digits[16:], digits[:16]
