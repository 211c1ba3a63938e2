-- What is searched for, what finds nothing, and what leads to a product or an order?
-- shop: the shop
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 50 (1 to 100000): how many terms, the most searched first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    visits AS
    (
        SELECT
            groupArrayIf((occurred_at, lowerUTF8(trimBoth(search_query)), length(items.product_id)),
                name = 'search_submitted' AND trimBoth(search_query) != '') AS made,
            maxIf(occurred_at, name = 'product_viewed') AS last_view_at,
            maxIf(occurred_at, name = 'purchase') AS last_purchase_at
        FROM events_by_person
        WHERE shop_id = {shop:String} AND name IN ('search_submitted', 'product_viewed', 'purchase')
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
        GROUP BY visitor_id, session_id
        HAVING notEmpty(made)
    )
SELECT
    search.2 AS term,
    count() AS searches,
    countIf(search.3 = 0) AS told_no_results,
    round(avg(search.3), 1) AS results_on_average,
    countIf(last_view_at >= search.1) AS then_viewed,
    countIf(last_purchase_at >= search.1) AS then_bought,
    round(then_viewed / searches, 4) AS view_rate,
    round(then_bought / searches, 4) AS purchase_rate
FROM visits
ARRAY JOIN made AS search
GROUP BY term
ORDER BY searches DESC, term
LIMIT {top:UInt32}
