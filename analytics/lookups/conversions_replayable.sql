-- What of one destination was refused or skipped, and how much of it could still be sent? Not after a no to marketing.
-- Of the website's Meta takes seven days, of a shop's tills 62, less the time it takes to get there.
-- shop: the shop
-- destination: its destination
-- days: days back from now
-- reasons: only these; none: all
WITH
    if(action_source = 'physical_store', 62, 7) AS days_taken,
    occurred_at > now64(3) - toIntervalDay(days_taken) + toIntervalMinute(2) AS young
SELECT
    event_name,
    status,
    reason,
    currency,
    countIf(young) AS events_to_send,
    sumIf(ifNull(value, 0), young) AS money,
    count() - events_to_send AS too_old
FROM conversions FINAL
WHERE shop_id = {shop:String} AND destination = {destination:String} AND status != 'accepted'
  AND reason != 'no_marketing_consent'
  AND sent_at >= now64(3) - toIntervalDay({days:UInt16})
  AND (empty({reasons:Array(String)}) OR has({reasons:Array(String)}, reason))
GROUP BY event_name, status, reason, currency
ORDER BY event_name, status, reason, currency
