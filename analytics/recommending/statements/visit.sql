-- What a visit at hand looked at and put into the cart, in order of time. Read without FINAL: twice the same product
-- in a row is once.
SELECT name, item AS product
FROM events
ARRAY JOIN items.product_id AS item
WHERE shop_id = {shop:String} AND name IN ('product_viewed', 'product_added_to_cart', 'product_removed_from_cart', 'purchase')
  AND toDate(occurred_at) >= toDate({since:DateTime64(3)}) AND session_id = {session:UUID} AND item != ''
ORDER BY occurred_at, seq, event_id
LIMIT 500
