"""Questions about which products sell in plain Python."""

from collections import defaultdict
from math import sqrt
from typing import Any

from tests.oracles.weeks import Weeks

SURE = 1.96


def converting_products(weeks: Weeks, *, days: int, at_least: int) -> list[Any]:
    """Answer `converting_products`."""
    who: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for event in weeks.did_people(days):
        person = weeks.person(event["visitor_id"], event["occurred_at"])
        for product in {item["product_id"] for item in event["items"] if item["product_id"]}:
            who[product][event["name"]].add(person)
    rows = []
    for product, people in who.items():
        viewers = people["product_viewed"]
        buyers = len(viewers & people["purchase"])
        if len(viewers) >= at_least:
            least, most = wilson(buyers, len(viewers))
            rows.append(
                {
                    "product_id": product,
                    "product_title": f"Title {product}",
                    "viewers": len(viewers),
                    "buyers": buyers,
                    "conversion": buyers / len(viewers),
                    "conversion_at_least": least,
                    "conversion_at_most": most,
                }
            )
    return sorted(rows, key=lambda row: (-row["conversion_at_least"], -row["viewers"], row["product_id"]))


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Bound a share at 95 %: Wikipedia's form, written otherwise than in the query."""
    p, z = successes / trials, SURE
    centre = p + z * z / (2 * trials)
    spread = z * sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return (centre - spread) / (1 + z * z / trials), (centre + spread) / (1 + z * z / trials)
