-- How many items of each catalog are in which state, and since when does the longest wait?
-- shop: the shop
SELECT
    catalog,
    status,
    count() AS items,
    min(told_at) AS since,
    max(told_at) AS until,
    countIf(failures >= 3) AS refused_thrice
FROM product_syncs_now
WHERE shop_id = {shop:String}
GROUP BY catalog, status
ORDER BY catalog, status
