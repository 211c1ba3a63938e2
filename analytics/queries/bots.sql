-- Which visits are made by robots, and how do we know?
-- shop: the shop
-- per_hour = 3600 (1 to 10000000): more events than so many in an hour, on average, are too fast
-- least_events = 20 (1 to 100000): only visits of so many events can be too fast
-- most_views = 500 (1 to 1000000): a visit of more pages and products is too long
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    -- The first that holds. Questions leave out the declared, recommendations long visits too, and profiles nothing.
    multiIf(
        device = 'bot', 'declared',
        page_views + product_views > {most_views:UInt32}, 'too_long',
        events >= {least_events:UInt32} AND events * 3600000 > {per_hour:UInt32} * greatest(dateDiff('millisecond', started_at, ended_at), 1), 'too_fast',
        'none') AS reason,
    count() AS visits,
    uniqExact(visitor_id) AS browsers,
    sum(events) AS events_made,
    countIf(purchases > 0) AS visits_that_bought,
    round(visits / sum(count()) OVER (), 4) AS share
FROM sessions FINAL
WHERE shop_id = {shop:String}
  AND started_at >= ends - toIntervalDay({days:UInt16}) AND started_at < ends
GROUP BY reason
ORDER BY visits DESC, reason
