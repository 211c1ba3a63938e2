-- How many items of each catalog are in which state at Meta, and since when does the longest wait?
-- shop: the shop
-- catalog = *: a catalog's name; * is every one
SELECT
    catalog,
    status,
    count() AS items,
    minOrNullIf(told_at, status != 'pending' OR sent_at IS NOT NULL) AS since,
    max(told_at) AS until,
    countIf(failures >= 3) AS refused_thrice
FROM product_syncs_now
WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*')
GROUP BY catalog, status
ORDER BY catalog, status
