-- Where do visits come from, and which of them buy?
-- shop: the shop
-- days = 7: days back from now
-- top = 50: how many sources
SELECT
    multiIf(
        utm_source != '', utm_source,
        mapContains(click_ids, 'gclid'), 'google',
        mapContains(click_ids, 'fbclid'), 'facebook',
        referrer != '' AND domainWithoutWWW(referrer) != domainWithoutWWW(entry_url), domainWithoutWWW(referrer),
        'direct'
    ) AS source,
    utm_medium AS medium,
    count() AS sessions_begun,
    uniqExact(visitor_id) AS visitors,
    round(countIf(page_views + product_views <= 1 AND cart_additions = 0) / sessions_begun, 4) AS bounced,
    round(avg(dateDiff('millisecond', started_at, ended_at)) / 1000, 1) AS average_seconds,
    countIf(cart_additions > 0) AS carted,
    countIf(orders_made > 0) AS bought,
    round(bought / sessions_begun, 4) AS conversion,
    sumMap(revenue_made) AS revenue
FROM (SELECT * FROM sessions FINAL WHERE shop_id = {shop:String}) AS s
LEFT JOIN
(
    SELECT session_id, count() AS orders_made, sumMap(map(currency, ifNull(value, 0))) AS revenue_made
    FROM orders FINAL
    WHERE shop_id = {shop:String} AND status != 'cancelled'
    GROUP BY session_id
) AS o USING (session_id)
WHERE started_at >= now64(3) - toIntervalDay({days:UInt16}) AND device != 'bot'
GROUP BY source, medium
ORDER BY sessions_begun DESC, source, medium
LIMIT {top:UInt32}
