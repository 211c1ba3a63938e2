-- Which items has Meta refused, or can not be listed, why, and what is to be done?
-- shop: the shop
-- catalog = *: a catalog's name; * is every one
-- at_least = 0: leave out items that were refused fewer times in a row; 3 raises an alert
-- top = 100 (1 to 100000): how many items
SELECT
    catalog,
    item_id,
    product_id,
    title,
    status,
    reason,
    message,
    suggestion,
    failures AS times_in_a_row,
    told_at
FROM product_syncs_now
LEFT JOIN
(
    SELECT product_id, any(title) AS title FROM products_now WHERE shop_id = {shop:String} GROUP BY product_id
) AS known USING (product_id)
WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*')
  AND status IN ('rejected', 'skipped') AND failures >= {at_least:UInt32}
ORDER BY times_in_a_row DESC, status, reason, catalog, item_id
LIMIT {top:UInt32}
