-- Which evidence about who is who came last?
-- shop: the shop
-- visitor: only of this browser; '' is every
-- customer: only of this customer; '' is every
-- limit: how many
SELECT
    received_at, action, reason, identifier_type, identifier, customer_id, checkout_token, order_id, event_id, occurred_at
FROM identity_log FINAL
WHERE shop_id = {shop:String} AND {customer:String} IN ('', customer_id) AND {visitor:String} IN ('', toString(visitor_id))
ORDER BY received_at DESC, link_id
LIMIT {limit:UInt32}
