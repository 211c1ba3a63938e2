-- A late event may join two visits to one, or part one. Their events keep the visit they were first put into; one small
-- row says which visit that became part of, and the view reads it. A visit that names itself was parted: which visit an
-- event of it is in tells the event's time.
CREATE TABLE IF NOT EXISTS {{table:merged_sessions}}
(
    shop_id     LowCardinality(String) COMMENT 'the shop',
    visitor_id  UUID                   COMMENT 'one browser at one shop',
    session_id  UUID                   COMMENT 'the visit that is none any more, as its events name it',
    merged_into UUID                   COMMENT 'the visit it is part of; its own name: its events are in several, by their time',
    version     UInt64                 COMMENT 'the row of the greatest version counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, visitor_id, session_id)
SETTINGS {{tokens:10000}}, index_granularity = 512
COMMENT 'Which visit a visit became part of; read it with FINAL';

CREATE OR REPLACE VIEW moved_sessions {{on_cluster}} AS
SELECT
    m.session_id AS session_id,
    if(m.merged_into = m.session_id, v.starts, [toDateTime64(0, 3, 'UTC')]) AS starts,
    if(m.merged_into = m.session_id, v.visits, [m.merged_into]) AS visits
FROM (SELECT visitor_id, session_id, merged_into FROM merged_sessions FINAL) AS m
LEFT JOIN
(
    SELECT visitor_id, arraySort(groupArray((started_at, ended_at, session_id))) AS made, made.1 AS starts, made.3 AS visits
    FROM sessions FINAL
    WHERE visitor_id IN (SELECT visitor_id FROM merged_sessions WHERE merged_into = session_id)
    GROUP BY visitor_id
) AS v ON m.visitor_id = v.visitor_id
COMMENT 'Visits that their events name and that are other visits now: from starts[i] on it is visits[i]';

ALTER TABLE moved_sessions {{on_cluster}}
    COMMENT COLUMN session_id 'the visit as its events name it',
    COMMENT COLUMN starts 'from starts[i] on ...',
    COMMENT COLUMN visits '... its events are in visits[i]';

-- Moved visits are few, so they come as arrays: a second join would cost every question a third of its speed. The
-- arrays begin with a visit that does not exist, since transform() takes none that are empty. Most browsers belong to one
-- person from one time on: only further turns come through the join as an array, since arrays cost more than the join.
CREATE OR REPLACE VIEW events_by_person {{on_cluster}} AS
WITH
    (
        SELECT (
            arrayConcat([toUUID('00000000-0000-0000-0000-000000000001')], groupArray(session_id)),
            arrayConcat([[toDateTime64(0, 3, 'UTC')]], groupArray(starts)),
            arrayConcat([[toUUID('00000000-0000-0000-0000-000000000001')]], groupArray(visits)))
        FROM moved_sessions
    ) AS moved,
    transform(e.session_id, moved.1, arrayEnumerate(moved.1), toUInt32(0)) AS place
SELECT
    e.* REPLACE (if(
        place = 0, e.session_id,
        moved.3[place][greatest(1, arrayLastIndex(since -> since <= e.occurred_at, moved.2[place]))]) AS session_id),
    multiIf(
        o.turned = 0, e.person_id_then,
        e.occurred_at < o.first_at, e.visitor_id,
        o.turned = 1, o.person,
        arrayLast(turn -> turn.1 <= e.occurred_at, arrayPushFront(o.turns, (o.first_at, o.person))).2) AS person_id,
    multiIf(
        o.turned > 0, o.customers[arrayLastIndex(since -> since <= e.occurred_at, o.starts)],
        e.person_id_then != e.visitor_id, e.customer_id,
        '') AS person_customer_id
FROM events AS e FINAL
LEFT ANY JOIN
(
    SELECT
        visitor_id AS browser, starts, customers, if(length(starts) > 1, 2, 1) AS turned, persons[1] AS person,
        arrayPopFront(arrayZip(starts, persons)) AS turns,
        if(empty(starts), toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), starts[1]) AS first_at
    FROM identity_overrides FINAL
) AS o ON e.visitor_id = o.browser
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the visit and the person each belongs to as known today';

ALTER TABLE events_by_person {{on_cluster}}
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN person_customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind';

