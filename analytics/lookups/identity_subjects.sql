-- Which browsers and customers does an id speak of?
-- id: a person, visitor, client, visit, customer, checkout token, cart token or order
-- shop: the shop; '' is every shop
WITH
    toUUIDOrDefault({id:String}, toUUID('ffffffff-ffff-ffff-ffff-ffffffffffff')) AS uuid,
    concat('cart:', {id:String}) AS cart
SELECT shop_id, known_as, visitor_id, arrayDistinct(arrayFilter(each -> each != '', groupArrayArray(named))) AS customers
FROM
(
    SELECT
        shop_id, visitor_id,
        multiIf(
            visitor_id = uuid, 'visitor', client_id = {id:String}, 'client', has(customers, {id:String}), 'customer', 'person'
        ) AS known_as,
        multiIf(
            known_as = 'customer', [{id:String}],
            known_as = 'person', arrayFilter((customer, person) -> person = uuid, customers, persons),
            customers) AS named
    FROM identity_overrides FINAL
    WHERE visitor_id = uuid OR client_id = {id:String} OR has(customers, {id:String}) OR has(persons, uuid)
    UNION ALL
    SELECT
        shop_id, visitor_id,
        multiIf(
            customer_id = {id:String}, 'customer', order_id = {id:String}, 'order',
            checkout_token = {id:String} OR identifier_type = 'checkout' AND identifier = {id:String}, 'checkout',
            cart IN (checkout_token, identifier), 'cart',
            client_id = {id:String}, 'client', 'visitor'),
        [customer_id]
    FROM identity_log FINAL
    WHERE customer_id = {id:String} OR order_id = {id:String} OR checkout_token = {id:String}
        OR identifier_type = 'checkout' AND identifier = {id:String} OR client_id = {id:String} OR visitor_id = uuid
        OR cart IN (checkout_token, identifier)
    UNION ALL
    SELECT
        shop_id, visitor_id,
        multiIf(
            order_id = {id:String}, 'order', customer_id = {id:String}, 'customer',
            checkout_token = {id:String}, 'checkout', 'cart'),
        [customer_id]
    FROM orders FINAL
    WHERE {id:String} IN (order_id, customer_id, checkout_token, cart_token)
    UNION ALL
    SELECT shop_id, visitor_id, 'visit', [argMax(customer_id, version)]
    FROM sessions
    WHERE session_id = uuid
    GROUP BY shop_id, visitor_id
    UNION ALL
    SELECT
        shop_id, visitor_id,
        multiIf(visitor_id = uuid, 'visitor', client_id = {id:String}, 'client', 'person') AS known_as,
        if(known_as = 'person' AND person_id_then != visitor_id, [customer_id], [])
    FROM events FINAL
    WHERE visitor_id = uuid OR client_id = {id:String} OR person_id_then = uuid
    LIMIT 1 BY shop_id, visitor_id, person_id_then
)
WHERE {shop:String} IN ('', shop_id)
GROUP BY shop_id, known_as, visitor_id
ORDER BY shop_id, known_as, visitor_id
