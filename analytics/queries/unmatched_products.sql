-- Which products of our events did the catalog not know, or does it no longer sell, and how often are they named?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 50 (1 to 100000): how many products, the most named first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    items.product_id AS product_id,
    items.variant_id AS variant_id,
    argMaxIf(items.title, (occurred_at, event_id, items.title), items.title != '') AS title,
    count() AS times_named,
    countIf(NOT items.known) AS unknown_then,
    any(status) AS status_now,
    max(occurred_at) AS last_named
FROM
(
    SELECT * FROM events FINAL
    ARRAY JOIN items
    WHERE shop_id = {shop:String}
      AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
) AS named
LEFT JOIN
(
    SELECT product_id, any(status) AS status FROM products_now WHERE shop_id = {shop:String} GROUP BY product_id
) AS now_known ON named.items.product_id = now_known.product_id
WHERE NOT items.known OR status != 'active'
GROUP BY product_id, variant_id
ORDER BY times_named DESC, product_id, variant_id
LIMIT {top:UInt32}
