-- In which visit were the orders of a checkout, a cart or a visit made, or one order?
-- shop: the shop
-- id: the order, the checkout token, the cart token or the visit
WITH toUUIDOrDefault({id:String}, toUUID('ffffffff-ffff-ffff-ffff-ffffffffffff')) AS uuid
SELECT
    o.order_id AS order_id, o.match AS match, o.checkout_token AS checkout_token, o.client_id AS client_id,
    o.ordered_at AS ordered_at,
    s.session_id = o.session_id AND o.session_id != toUUID('00000000-0000-0000-0000-000000000000') AS visit_known,
    s.started_at AS started_at, s.arrived_from AS arrived_from, s.utm_campaign AS campaign
FROM orders_by_person AS o
LEFT JOIN (SELECT * FROM sessions_by_person WHERE shop_id = {shop:String}) AS s
    ON s.session_id = o.session_id AND s.visitor_id = o.visitor_id
WHERE o.shop_id = {shop:String}
    AND ({id:String} IN (o.order_id, o.checkout_token, o.cart_token) OR o.session_id = uuid)
ORDER BY o.ordered_at, o.order_id
