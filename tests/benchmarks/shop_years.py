"""Made-up months of a shop, written by ClickHouse itself: a number of events goes in, filled tables come out."""

from typing import Any, Final

EVENTS_PER_SESSION: Final = 3.6
SESSIONS_PER_INSERT: Final = 100_000
DAYS: Final = 90
MOST_GROUPS: Final = 400
"""Groups of 50 products."""

# Randomness is a hash of the session's number: the same number of sessions gives the same shop. groups of 50
# products; a fifth of the people come with a second browser, and a third of their visits is in that one.
_SESSIONS = """
WITH (x, y) -> sipHash64(x, y) / 18446744073709551616. AS u
SELECT
    number AS k,
    toUInt64({people:UInt64} * pow(u(k, 1), 1.6)) AS person,
    toUInt8(person % 5 = 0 AND u(k, 6) < 0.35) AS second,
    reinterpretAsUUID(sipHash128(1, person, second)) AS visitor,
    reinterpretAsUUID(sipHash128(2, k)) AS session,
    {days:UInt16} * 86400000. * (1 - pow(u(k, 2), 0.85)) + 7200000 AS before,
    toDateTime64({until:String}, 3, 'UTC') - toIntervalMillisecond(toUInt64(before)) AS start,
    toUInt8(1 + least(29, floor(-log(1 - u(k, 3)) * 2.55))) AS views,
    if(u(k, 4) < 0.7, person % {groups:UInt64}, toUInt64({groups:UInt64} * pow(u(k, 5), 1.5))) AS taste,
    ['mobile', 'desktop', 'tablet'][1 + toUInt8(3 * pow(u(k, 10), 1.4))] AS device,
    ['google', 'facebook', '', 'newsletter', 'tiktok'][1 + toUInt8(5 * pow(u(k, 9), 1.3))] AS source,
    ['DE', 'FR', 'US', 'GB', 'NL'][1 + person % 5] AS country,
    u(k, 7) < 0.5 AS starts_checkout,
    u(k, 8) < 0.6 AS buys
FROM numbers({first:UInt64}, {count:UInt64})
"""

_STEPS = f"""
SELECT *,
    sipHash64(k, j, 1) % 100 < 88 AS of_taste,
    toUInt32(if(of_taste, taste * 50 + toUInt32(50 * pow(sipHash64(k, j, 2) / 18446744073709551616., 2.2)),
        sipHash64(k, j, 3) % ({{groups:UInt64}} * 50))) AS product,
    start + toIntervalSecond(j * 40 + sipHash64(k, j, 4) % 35) AS at,
    sipHash64(k, j, 5) % 1000 < 80 AS carts,
    arrayJoin(arrayConcat([('product_viewed', 0)], if(carts, [('product_added_to_cart', 8)], []),
        if(carts AND starts_checkout, [('checkout_started', 60 + sipHash64(k, j, 6) % 140)], []),
        if(carts AND starts_checkout AND buys, [('purchase', 220 + sipHash64(k, j, 7) % 900)], []))) AS step
FROM (SELECT *, arrayJoin(range(views)) AS j FROM ({_SESSIONS}))
"""

_EVENTS = f"""
INSERT INTO events (
    shop_id, event_id, name, kind, source, occurred_at, received_at, client_id, visitor_id, session_id, person_id_then,
    customer_id, order_id, checkout_token, product_id, variant_id, price, quantity, currency, value, product_title,
    product_category, product_known, items.product_id, items.variant_id, items.sku, items.title, items.category,
    items.brand, items.price,
    items.quantity, items.known, url, path, country, utm_source, match_keys, version)
SELECT
    'demo', toString(reinterpretAsUUID(sipHash128(k, j, step.1))), step.1, 'standard', 'pixel',
    at + toIntervalSecond(step.2) AS when, when, toString(visitor), visitor, session, visitor,
    if(step.1 = 'purchase', toString(person), ''),
    if(step.1 = 'purchase', concat('o', toString(k), '-', toString(j)), ''),
    if(step.1 IN ('checkout_started', 'purchase'), concat('t', toString(k), '-', toString(j)), ''),
    concat('p', toString(product)), concat('v', toString(product)),
    toDecimal64(5 + product % 200 + 0.99, 4) AS cost, 1 + (product % 3 = 0), 'EUR', cost,
    concat('Product ', toString(product)), concat('Category ', toString(intDiv(product, 50) % 40)), 1,
    [concat('p', toString(product))], [concat('v', toString(product))], [''], [concat('Product ', toString(product))],
    [concat('Category ', toString(intDiv(product, 50) % 40))], [''], [cost], [1 + (product % 3 = 0)], [1],
    concat('https://shop.example/products/p', toString(product)), concat('/products/p', toString(product)),
    country, source,
    ['fbp', 'client_ip'], k
FROM ({_STEPS})
"""

_SESSION_ROWS = f"""
INSERT INTO sessions (
    shop_id, session_id, visitor_id, client_id, started_at, ended_at, events, page_views, product_views, cart_additions,
    checkouts, purchases, entry_url, entry_path, utm_source, device, country, version)
SELECT 'demo', session, any(visitor), toString(any(visitor)), min(at), max(at), count(), 0,
    countIf(step.1 = 'product_viewed'), countIf(step.1 = 'product_added_to_cart'), countIf(step.1 = 'checkout_started'),
    countIf(step.1 = 'purchase'), 'https://shop.example/', '/', any(source), any(device), any(country), 1
FROM ({_STEPS}) GROUP BY session
"""

_ORDERS = """
INSERT INTO orders (
    shop_id, order_id, status, match, ordered_at, updated_at, purchase_event_id, checkout_token, customer_id,
    visitor_id, session_id, value, currency, items.product_id, items.variant_id, items.sku, items.title,
    items.variant_title,
    items.category, items.vendor, items.price, items.quantity, version)
SELECT shop_id, order_id, 'paid', 'matched', occurred_at, occurred_at, event_id, checkout_token, customer_id,
    visitor_id, session_id, value, currency, items.product_id, items.variant_id, items.sku, items.title,
    items.sku, items.category,
    items.brand, items.price, items.quantity, 1
FROM events WHERE name = 'purchase'
"""

_OVERRIDES = """
INSERT INTO identity_overrides (shop_id, visitor_id, client_id, starts, customers, persons, version)
SELECT 'demo', visitor_id, toString(visitor_id), [min(ordered_at) - toIntervalHour(1)], [any(customer_id)],
    [any(person_id)], 1
FROM orders_by_person GROUP BY visitor_id
"""


def fill(client: Any, events: int, until: str) -> int:
    """Write about *events* events with their sessions, orders and identities; returns how many they became.

    *until* is the end of the months, like 2026-11-01; the same end and number make the same shop.
    """
    sessions = int(events / EVENTS_PER_SESSION)
    for first in range(0, sessions, SESSIONS_PER_INSERT):
        bound = {
            "people": sessions // 3,
            "first": first,
            "count": min(SESSIONS_PER_INSERT, sessions - first),
            "days": DAYS,
            "until": until,
            "groups": min(MOST_GROUPS, max(4, events // 10_000)),
        }
        client.command(_EVENTS, parameters=bound)
        client.command(_SESSION_ROWS, parameters=bound)
    client.command(_ORDERS)
    client.command(_OVERRIDES)
    for table in ("events", "sessions", "orders", "identity_overrides"):  # as ClickHouse itself does in a quiet hour
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    return int(client.query("SELECT count() FROM events").result_rows[0][0])
