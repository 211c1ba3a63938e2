-- How many of the products our events name does the catalog know?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    name,
    count() AS products_named,
    countIf(items.product_id = '') AS without_id,
    countIf(items.known) AS known_then,
    countIf(items.product_id IN (SELECT product_id FROM products_now WHERE shop_id = {shop:String})) AS known_now,
    round(known_then / products_named, 4) AS match_rate_then,
    round(known_now / products_named, 4) AS match_rate_now,
    uniqExactIf(items.product_id, NOT items.known AND items.product_id != '') AS unknown_products
FROM events FINAL
ARRAY JOIN items
WHERE shop_id = {shop:String}
  AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
GROUP BY name
ORDER BY products_named DESC, name
