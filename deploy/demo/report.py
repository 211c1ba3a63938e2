"""The demo's report, in words and tables a manager understands, and the last line of JSON a script reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from analytics.experiments.results import Reading, told_uplift
from deploy.commands.output import console, print_table
from deploy.demo.merchant import CatalogOutcome
from deploy.demo.outcome import Ask, Outcome
from deploy.demo.sections import CATALOG_SECTIONS, SECTIONS, AskQuestion, Row, Section, cohort_table
from deploy.demo.sending import Sent

STEPS: Final = {
    "product_viewed": "saw a product",
    "product_added_to_cart": "put one into the cart",
    "checkout_started": "began to pay",
    "purchase": "bought",
}

PEOPLE: Final = """
SELECT sum(browsers) AS visitors, sum(visits) AS sessions, count() AS persons, countIf(known) AS customers,
       countIf(browsers > 1) AS joined
FROM (
    SELECT person_id, uniqExact(visitor_id) AS browsers, uniqExact(session_id) AS visits,
           any(person_id != visitor_id) AS known
    FROM events_by_person
    WHERE shop_id = {shop:String} AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')
    GROUP BY person_id)
"""
MONEY: Final = """
SELECT currency, count() AS orders, sum(value) AS revenue, round(avg(value), 2) AS average,
       countIf(match = 'matched') AS matched, countIf(match = 'webhook_only') AS webhook_only,
       countIf(match = 'pixel_only') AS pixel_only, countIf(match = 'late') AS late
FROM orders FINAL WHERE shop_id = {shop:String} GROUP BY currency ORDER BY orders DESC
"""
REJECTED: Final = """
SELECT reason, field, count() AS records FROM rejected FINAL WHERE shop_id = {shop:String}
GROUP BY reason, field ORDER BY records DESC LIMIT 8
"""
ONE_LINE: Final = (
    "SELECT name, count() FROM storestream.events FINAL WHERE shop_id = 'demo' GROUP BY name ORDER BY 2 DESC"
)


def print_report(ask: Ask, ask_question: AskQuestion, shop: str, sent: Sent) -> None:
    """Ask what the shop would want to know, and print it."""
    _print_people(ask, shop)
    _print_funnel(ask_question("funnel"))
    _print_orders(ask, shop)
    for section in SECTIONS:
        _print_section(ask_question, section)
    _title("Of 100 events, those that carry what Meta knows people by, and whose id the page has too")
    _print_match_quality(ask_question("match_quality_by_day"))
    _title("Who came back (people by the day they first came)")
    print_table(*cohort_table(ask_question("retention", every="day", days=7)))
    _title("What was rejected, and why")
    columns = ("reason", "field", "records")
    print_table([dict(zip(columns, row, strict=True)) for row in ask(REJECTED, shop=shop)], columns)
    refusals = ", ".join(f"{count} {reason}" for reason, count in sent.refusals.most_common())
    console.print(
        f"\n[dim]{sent.requests:,} requests were sent; the door refused {sent.refused} events ({refusals})[/dim]"
    )


def print_catalog(ask_question: AskQuestion, outcome: CatalogOutcome) -> None:
    """Print what became of the catalog at Meta."""
    _title("The catalog at Meta")
    counts = ("accepted", "rejected", "skipped", "deleted", "waiting")
    told = [f"{count:,} {name}" for name in counts if (count := getattr(outcome, f"items_{name}"))]
    console.print(f"  items: {', '.join(told) or 'none'}")
    p50, p95 = outcome.change_accepted_p50_seconds, outcome.change_accepted_p95_seconds
    if p50 is not None:
        console.print(f"  from a change in the shop to Meta's acceptance: half in {p50:.1f} s, 95 % in {p95:.1f} s")
    if outcome.content_id_match_rate is not None:
        console.print(f"  {outcome.content_id_match_rate:.1%} of the products that events name are in it")
    for section in CATALOG_SECTIONS:
        _print_section(ask_question, section)


def print_experiment(reading: Reading | None, question: str) -> None:
    """Print what came of the demo's experiment; None: nobody saw it."""
    _title("An experiment")
    console.print(f"  {question}")
    if reading is None:
        console.print("  nobody has seen it yet")
        return
    rows = [
        {
            "variant": arm.variant,
            "people": arm.converted.trials,
            "bought": f"{arm.converted.value:.1%}",
            "95 %": "{:.1%} to {:.1%}".format(*arm.converted_interval),
            f"{reading.currency} per person": f"{arm.revenue.value:.2f}",
        }
        for arm in reading.arms
    ]
    print_table(rows, list(rows[0]))
    for each in reading.comparisons:
        console.print(
            f"  {each.variant}: {told_uplift(each)}, p {each.conversion.p:.4f}, P(B>A) {each.better:.3f}, "
            f"p at any time {each.always.p:.4f}"
        )
    console.print(f"  {reading.verdict}")


