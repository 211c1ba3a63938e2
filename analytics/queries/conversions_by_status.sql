-- What became of the events we sent on: accepted, refused, skipped, and why?
-- shop: the shop
-- days = 7: days back from now
SELECT
    destination,
    event_name,
    status,
    reason,
    count() AS conversions_made,
    round(conversions_made / sum(count()) OVER (PARTITION BY destination, event_name), 4) AS of_event,
    sum(attempts) AS attempts_made,
    round(quantile(0.95)(latency_ms)) AS p95_ms
FROM conversions FINAL
WHERE shop_id = {shop:String} AND sent_at >= now64(3) - toIntervalDay({days:UInt16})
GROUP BY destination, event_name, status, reason
ORDER BY destination, event_name, status, reason
