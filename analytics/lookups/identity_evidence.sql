-- What linked some browsers to customers, or took them apart again, and which events showed it?
-- shop: the shop
-- visitors: the browsers
SELECT
    toString(l.link_id) AS link_id, l.action AS action, toString(l.visitor_id) AS visitor_id, l.customer_id AS customer_id,
    l.reason AS reason,
    -- What a browser used without a token was a cart, or an order that named neither.
    if(l.checkout_token = '' AND startsWith(l.identifier, 'cart:'), l.identifier, l.checkout_token) AS checkout_token, l.order_id AS order_id, l.event_id AS event_id,
    e.name AS event_name, e.path AS path, l.occurred_at AS occurred_at, l.received_at AS received_at
FROM identity_log AS l FINAL
LEFT JOIN
(
    SELECT event_id, name, path FROM events FINAL
    WHERE shop_id = {shop:String} AND event_id IN
    (
        SELECT event_id FROM identity_log
        WHERE shop_id = {shop:String} AND visitor_id IN {visitors:Array(UUID)} AND event_id != ''
    )
) AS e ON e.event_id = l.event_id
WHERE l.shop_id = {shop:String} AND l.visitor_id IN {visitors:Array(UUID)}
    AND (l.identifier_type = 'visitor' OR l.reason IN ('login', 'checkout', 'checkout_completed', 'cart'))
ORDER BY l.received_at, l.occurred_at, l.link_id
