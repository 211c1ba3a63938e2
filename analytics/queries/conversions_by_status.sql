-- What became of the events we sent on: accepted, refused, skipped, and why?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    destination,
    event_name,
    status,
    reason,
    count() AS conversions_made,
    round(conversions_made / sum(count()) OVER (PARTITION BY destination, event_name), 4) AS of_event,
    sum(attempts) AS attempts_made,
    round(quantileExactInclusive(0.95)(latency_ms)) AS p95_ms
FROM conversions FINAL
WHERE shop_id = {shop:String}
  AND sent_at >= ends - toIntervalDay({days:UInt16}) AND sent_at < ends
GROUP BY destination, event_name, status, reason
ORDER BY destination, event_name, status, reason
