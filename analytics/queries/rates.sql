-- How many visits look at a product, fill the cart, begin to pay and buy?
-- shop: the shop
-- every = day|week|month: how long a period is; weeks begin on Monday
-- breakdown = none|device|source|campaign|country: a line for each
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    toDate(dateTrunc({every:String}, started_at, {time_zone:String})) AS period,
    coalesce(nullIf(multiIf(
        {breakdown:String} = 'device', device, {breakdown:String} = 'source', arrived_from,
        {breakdown:String} = 'campaign', utm_campaign, {breakdown:String} = 'country', country, 'all'), ''), '(none)') AS segment,
    count() AS visits,
    countIf(product_views > 0) AS viewing,
    countIf(cart_additions > 0) AS carting,
    countIf(checkouts > 0) AS paying,
    countIf(bought > 0) AS buying,
    round(viewing / visits, 4) AS view_rate,
    round(carting / visits, 4) AS cart_rate,
    round(paying / visits, 4) AS checkout_rate,
    round(buying / visits, 4) AS purchase_rate
FROM sessions_by_person AS s
LEFT JOIN
(
    SELECT session_id, count() AS bought
    FROM orders_by_person
    WHERE shop_id = {shop:String} AND status != 'cancelled'
    GROUP BY session_id
) AS o USING (session_id)
WHERE shop_id = {shop:String} AND device != 'bot'
  AND started_at >= ends - toIntervalDay({days:UInt16}) AND started_at < ends
GROUP BY period, segment
ORDER BY period, visits DESC, segment
