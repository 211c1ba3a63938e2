-- Where do visits come from, and which of them buy?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 50: how many sources
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    multiIf(
        utm_source != '', utm_source,
        mapContains(click_ids, 'gclid'), 'google',
        mapContains(click_ids, 'fbclid'), 'facebook',
        referrer != '' AND domainWithoutWWW(referrer) != domainWithoutWWW(entry_url), domainWithoutWWW(referrer),
        'direct'
    ) AS source,
    coalesce(nullIf(utm_medium, ''), '(none)') AS medium,
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
    FROM orders_by_person
    WHERE shop_id = {shop:String} AND status != 'cancelled'
    GROUP BY session_id
) AS o USING (session_id)
WHERE started_at >= ends - toIntervalDay({days:UInt16}) AND started_at < ends AND device != 'bot'
GROUP BY source, medium
ORDER BY sessions_begun DESC, source, medium
LIMIT {top:UInt32}
