-- What became of one item at Meta, change by change?
-- shop: the shop
-- catalog: a catalog's name; * is every one
-- item_id: the item
-- top: how many receipts, the latest first
SELECT
    told_at, catalog, method, status, reason, message, suggestion, warnings, changed_at, sent_at, finished_at,
    attempts, failures, handle, job_id
FROM product_syncs FINAL
WHERE shop_id = {shop:String} AND {catalog:String} IN (catalog, '*') AND item_id = {item_id:String}
ORDER BY catalog, version DESC
LIMIT {top:UInt32}