-- The same for the visits that orders name, by the time of the order; of a visit parted later than that, its first part.
CREATE OR REPLACE VIEW orders_by_person {{on_cluster}} AS
WITH
    (
        SELECT (
            arrayConcat([toUUID('00000000-0000-0000-0000-000000000001')], groupArray(session_id)),
            arrayConcat([[toDateTime64(0, 3, 'UTC')]], groupArray(starts)),
            arrayConcat([[toUUID('00000000-0000-0000-0000-000000000001')]], groupArray(visits)))
        FROM moved_sessions
    ) AS moved,
    transform(o.session_id, moved.1, arrayEnumerate(moved.1), toUInt32(0)) AS place,
    unhex('6f1d3c1e6b0e5d0a9a545f1f6c0a7e11') AS namespace,
    lower(hex(SHA1(concat(namespace, 'person', char(31), o.shop_id, char(31), o.customer_id)))) AS h,
    substring('89ab89ab89ab89ab', 1 + reinterpretAsUInt8(unhex(concat('0', substring(h, 17, 1)))), 1) AS variant,
    toUUID(concat(
        substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-',
        variant, substring(h, 18, 3), '-', substring(h, 21, 12))) AS customer,
    arrayLastIndex(since -> since <= o.ordered_at, t.starts) AS at
SELECT
    o.* REPLACE (if(
        place = 0, o.session_id,
        moved.3[place][greatest(1, arrayLastIndex(since -> since <= o.ordered_at, moved.2[place]))]) AS session_id),
    multiIf(o.customer_id != '', customer, at = 0, o.visitor_id, t.persons[at]) AS person_id
FROM orders AS o FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS t ON o.visitor_id = t.visitor_id
COMMENT 'orders, deduplicated, with the visit and the person who made each as known today';

ALTER TABLE orders_by_person {{on_cluster}} COMMENT COLUMN person_id 'who made it, as known today; all zeros where nobody is known';

-- Rows of visits long over are not written again when a browser is taken from its customer, or given one.
CREATE OR REPLACE VIEW sessions_by_person {{on_cluster}} AS
SELECT
    s.* REPLACE (t.customers[arrayLastIndex(since -> since <= s.ended_at, t.starts)] AS customer_id),
    multiIf(
        t.turned = 0 OR s.ended_at < t.first_at, s.visitor_id,
        t.turned = 1, t.person,
        arrayLast(turn -> turn.1 <= s.ended_at, arrayPushFront(t.turns, (t.first_at, t.person))).2) AS person_id,
    multiIf(
        s.utm_source != '', s.utm_source,
        mapContains(s.click_ids, 'gclid'), 'google',
        mapContains(s.click_ids, 'fbclid'), 'facebook',
        s.referrer != '' AND domainWithoutWWW(s.referrer) != domainWithoutWWW(s.entry_url), domainWithoutWWW(s.referrer),
        'direct'
    ) AS arrived_from
FROM sessions AS s FINAL
LEFT ANY JOIN
(
    SELECT
        visitor_id AS browser, starts, customers, if(length(starts) > 1, 2, 1) AS turned, persons[1] AS person,
        arrayPopFront(arrayZip(starts, persons)) AS turns,
        if(empty(starts), toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), starts[1]) AS first_at
    FROM identity_overrides FINAL
) AS t ON s.visitor_id = t.browser
COMMENT 'sessions, deduplicated, with the customer and the person who made each as known today';

ALTER TABLE sessions_by_person {{on_cluster}}
    COMMENT COLUMN customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind',
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN arrived_from 'what brought it: the campaign''s source, else the network of its click id, else the referring site, else direct';

CREATE OR REPLACE VIEW event_items {{on_cluster}} AS
SELECT
    shop_id, event_id, name, occurred_at, visitor_id, session_id, customer_id, checkout_token, order_id,
    line, items.product_id AS product_id, items.variant_id AS variant_id, items.sku AS sku, items.title AS title,
    items.category AS category, items.brand AS brand, items.price AS price, items.quantity AS quantity,
    currency, items.known AS known
FROM events_by_person
ARRAY JOIN items, arrayEnumerate(items.product_id) AS line
COMMENT 'Products of events, one row each: a checkout of three lines is three rows';

ALTER TABLE event_items {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN name 'its name',
    COMMENT COLUMN occurred_at 'when it happened, by the visitor''s clock',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN checkout_token 'the checkout, else empty',
    COMMENT COLUMN order_id 'the order, else empty',
    COMMENT COLUMN line 'position in the event, from 1',
    COMMENT COLUMN product_id 'the product',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN title 'the product''s title in the catalog, else as the event said it',
    COMMENT COLUMN category 'its category, likewise',
    COMMENT COLUMN brand 'its brand, likewise',
    COMMENT COLUMN price 'the price of one, as the event said it',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN known 'whether the catalog knew the product when the event came';
