-- Which products are looked at most, and which turn lookers into buyers?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 20: how many products
-- at_least = 1: leave out products that fewer people viewed
WITH
    if({until:String} = 'now', now64(3), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    by_person AS
    (
        SELECT
            items.product_id AS product,
            person_id,
            argMax(items.title, (items.title != '', occurred_at)) AS last_title,
            max(occurred_at) AS last_at,
            countIf(name = 'product_viewed') AS times_viewed,
            countIf(name = 'product_added_to_cart') AS times_carted,
            sumIf(items.quantity, name = 'purchase') AS times_bought,
            sumMapIf(
                map(currency, toDecimal128(ifNull(items.price, 0), 4) * items.quantity), name = 'purchase'
            ) AS paid
        FROM events_by_person
        ARRAY JOIN items
        WHERE shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name IN ('product_viewed', 'product_added_to_cart', 'purchase')
          AND items.product_id != ''
        GROUP BY product, person_id
    ),
    by_product AS
    (
        SELECT
            product,
            argMax(last_title, last_at) AS title,
            sum(times_viewed) AS views,
            countIf(times_viewed > 0) AS viewers,
            countIf(times_carted > 0) AS carters,
            countIf(times_bought > 0) AS buyers,
            countIf(times_viewed > 0 AND times_bought > 0) AS converted,
            sum(times_bought) AS units_sold,
            sumMap(paid) AS revenue
        FROM by_person
        GROUP BY product
        HAVING viewers >= {at_least:UInt32}
    )
SELECT
    product AS product_id,
    title, views, viewers, carters, buyers, units_sold, revenue,
    round(converted / nullIf(viewers, 0), 4) AS conversion,
    -- Wilson's lower bound at 95 %: one buyer of one viewer must not win.
    -- https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
    round(
        (converted + 1.9208 - 1.96 * sqrt(converted * (viewers - converted) / nullIf(viewers, 0) + 0.9604))
        / (nullIf(viewers, 0) + 3.8416), 4) AS conversion_at_least
FROM by_product
ORDER BY views DESC, buyers DESC, product_id
LIMIT {top:UInt32}
