-- With how much of what Meta matches people by do our events go out?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    name,
    key AS match_key,
    sum(events_made) AS events_of_name,
    sumIf(events_made, has(keys, key)) AS with_key,
    round(with_key / events_of_name, 4) AS share
FROM
(
    SELECT name, arraySort(match_keys) AS keys, count() AS events_made
    FROM events FINAL
    WHERE shop_id = {shop:String} AND kind = 'standard'
      AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
    GROUP BY name, keys
)
ARRAY JOIN ['em', 'ph', 'external_id', 'fbp', 'fbc', 'client_ip', 'fn', 'ln', 'ct', 'st', 'zp', 'country'] AS key
GROUP BY name, key
ORDER BY events_of_name DESC, name, share DESC, key
