"""The demo's report, in words and tables a manager understands, and the last line of JSON a script reads."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from deploy.commands.output import console, print_table
from deploy.demo.outcome import Ask, Outcome
from deploy.demo.sending import Sent

PEOPLE: Final = """
SELECT uniqExact(visitor_id) AS visitors, uniqExact(session_id) AS sessions, uniqExact(person_id) AS persons,
       uniqExactIf(person_id, person_id != visitor_id) AS customers
FROM events_by_person WHERE shop_id = {shop:String} AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
"""
MONEY: Final = """
SELECT currency, count() AS orders, sum(value) AS revenue, round(avg(value), 2) AS average,
       countIf(match = 'matched') AS matched, countIf(match = 'webhook_only') AS webhook_only,
       countIf(match = 'pixel_only') AS pixel_only, countIf(match = 'late') AS late
FROM orders FINAL WHERE shop_id = {shop:String} GROUP BY currency ORDER BY orders DESC
"""
FUNNEL: Final = """
SELECT sum(viewed) AS viewed, sum(carted) AS carted, sum(started) AS started, sum(bought) AS bought FROM (
    SELECT max(name = 'product_viewed') AS viewed, max(name = 'product_added_to_cart') AS carted,
           max(name = 'checkout_started') AS started, max(name = 'purchase') AS bought
    FROM events_by_person WHERE shop_id = {shop:String} GROUP BY person_id)
"""
PRODUCTS: Final = """
SELECT any(product_title) AS product, uniqExactIf(visitor_id, name = 'product_viewed') AS viewers,
       countIf(name = 'product_added_to_cart') AS cart_additions
FROM events_by_person WHERE shop_id = {shop:String} AND product_id != '' GROUP BY product_id
ORDER BY viewers DESC, product LIMIT 5
"""
SOURCES: Final = """
SELECT multiIf(utm_source != '', utm_source, referrer != '', domain(referrer), 'direct') AS source, count() AS sessions,
       sum(purchases) AS purchases
FROM sessions FINAL WHERE shop_id = {shop:String} GROUP BY source ORDER BY sessions DESC LIMIT 6
"""
CONVERSIONS: Final = """
SELECT event_name AS event, countIf(status = 'accepted') AS accepted, countIf(status = 'refused') AS refused,
       countIf(status = 'skipped') AS skipped,
       arrayStringConcat(groupUniqArrayIf(reason, status != 'accepted'), ', ') AS why
FROM conversions FINAL WHERE shop_id = {shop:String} GROUP BY event ORDER BY accepted DESC
"""
MATCHED: Final = """
SELECT name, round(100 * avg(has(match_keys, 'em'))), round(100 * avg(has(match_keys, 'ph'))),
       round(100 * avg(customer_id != '')), round(100 * avg(has(match_keys, 'fbp'))),
       round(100 * avg(has(match_keys, 'fbc'))), round(100 * avg(has(match_keys, 'client_ip'))),
       round(100 * avg(visitor_id != toUUID('00000000-0000-0000-0000-000000000000')))
FROM events FINAL WHERE shop_id = {shop:String} AND kind = 'standard'
  AND event_id IN (SELECT event_id FROM conversions FINAL WHERE shop_id = {shop:String})
GROUP BY name ORDER BY count() DESC
"""
REJECTED: Final = """
SELECT reason, field, count() AS records FROM rejected FINAL WHERE shop_id = {shop:String}
GROUP BY reason, field ORDER BY records DESC LIMIT 8
"""
ONE_LINE: Final = (
    "SELECT name, count() FROM storestream.events FINAL WHERE shop_id = 'demo' GROUP BY name ORDER BY 2 DESC"
)


def print_report(ask: Ask, shop: str, sent: Sent) -> None:
    """Ask what the shop would want to know, and print it."""
    ((visitors, sessions, persons, customers),) = ask(PEOPLE, shop=shop)
    ((viewed, carted, started, bought),) = ask(FUNNEL, shop=shop)
    console.print("\n[bold]Who came[/bold]")
    console.print(
        f"  {visitors:,} browsers in {sessions:,} visits: {persons:,} persons, {customers:,} of them customers"
    )
    console.print("\n[bold]How far they went[/bold] (persons)")
    for step, count in (("saw a product", viewed), ("put one into the cart", carted), ("began to pay", started)):
        console.print(f"  {step:<22} {count:>7,}  {_share(count, viewed)}")
    console.print(f"  {'bought':<22} {bought:>7,}  {_share(bought, viewed)}")
    for currency, orders, revenue, average, *matches in ask(MONEY, shop=shop):
        console.print(
            f"\n[bold]Orders[/bold]\n  {orders:,} orders, {revenue:,.2f} {currency}, {average:,.2f} on average"
        )
        named = zip(("met by its browser", "webhook only", "browser only", "late"), matches, strict=True)
        console.print("  " + ", ".join(f"{count:,} {name}" for name, count in named if count))
    _print_tables(ask, shop)
    refusals = ", ".join(f"{count} {reason}" for reason, count in sent.refusals.most_common())
    console.print(
        f"\n[dim]{sent.requests:,} requests were sent; the door refused {sent.refused} events ({refusals})[/dim]"
    )


def _print_tables(ask: Ask, shop: str) -> None:
    for title, sql, columns in (
        ("Where visits came from", SOURCES, ("source", "sessions", "purchases")),
        ("Products most looked at", PRODUCTS, ("product", "viewers", "cart_additions")),
        ("Conversions at Meta", CONVERSIONS, ("event", "accepted", "refused", "skipped", "why")),
        (
            "Of 100 events, those that carry what Meta knows people by, and whose id the page has too",
            MATCHED,
            ("event", "em", "ph", "customer", "fbp", "fbc", "ip", "same_id"),
        ),
        ("What was rejected, and why", REJECTED, ("reason", "field", "records")),
    ):
        console.print(f"\n[bold]{title}[/bold]")
        print_table([dict(zip(columns, row, strict=True)) for row in ask(sql, shop=shop)], columns)


def print_closing(outcome: Outcome, addresses: Mapping[str, str], hint: str, seconds: float) -> None:
    """Print the addresses, how to ask oneself, and the line of JSON."""
    console.print("\n[bold]Where it runs[/bold]")
    for name, address in addresses.items():
        console.print(f"  {name:<16} {address}")
    console.print(f"\n{hint}")
    figures: dict[str, Any] = asdict(outcome) | {"seconds": round(seconds, 1)}
    print(json.dumps(figures))  # noqa: T201 - the line a script reads


def hint_for(address: str) -> str:
    """Say how to ask ClickHouse at *address*."""
    return f'Ask it yourself:\n  curl {address} --data "{ONE_LINE}"\n'


HINT_AFTERWARDS: Final = (
    "All of this stops with the demo. `make up` keeps it running; then:\n"
    "  storestream demo --events 2000\n"
    f'  curl http://127.0.0.1:8123 --data "{ONE_LINE}"\n'
)


def _share(count: int, whole: int) -> str:
    return f"{count / whole:6.1%}" if whole else "     -"
