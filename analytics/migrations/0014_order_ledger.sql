-- Persons with the customer they are and what they bought, the ledger of orders, and a plain column for the person.
-- `storestream identities squash` writes person_id_then anew, so that it may be read without the join: for days that
-- are over it is who the event's browser was, as known at the last squash.
ALTER TABLE {{table:events}} COMMENT COLUMN person_id_then 'who it was, as known when the row was written or last squashed; events_by_person says who it is today';

{{distributed:events by sipHash64(shop_id, visitor_id)}};

ALTER TABLE events {{on_cluster}} COMMENT COLUMN person_id_then 'who it was, as known when the row was written or last squashed; events_by_person says who it is today';

-- A customer an event names is not yet the person: a browser may be taken from a customer again.
CREATE OR REPLACE VIEW events_by_person {{on_cluster}} AS
WITH arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT
    e.*,
    multiIf(o.visitor_id != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id,
    multiIf(
        o.visitor_id = e.visitor_id, if(at = 0, '', o.customers[at]),
        e.person_id_then != e.visitor_id, e.customer_id,
        '') AS person_customer_id
FROM events AS e FINAL
LEFT JOIN (SELECT visitor_id, starts, customers, persons FROM identity_overrides FINAL) AS o ON e.visitor_id = o.visitor_id
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the person each belongs to as known today';

ALTER TABLE events_by_person {{on_cluster}}
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN person_customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind';

-- Browsers are counted, not orders no browser told of. Money is the orders'; what was cancelled is none.
CREATE OR REPLACE VIEW persons {{on_cluster}} AS
SELECT
    shop_id, person_id, max(customer) AS customer_id, min(first_at) AS first_seen_at, max(last_at) AS last_seen_at,
    sum(browsers) AS visitors, sum(visits) AS sessions, sum(happened) AS events,
    sum(made) AS orders, sumMap(worth) AS revenue
FROM
(
    SELECT
        shop_id, person_id, max(person_customer_id) AS customer,
        min(occurred_at) AS first_at, max(occurred_at) AS last_at,
        uniqExactIf(visitor_id, NOT startsWith(client_id, 'order:')) AS browsers,
        uniqExactIf(session_id, NOT startsWith(client_id, 'order:')) AS visits,
        count() AS happened, 0 AS made, CAST(map(), 'Map(LowCardinality(String), Decimal(38, 4))') AS worth
    FROM events_by_person
    WHERE person_id != toUUID('00000000-0000-0000-0000-000000000000')
    GROUP BY shop_id, person_id
    UNION ALL
    SELECT
        shop_id, person_id, max(customer_id), min(ordered_at), max(ordered_at), 0, 0, 0,
        countIf(status != 'cancelled'), sumMapIf(map(currency, ifNull(value, 0)), status != 'cancelled')
    FROM orders_by_person
    WHERE person_id != toUUID('00000000-0000-0000-0000-000000000000')
    GROUP BY shop_id, person_id
)
GROUP BY shop_id, person_id
COMMENT 'Persons, one row each, as known today; revenue by currency';

ALTER TABLE persons {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN person_id 'a customer, or a browser nobody is known behind',
    COMMENT COLUMN customer_id 'the shop''s customer it is; empty for a browser nobody is known behind',
    COMMENT COLUMN first_seen_at 'the first event or order',
    COMMENT COLUMN last_seen_at 'the last event or order',
    COMMENT COLUMN visitors 'how many browsers',
    COMMENT COLUMN sessions 'how many visits',
    COMMENT COLUMN events 'how many events',
    COMMENT COLUMN orders 'how many orders that were not cancelled',
    COMMENT COLUMN revenue 'their value by currency';

-- Every order that anything knows of, whoever told it first. Test events are no deliveries. A purchase that left before
-- anybody had named its order stands under its checkout until the shop does.
CREATE OR REPLACE VIEW order_ledger {{on_cluster}} AS
WITH unnamed AS
(
    SELECT
        e.shop_id AS shop, e.event_id AS event,
        if(o.order_id != '', o.order_id, concat('checkout ', e.checkout_token)) AS called,
        e.occurred_at AS happened_at, e.received_at AS pixel_at, e.value AS value, toString(e.currency) AS currency
    FROM
    (
        SELECT shop_id, event_id, checkout_token, occurred_at, received_at, value, currency FROM events FINAL
        WHERE name = 'purchase' AND kind = 'standard' AND order_id = ''
    ) AS e
    LEFT JOIN
    (
        SELECT order_id, purchase_event_id FROM orders FINAL
        WHERE purchase_event_id IN (SELECT event_id FROM events WHERE name = 'purchase' AND order_id = '')
    ) AS o ON e.event_id = o.purchase_event_id
)
SELECT
    shop_id, order_id, max(order_status) AS status, max(order_match) AS match,
    ifNull(max(made_at), min(happened_at)) AS ordered_at,
    max(order_customer) AS customer_id, max(order_channel) AS sales_channel,
    if(in_orders, maxIf(order_value, told_by = 'order'), max(order_value)) AS value,
    if(in_orders, maxIf(order_currency, told_by = 'order'), max(order_currency)) AS currency,
    max(webhook_at) AS seen_in_webhook_at, min(pixel_at) AS seen_in_pixel_at,
    max(purchase_id) AS purchase_event_id,
    countIf(told_by = 'order') > 0 AS in_orders, countIf(told_by = 'purchase') > 0 AS in_events,
    min(decided_at) AS sent_at, minIf(decided_at, fate = 'accepted') AS accepted_at,
    mapFromArrays(groupArrayIf(place, told_by = 'receipt'), groupArrayIf(fate, told_by = 'receipt')) AS destinations,
    arraySort(groupUniqArrayIf(why, why != '')) AS reasons,
    arrayFilter(each -> each != '', [
        if(isNull(seen_in_webhook_at), 'webhook', ''),
        if(isNull(seen_in_pixel_at) AND sales_channel != 'pos', 'pixel', ''),
        if(in_orders, '', 'order'),
        if(in_events, '', 'purchase'),
        multiIf(empty(destinations), 'receipt', arrayAll(each -> each = 'accepted', mapValues(destinations)), '', 'acceptance')
    ]) AS missing
FROM
(
    SELECT
        'order' AS told_by, shop_id, order_id, toString(status) AS order_status, toString(match) AS order_match,
        toNullable(ordered_at) AS made_at, ordered_at AS happened_at,
        customer_id AS order_customer, toString(sales_channel) AS order_channel,
        value AS order_value, toString(currency) AS order_currency,
        seen_in_webhook_at AS webhook_at, seen_in_pixel_at AS pixel_at, purchase_event_id AS purchase_id,
        CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS decided_at, '' AS place, '' AS fate, '' AS why
    FROM orders FINAL
    UNION ALL
    SELECT
        if(name = 'purchase', 'purchase', 'pixel'), shop_id, order_id, '', '', NULL, occurred_at, '', '', value, toString(currency),
        NULL, if(name = 'purchase', NULL, received_at), if(name = 'purchase', event_id, ''), NULL, '', '', ''
    FROM events FINAL
    WHERE name IN ('purchase', 'checkout_completed') AND kind = 'standard' AND order_id != ''
    UNION ALL
    SELECT
        'purchase', shop, called, '', '', NULL, happened_at, '', '', value, currency, NULL, pixel_at, event, NULL, '', '', ''
    FROM unnamed
    UNION ALL
    SELECT
        'receipt', c.shop_id, u.called, '', '', NULL, c.occurred_at, '', '', c.value, toString(c.currency),
        NULL, NULL, c.event_id, if(c.status = 'skipped', NULL, c.sent_at),
        toString(c.destination), toString(c.status), toString(c.reason)
    FROM
    (
        SELECT shop_id, event_id, occurred_at, value, currency, status, sent_at, destination, reason
        FROM conversions FINAL WHERE event_name = 'Purchase' AND order_id = '' AND NOT test
    ) AS c
    INNER JOIN unnamed AS u ON c.event_id = u.event
    UNION ALL
    SELECT
        'receipt', shop_id, order_id, '', '', NULL, occurred_at, '', '', value, toString(currency),
        NULL, NULL, event_id, if(status = 'skipped', NULL, sent_at), toString(destination), toString(status), toString(reason)
    FROM conversions FINAL
    WHERE event_name = 'Purchase' AND order_id != '' AND NOT test
)
GROUP BY shop_id, order_id
COMMENT 'Orders, one row each: when the webhook, the pixel and Meta knew of it, and what is missing';

ALTER TABLE order_ledger {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN order_id 'the shop''s order; `checkout …` for a purchase whose order nobody has named yet',
    COMMENT COLUMN status 'open, paid, cancelled, refunded, ...; empty while orders does not know it',
    COMMENT COLUMN match 'how webhook and pixel met: held, matched, pixel_only, webhook_only or late',
    COMMENT COLUMN ordered_at 'when it was made',
    COMMENT COLUMN customer_id 'the shop''s customer, else empty',
    COMMENT COLUMN sales_channel 'where it was placed, as the shop system names it: web, pos (a till), ...; empty: not told',
    COMMENT COLUMN value 'its total',
    COMMENT COLUMN currency 'ISO 4217 code of the total',
    COMMENT COLUMN seen_in_webhook_at 'when its webhook came; NULL: not yet',
    COMMENT COLUMN seen_in_pixel_at 'when the browser told of it; NULL: not yet',
    COMMENT COLUMN purchase_event_id 'event_id of its one purchase in events and conversions',
    COMMENT COLUMN in_orders 'whether it is in orders',
    COMMENT COLUMN in_events 'whether its purchase is in events',
    COMMENT COLUMN sent_at 'when a destination first answered; NULL: none has',
    COMMENT COLUMN accepted_at 'when a destination first accepted it; NULL: none has',
    COMMENT COLUMN destinations 'what became of it at each: accepted, refused or skipped',
    COMMENT COLUMN reasons 'why refused or skipped',
    COMMENT COLUMN missing 'of webhook, pixel, order, purchase, receipt and acceptance, what is not there; an order of a till lacks no pixel';
