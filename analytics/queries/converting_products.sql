-- Which products turn most of those who look at them into buyers, as far as that is certain?
-- shop: the shop
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 20 (1 to 100000): how many products, the surest first
-- at_least = 10: leave out products that fewer people viewed; one buyer of one viewer would be among the first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    titles AS
    (
        -- The newest, by one number: pairs are slow to compare.
        SELECT
            items.product_id AS of_product,
            argMaxIf(items.title, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(occurred_at)), 64) + cityHash64(event_id, items.title),
                items.title != '') AS title
        FROM events FINAL
        ARRAY JOIN items
        WHERE shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name = 'product_viewed'
        GROUP BY of_product
    ),
    of_people AS
    (
        SELECT product, countIf(views > 0) AS viewers, countIf(views > 0 AND purchases > 0) AS buyers
        FROM
        (
            SELECT
                items.product_id AS product,
                person_id,
                countIf(name = 'product_viewed') AS views,
                countIf(name = 'purchase') AS purchases
            FROM events_by_person
            ARRAY JOIN items
            WHERE shop_id = {shop:String}
              AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
              AND name IN ('product_viewed', 'purchase')
              AND items.product_id != ''
              AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
            GROUP BY product, person_id
        )
        GROUP BY product
        HAVING viewers >= greatest({at_least:UInt32}, 1)
    ),
    -- Wilson's bounds at 95 %: of few viewers little is certain.
    -- https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
    1.96 * sqrt(buyers * (viewers - buyers) / viewers + 0.9604) AS spread
SELECT
    product AS product_id,
    title AS product_title,
    viewers,
    buyers,
    round(buyers / viewers, 4) AS conversion,
    round((buyers + 1.9208 - spread) / (viewers + 3.8416), 4) AS conversion_at_least,
    round((buyers + 1.9208 + spread) / (viewers + 3.8416), 4) AS conversion_at_most
FROM of_people
LEFT JOIN titles ON product = of_product
ORDER BY conversion_at_least DESC, viewers DESC, product_id
LIMIT {top:UInt32}
