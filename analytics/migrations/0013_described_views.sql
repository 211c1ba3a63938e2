-- The views again, for speed and with every column described.
-- A row's key holds its day, hence its month: parts of two months never hold one row twice, and need no merging when
-- read. A visitor's id is made of shop and client, so it needs no shop beside it in the join.
CREATE OR REPLACE VIEW events_by_person {{on_cluster}} AS
WITH arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT e.*, multiIf(o.visitor_id != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id
FROM events AS e FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS o ON e.visitor_id = o.visitor_id
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the person each belongs to as known today';

ALTER TABLE events_by_person {{on_cluster}} COMMENT COLUMN person_id 'who it was, as known today';

-- Who made an order: its customer (named as schemas/identifiers.py does, uuid5), else who the browser was then.
CREATE OR REPLACE VIEW orders_by_person {{on_cluster}} AS
WITH
    unhex('6f1d3c1e6b0e5d0a9a545f1f6c0a7e11') AS namespace,
    lower(hex(SHA1(concat(namespace, 'person', char(31), o.shop_id, char(31), o.customer_id)))) AS h,
    substring('89ab89ab89ab89ab', 1 + reinterpretAsUInt8(unhex(concat('0', substring(h, 17, 1)))), 1) AS variant,
    toUUID(concat(
        substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-',
        variant, substring(h, 18, 3), '-', substring(h, 21, 12))) AS customer,
    arrayLastIndex(since -> since <= o.ordered_at, t.starts) AS at
SELECT o.*, multiIf(o.customer_id != '', customer, at = 0, o.visitor_id, t.persons[at]) AS person_id
FROM orders AS o FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS t ON o.visitor_id = t.visitor_id
COMMENT 'orders, deduplicated, with the person who made each as known today';

ALTER TABLE orders_by_person {{on_cluster}} COMMENT COLUMN person_id 'who made it, as known today; all zeros where nobody is known';

CREATE OR REPLACE VIEW sessions_by_person {{on_cluster}} AS
WITH arrayLastIndex(since -> since <= s.ended_at, t.starts) AS at
SELECT
    s.*, if(at = 0, s.visitor_id, t.persons[at]) AS person_id,
    multiIf(
        s.utm_source != '', s.utm_source,
        mapContains(s.click_ids, 'gclid'), 'google',
        mapContains(s.click_ids, 'fbclid'), 'facebook',
        s.referrer != '' AND domainWithoutWWW(s.referrer) != domainWithoutWWW(s.entry_url), domainWithoutWWW(s.referrer),
        'direct'
    ) AS arrived_from
FROM sessions AS s FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS t ON s.visitor_id = t.visitor_id
COMMENT 'sessions, deduplicated, with the person who made each as known today';

ALTER TABLE sessions_by_person {{on_cluster}}
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN arrived_from 'what brought it: the campaign''s source, else the network of its click id, else the referring site, else direct';

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

ALTER TABLE order_items {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN order_id 'the order',
    COMMENT COLUMN line 'position in the order, from 1',
    COMMENT COLUMN product_id 'the product',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN title 'the product''s title',
    COMMENT COLUMN variant_title 'the variant''s title',
    COMMENT COLUMN category 'the product''s category',
    COMMENT COLUMN vendor 'who makes it',
    COMMENT COLUMN price 'the price of one',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN status 'the order''s: open, paid, cancelled, refunded, ...',
    COMMENT COLUMN ordered_at 'when the order was made',
    COMMENT COLUMN customer_id 'the shop''s customer, else empty',
    COMMENT COLUMN visitor_id 'the browser it was made in; all zeros where not known',
    COMMENT COLUMN session_id 'the visit it was made in; all zeros where not known';

ALTER TABLE product_views {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN occurred_at 'when, by the visitor''s clock',
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN product_id 'the product looked at',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN product_title 'its title in the catalog, else as the page said it',
    COMMENT COLUMN product_category 'its category, likewise',
    COMMENT COLUMN product_brand 'its brand, likewise',
    COMMENT COLUMN price 'its price as the page said it',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN url 'the page''s address',
    COMMENT COLUMN path 'its path',
    COMMENT COLUMN referrer 'the page before',
    COMMENT COLUMN country 'ISO 3166-1 alpha-2, where known',
    COMMENT COLUMN utm_source 'campaign parameter of the page''s address',
    COMMENT COLUMN utm_medium 'campaign parameter of the page''s address',
    COMMENT COLUMN utm_campaign 'campaign parameter of the page''s address';

ALTER TABLE cart_actions {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN occurred_at 'when, by the visitor''s clock',
    COMMENT COLUMN action 'added, removed or viewed',
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN product_id 'the product; empty for a cart of several, see event_items',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN product_title 'its title in the catalog, else as the page said it',
    COMMENT COLUMN product_category 'its category, likewise',
    COMMENT COLUMN product_brand 'its brand, likewise',
    COMMENT COLUMN price 'the price of one',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN value 'what the line, or the cart, costs',
    COMMENT COLUMN currency 'ISO 4217 code of price and value',
    COMMENT COLUMN country 'ISO 3166-1 alpha-2, where known';

ALTER TABLE checkouts {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN checkout_token 'the checkout',
    COMMENT COLUMN started_at 'its first event',
    COMMENT COLUMN last_at 'its last event',
    COMMENT COLUMN person_id 'who it was at its last event, as known today',
    COMMENT COLUMN visitor_id 'the browser of its last event',
    COMMENT COLUMN session_id 'the visit of its last event',
    COMMENT COLUMN steps 'names of the events it had',
    COMMENT COLUMN completed 'whether it became an order',
    COMMENT COLUMN order_id 'that order, else empty',
    COMMENT COLUMN value 'its value as last told',
    COMMENT COLUMN currency 'ISO 4217 code of the value';

ALTER TABLE persons {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN person_id 'a customer, or a browser nobody is known behind',
    COMMENT COLUMN customer_id 'the shop''s customer, where an event named one; else empty',
    COMMENT COLUMN first_seen_at 'the first event',
    COMMENT COLUMN last_seen_at 'the last event',
    COMMENT COLUMN visitors 'how many browsers',
    COMMENT COLUMN sessions 'how many visits',
    COMMENT COLUMN events 'how many events',
    COMMENT COLUMN orders 'how many orders',
    COMMENT COLUMN revenue 'their value by currency';

ALTER TABLE products_now {{on_cluster}}
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN product_id 'the shop''s product',
    COMMENT COLUMN variant_id 'one sellable form of it; empty for a product without variants',
    COMMENT COLUMN changed_at 'when the shop changed it last',
    COMMENT COLUMN received_at 'when we were told',
    COMMENT COLUMN action 'always upsert: what was deleted is not here',
    COMMENT COLUMN source 'who told it: shopify, csv, ...',
    COMMENT COLUMN title 'the product''s title',
    COMMENT COLUMN variant_title 'the variant''s title',
    COMMENT COLUMN handle 'its name in addresses',
    COMMENT COLUMN url 'its page',
    COMMENT COLUMN status 'active, draft or archived',
    COMMENT COLUMN brand 'who makes it',
    COMMENT COLUMN category 'what it is',
    COMMENT COLUMN tags 'the shop''s own labels',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN barcode 'GTIN, where known',
    COMMENT COLUMN price 'its price',
    COMMENT COLUMN compare_at_price 'its price before a reduction',
    COMMENT COLUMN currency 'ISO 4217 code of both',
    COMMENT COLUMN inventory_item_id 'its stock record, see inventory_levels',
    COMMENT COLUMN inventory_quantity 'stock, as the product''s change told it',
    COMMENT COLUMN image_url 'its picture',
    COMMENT COLUMN options 'what makes this variant: colour, size, ...';
