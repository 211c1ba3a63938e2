"""Millions of events of a shop whose browsers turn out to be customers, made inside ClickHouse from numbers.

A visit is six events; one browser in ten is known as a customer, one in twenty of those was used by two.
"""

from typing import Any, Final

VISITS_EACH: Final = 2
DAYS: Final = 90

EVENTS: Final = """
INSERT INTO events
    (shop_id, event_id, name, kind, source, occurred_at, received_at, client_id, visitor_id, session_id, person_id_then,
     product_id, value, currency, order_id, url, path, kafka_offset, version)
WITH
    intDiv(number, 6) AS visit,
    number % 6 AS place,
    sipHash64(visit) % {browsers:UInt64} AS browser,
    sipHash64(visit, 'how far') % 100 AS luck,
    multiIf(
        place = 1, 'product_viewed',
        place = 2 AND luck < 40, 'product_added_to_cart',
        place = 3 AND luck < 20, 'checkout_started',
        place = 4 AND luck < 10, 'purchase',
        place = 5, 'product_viewed', 'page_viewed') AS what
SELECT
    'demo', concat('sh-', toString(generateUUIDv4(number))), what, 'standard', 'pixel',
    toDateTime64('2026-08-01 00:00:00', 3, 'UTC') + toIntervalSecond(sipHash64(visit, 'when') % ({days:UInt64} * 86400))
        + toIntervalSecond(place * 40) AS at,
    at, concat('client-', toString(browser)), reinterpretAsUUID(sipHash128('visitor', browser)),
    reinterpretAsUUID(sipHash128('visit', visit)), reinterpretAsUUID(sipHash128('visitor', browser)),
    if(what IN ('product_viewed', 'product_added_to_cart'), concat('p', toString(sipHash64(number) % 2000)), ''),
    if(what = 'purchase', toDecimal64(10 + luck, 4), NULL), 'EUR',
    if(what = 'purchase', concat('o', toString(visit)), ''),
    concat('https://shop.example/', what), concat('/', what), number, number
FROM numbers({first:UInt64}, {count:UInt64})
SETTINGS max_insert_threads = 1
"""

OVERRIDES: Final = """
INSERT INTO identity_overrides (shop_id, visitor_id, client_id, starts, customers, persons, version)
WITH
    sipHash64(number, 'shared') % 20 = 0 AS shared,
    toDateTime64('1970-01-01 00:00:00', 3, 'UTC') AS ever,
    toDateTime64('2026-09-15 00:00:00', 3, 'UTC') AS later,
    toString(sipHash64(number) % intDiv({browsers:UInt64}, 15)) AS first,
    concat('other-', first) AS second
SELECT
    'demo', reinterpretAsUUID(sipHash128('visitor', number)), concat('client-', toString(number)),
    if(shared, [ever, later], [ever]), if(shared, [first, second], [first]),
    arrayMap(each -> reinterpretAsUUID(sipHash128('person', each)), if(shared, [first, second], [first])), 1
FROM numbers({browsers:UInt64})
WHERE sipHash64(number, 'known') % 10 = 0
"""


def fill(client: Any, events: int) -> None:
    """Write *events* events, and who their browsers are, into the tables of *client*'s database."""
    browsers = max(events // 6 // VISITS_EACH, 1)
    step = 500_000
    for first in range(0, events, step):
        count = min(step, events - first)
        client.command(EVENTS, parameters={"first": first, "count": count, "browsers": browsers, "days": DAYS})
    client.command(OVERRIDES, parameters={"browsers": browsers})
