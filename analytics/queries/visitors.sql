-- How many people came, how many of them for the first time, and how many came back?
-- shop: the shop
-- every = day|week|month: how long a period is; weeks begin on Monday
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    toDate(dateTrunc({every:String}, started_at, {time_zone:String})) AS period,
    uniqExact(visitor_id) AS browsers,
    uniqExact(person_id) AS people,
    uniqExactIf(person_id, period = toDate(dateTrunc({every:String}, first_at, {time_zone:String}))) AS new_people,
    people - new_people AS returning_people,
    count() AS visits,
    round(visits / people, 2) AS visits_per_person
FROM sessions_by_person AS s
INNER JOIN
(
    SELECT person_id, min(started_at) AS first_at
    FROM sessions_by_person
    WHERE shop_id = {shop:String} AND device != 'bot'
    GROUP BY person_id
) AS f USING (person_id)
WHERE shop_id = {shop:String} AND device != 'bot'
  AND started_at >= ends - toIntervalDay({days:UInt16}) AND started_at < ends
GROUP BY period
ORDER BY period
