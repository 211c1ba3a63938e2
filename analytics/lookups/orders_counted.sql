-- How many orders does the ledger have?
-- shop: the shop
-- days: days back from now
SELECT count() AS orders
FROM order_ledger
WHERE shop_id = {shop:String} AND ordered_at >= now64(3) - toIntervalDay({days:UInt16})
