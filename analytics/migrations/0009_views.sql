-- Friendly names over events: deduplicated, and with the person as known today.
CREATE OR REPLACE VIEW events_by_person {{on_cluster}} AS
-- Without a row about the browser, what was known at the time holds: an order no browser told of has its customer.
WITH arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT e.*, multiIf(o.visitor_id != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id
FROM events AS e FINAL
LEFT JOIN (SELECT shop_id, visitor_id, starts, persons FROM identity_overrides FINAL) AS o
    ON e.shop_id = o.shop_id AND e.visitor_id = o.visitor_id
COMMENT 'events, deduplicated, with the person each belongs to as known today';

CREATE OR REPLACE VIEW event_items {{on_cluster}} AS
SELECT
    shop_id, event_id, name, occurred_at, visitor_id, session_id, customer_id, checkout_token, order_id,
    line, items.product_id AS product_id, items.variant_id AS variant_id, items.sku AS sku, items.title AS title,
    items.category AS category, items.brand AS brand, items.price AS price, items.quantity AS quantity,
    currency, items.known AS known
FROM events FINAL
ARRAY JOIN items, arrayEnumerate(items.product_id) AS line
COMMENT 'Products of events, one row each: a checkout of three lines is three rows';

CREATE OR REPLACE VIEW product_views {{on_cluster}} AS
SELECT
    shop_id, event_id, occurred_at, person_id, visitor_id, session_id, customer_id,
    product_id, variant_id, product_title, product_category, product_brand, price, currency,
    url, path, referrer, country, utm_source, utm_medium, utm_campaign
FROM events_by_person
WHERE name = 'product_viewed'
COMMENT 'Somebody looked at a product';

CREATE OR REPLACE VIEW cart_actions {{on_cluster}} AS
SELECT
    shop_id, event_id, occurred_at,
    transform(name, ['product_added_to_cart', 'product_removed_from_cart'], ['added', 'removed'], 'viewed') AS action,
    person_id, visitor_id, session_id, customer_id,
    product_id, variant_id, product_title, product_category, product_brand, price, quantity, value, currency, country
FROM events_by_person
WHERE name IN ('product_added_to_cart', 'product_removed_from_cart', 'cart_viewed')
COMMENT 'Somebody put a product into the cart, took it out, or looked at the cart';

CREATE OR REPLACE VIEW checkouts {{on_cluster}} AS
SELECT
    shop_id, checkout_token, min(occurred_at) AS started_at, max(occurred_at) AS last_at,
    argMax(person_id, occurred_at) AS person_id, argMax(visitor_id, occurred_at) AS visitor_id,
    argMax(session_id, occurred_at) AS session_id,
    arrayDistinct(groupArray(name)) AS steps,
    countIf(name IN ('checkout_completed', 'purchase')) > 0 AS completed,
    maxIf(order_id, order_id != '') AS order_id,
    argMax(value, (value IS NOT NULL, occurred_at)) AS value, argMax(currency, (currency != '', occurred_at)) AS currency
FROM events_by_person
WHERE checkout_token != ''
GROUP BY shop_id, checkout_token
COMMENT 'Checkouts, one row each, with how far they came';

CREATE OR REPLACE VIEW persons {{on_cluster}} AS
SELECT
    shop_id, person_id, max(customer_id) AS customer_id, min(occurred_at) AS first_seen_at, max(occurred_at) AS last_seen_at,
    uniqExact(visitor_id) AS visitors, uniqExact(session_id) AS sessions, count() AS events,
    countIf(name = 'purchase') AS orders,
    sumMapIf(map(currency, ifNull(value, 0)), name = 'purchase') AS revenue
FROM events_by_person
GROUP BY shop_id, person_id
COMMENT 'Persons, one row each, as known today; revenue by currency';
