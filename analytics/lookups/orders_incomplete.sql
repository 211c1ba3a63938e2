-- Which orders are not complete: one half is missing, or no destination has accepted them?
-- shop: the shop
-- days: days back from now
SELECT *
FROM order_ledger
WHERE shop_id = {shop:String} AND ordered_at >= now64(3) - toIntervalDay({days:UInt16}) AND notEmpty(missing)
ORDER BY ordered_at, order_id
