-- Which products of our events did the catalog not know, or does it no longer sell, and how many conversions name them?
-- shop: the shop
-- days: days back from now
SELECT
    items.product_id AS product_id,
    items.variant_id AS variant_id,
    anyIf(items.title, items.title != '') AS title,
    count() AS times_named,
    countIf(NOT items.known) AS unknown_then,
    any(status) AS status_now,
    max(occurred_at) AS last_named
FROM
(
    SELECT * FROM events FINAL
    ARRAY JOIN items
    WHERE shop_id = {shop:String} AND occurred_at >= now64(3) - toIntervalDay({days:UInt16})
) AS named
LEFT JOIN
(
    SELECT product_id, any(status) AS status FROM products_now WHERE shop_id = {shop:String} GROUP BY product_id
) AS now_known ON named.items.product_id = now_known.product_id
WHERE NOT items.known OR status != 'active'
GROUP BY product_id, variant_id
ORDER BY times_named DESC, product_id, variant_id
LIMIT {limit:UInt32}
