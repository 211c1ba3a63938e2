-- Which products are looked at most, and which turn lookers into buyers?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 20: how many products
-- at_least = 1: leave out products that fewer people viewed
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    robots AS (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot'),
    -- Who looked is counted exactly, which costs much, so only of what is looked at most; more people than views there
    -- are not. Where few viewers leave a product out, any may be among the first.
    of_product AS
    (
        SELECT
            items.product_id AS product,
            countIf(name = 'product_viewed') AS views,
            -- The newest title, by one number: pairs are slow to compare.
            argMaxIf(items.title, bitShiftLeft(toUInt128(toUnixTimestamp64Milli(occurred_at)), 64) + cityHash64(event_id, items.title),
                items.title != '') AS title,
            sumIf(items.quantity, name = 'purchase') AS units_sold,
            sumMapIf(
                map(currency, toDecimal128(ifNull(items.price, 0), 4) * items.quantity), name = 'purchase'
            ) AS revenue
        FROM events FINAL
        ARRAY JOIN items
        WHERE shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name IN ('product_viewed', 'product_added_to_cart', 'purchase')
          -- Also by the names that robots' visits had before they became part of others.
          AND session_id NOT IN
          (
              SELECT session_id FROM robots
              UNION ALL
              SELECT session_id FROM merged_sessions FINAL WHERE shop_id = {shop:String} AND merged_into IN (SELECT session_id FROM robots)
          )
          AND items.product_id != ''
        GROUP BY product
        HAVING views >= {at_least:UInt32}
        ORDER BY views DESC
        LIMIT if({at_least:UInt32} > 1, 4294967295, {top:UInt32}) WITH TIES
        SETTINGS do_not_merge_across_partitions_select_final = 1
    ),
    of_people AS
    (
        SELECT
            product,
            countIf(times_viewed > 0) AS viewers,
            countIf(times_carted > 0) AS carters,
            countIf(times_bought > 0) AS buyers,
            countIf(times_viewed > 0 AND times_bought > 0) AS converted
        FROM
        (
            SELECT
                items.product_id AS product,
                person_id,
                countIf(name = 'product_viewed') AS times_viewed,
                countIf(name = 'product_added_to_cart') AS times_carted,
                sumIf(items.quantity, name = 'purchase') AS times_bought
            FROM events_by_person AS e
            ARRAY JOIN items AS items
            WHERE shop_id = {shop:String}
              AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
              AND name IN ('product_viewed', 'product_added_to_cart', 'purchase')
              AND session_id NOT IN (SELECT session_id FROM robots)
              -- What else was bought with it comes along, and is left out by the join.
              AND arrayExists(each -> each IN (SELECT product FROM of_product), e.items.product_id)
            GROUP BY product, person_id
        )
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
FROM of_product
INNER JOIN of_people USING (product)
ORDER BY views DESC, buyers DESC, product_id
LIMIT {top:UInt32}
