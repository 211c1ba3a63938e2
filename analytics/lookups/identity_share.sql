-- What of one browser belongs to one customer today?
-- shop: the shop
-- visitor: the browser
-- customer: the customer
SELECT
    (
        SELECT (count(), min(occurred_at), max(occurred_at)) FROM events_by_person
        WHERE shop_id = {shop:String} AND visitor_id = {visitor:UUID} AND person_customer_id = {customer:String}
    ) AS told,
    told.1 AS events, told.2 AS first_at, told.3 AS last_at,
    (
        SELECT count() FROM sessions_by_person
        WHERE shop_id = {shop:String} AND visitor_id = {visitor:UUID} AND customer_id = {customer:String}
    ) AS sessions
