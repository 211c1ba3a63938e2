-- What do we know of some browsers, and of all that were ever linked to some customers?
-- shop: the shop
-- visitors: the browsers
-- customers: the customers
WITH
    toUUID('00000000-0000-0000-0000-000000000000') AS none,
    concerned AS
    (
        SELECT DISTINCT visitor_id
        FROM
        (
            SELECT arrayJoin({visitors:Array(UUID)}) AS visitor_id
            UNION ALL
            SELECT visitor_id FROM identity_overrides FINAL
            WHERE shop_id = {shop:String} AND hasAny(customers, {customers:Array(String)})
            UNION ALL
            SELECT visitor_id FROM identity_log FINAL
            WHERE shop_id = {shop:String} AND customer_id IN {customers:Array(String)}
        )
        WHERE visitor_id != none
    )
SELECT
    toString(c.visitor_id) AS visitor_id, if(o.client_id != '', o.client_id, e.client_id) AS client_id,
    e.events AS events, e.first_seen_at AS first_seen_at, e.last_seen_at AS last_seen_at, s.device AS device,
    o.starts AS starts, o.customers AS customers
FROM concerned AS c
LEFT JOIN
(
    SELECT visitor_id, client_id, starts, customers FROM identity_overrides FINAL
    WHERE shop_id = {shop:String} AND visitor_id IN (SELECT visitor_id FROM concerned)
) AS o ON o.visitor_id = c.visitor_id
LEFT JOIN
(
    SELECT visitor_id, any(client_id) AS client_id, count() AS events, min(occurred_at) AS first_seen_at, max(occurred_at) AS last_seen_at
    FROM events FINAL
    WHERE shop_id = {shop:String} AND visitor_id IN (SELECT visitor_id FROM concerned)
    GROUP BY visitor_id
) AS e ON e.visitor_id = c.visitor_id
LEFT JOIN
(
    SELECT visitor_id, argMax(device, ended_at) AS device FROM sessions FINAL
    WHERE shop_id = {shop:String} AND visitor_id IN (SELECT visitor_id FROM concerned)
    GROUP BY visitor_id
) AS s ON s.visitor_id = c.visitor_id
ORDER BY first_seen_at, visitor_id
