-- Which products are put into carts and not bought, and how much money is lost with them?
-- shop: the shop
-- within_hours = 24 (1 to 8760): bought counts if it is so soon after the product was last put into the cart
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 20 (1 to 100000): how many products
-- at_least = 1: leave out products that fewer people put into the cart
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    ends - toIntervalDay({days:UInt16}) AS begins,
    by_person AS
    (
        SELECT
            items.product_id AS product,
            person_id,
            argMaxIf(items.title, (occurred_at, event_id), items.title != '') AS title,
            max(occurred_at) AS last_at,
            maxIf(occurred_at, name = 'product_added_to_cart') AS carted_at,
            countIf(name = 'product_added_to_cart') > 0 AS carted,
            maxIf(occurred_at, name = 'product_removed_from_cart') AS removed_at,
            argMaxIf(
                map(currency, toDecimal128(ifNull(items.price, 0), 4) * items.quantity),
                (occurred_at, event_id), name = 'product_added_to_cart') AS worth,
            groupArrayIf(occurred_at, name = 'purchase') AS bought_at
        FROM events_by_person
        ARRAY JOIN items
        WHERE shop_id = {shop:String}
          AND name IN ('product_added_to_cart', 'product_removed_from_cart', 'purchase')
          AND occurred_at >= begins
          AND occurred_at < ends + if(name = 'purchase', toIntervalHour({within_hours:UInt32}), toIntervalHour(0))
          AND items.product_id != ''
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
        GROUP BY product, person_id
        HAVING carted
    )
SELECT
    product AS product_id,
    argMax(by_person.title, (last_at, person_id)) AS product_title,
    count() AS people_carting,
    countIf(NOT arrayExists(at -> at >= carted_at AND at <= carted_at + toIntervalHour({within_hours:UInt32}), bought_at) AS left_it) AS abandoned,
    countIf(left_it AND removed_at >= carted_at) AS taken_out_again,
    round(abandoned / people_carting, 4) AS abandonment,
    sumMapIf(worth, left_it) AS lost
FROM by_person
GROUP BY product
HAVING people_carting >= {at_least:UInt32}
ORDER BY abandoned DESC, people_carting DESC, product_id
LIMIT {top:UInt32}