def _title(text: str) -> None:
    console.print(f"\n[bold]{text}[/bold]")


def _print_section(ask_question: AskQuestion, section: Section) -> None:
    _title(section.title)
    lines = [section.line(row) for row in ask_question(section.question, **section.parameters)]
    print_table(lines, list(section.columns.values()))


def _print_people(ask: Ask, shop: str) -> None:
    ((visitors, sessions, persons, customers, joined),) = ask(PEOPLE, shop=shop)
    _title("Who came")
    console.print(
        f"  {visitors:,} browsers in {sessions:,} visits: {persons:,} persons, {customers:,} of them customers; "
        f"{joined:,} of these on more than one browser"
    )


def _print_funnel(rows: Sequence[Row]) -> None:
    _title("How far they went (persons)")
    first = rows[0]["made_it"] if rows else 0
    for row in rows:
        console.print(f"  {STEPS[row['reached']]:<22} {row['made_it']:>7,}  {_share(row['made_it'], first)}")


def _print_orders(ask: Ask, shop: str) -> None:
    for currency, orders, revenue, average, *matches in ask(MONEY, shop=shop):
        _title("Orders")
        console.print(f"  {orders:,} orders, {revenue:,.2f} {currency}, {average:,.2f} on average")
        named = zip(("met by its browser", "webhook only", "browser only", "late"), matches, strict=True)
        console.print("  " + ", ".join(f"{count:,} {name}" for name, count in named if count))


def _print_match_quality(rows: Sequence[Row]) -> None:
    """Put the days together: the shares of one day are of its `events_told`."""
    keys = ("em", "ph", "customer", "fbp", "fbc", "ip", "same_id")
    lines = []
    for name in dict.fromkeys(row["name"] for row in rows):
        days = [row for row in rows if row["name"] == name]
        told = sum(row["events_told"] for row in days)
        shares = {key: round(100 * sum(row[key] * row["events_told"] for row in days) / told) for key in keys}
        lines.append({"event": name, "events": told} | shares)
    print_table(sorted(lines, key=lambda line: -line["events"]), ("event", "events", *keys))


def print_closing(
    outcome: Outcome, catalog: CatalogOutcome, addresses: Mapping[str, str], hint: str, seconds: float
) -> None:
    """Print the addresses, how to ask oneself, and the line of JSON."""
    console.print("\n[bold]Where it runs[/bold]")
    for name, address in addresses.items():
        console.print(f"  {name:<16} {address}")
    console.print(f"\n{hint}")
    figures: dict[str, Any] = asdict(outcome) | asdict(catalog) | {"seconds": round(seconds, 1)}
    print(json.dumps(figures))  # noqa: T201 - the line a script reads


def hint_for(address: str) -> str:
    """Say how to ask ClickHouse at *address*; that of a server of others is not shown, for it holds a password."""
    if not address.startswith("http"):
        return "Ask it yourself:\n  storestream query overview --shop demo\n"
    return f'Ask it yourself:\n  curl {address} --data "{ONE_LINE}"\n'


HINT_AFTERWARDS: Final = (
    "All of this stops with the demo. `make up` keeps it running; then:\n"
    "  storestream demo --events 2000\n"
    f'  curl http://127.0.0.1:8123 --data "{ONE_LINE}"\n'
)


def _share(count: int, whole: int) -> str:
    return f"{count / whole:6.1%}" if whole else "     -"
