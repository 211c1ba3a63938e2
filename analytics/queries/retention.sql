-- Of the people who came, or bought, first in one period, how many came or bought again later?
-- shop: the shop
-- every = week|day|month: how long a period is; weeks begin on Monday
-- activity = visit|order: what is counted, both the first time and later
-- breakdown = none|source|device: of the first visit; orders are not broken down
-- days = 84 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    -- One row a person and period: what it takes in memory.
    active AS
    (
        SELECT
            person_id,
            toDate(dateTrunc({every:String}, at, {time_zone:String})) AS period,
            -- Pairs cost much, and without a breakdown nothing is asked of them.
            minIf((at, segment_then), {breakdown:String} != 'none') AS first_then
        FROM
        (
            SELECT
                person_id, started_at AS at,
                multiIf({breakdown:String} = 'source', arrived_from, {breakdown:String} = 'device', device, 'all') AS segment_then
            FROM sessions_by_person
            WHERE shop_id = {shop:String} AND {activity:String} = 'visit' AND device != 'bot' AND started_at < ends
            UNION ALL
            SELECT person_id, ordered_at AS at, 'all' AS segment_then
            FROM orders_by_person
            WHERE shop_id = {shop:String} AND {activity:String} = 'order' AND status != 'cancelled' AND ordered_at < ends
              AND person_id != toUUID('00000000-0000-0000-0000-000000000000')
        )
        GROUP BY person_id, period
    ),
    cohorts AS
    (
        SELECT person_id, groupArray(period) AS periods, min(period) AS cohort, if({breakdown:String} = 'none', 'all', min(first_then).2) AS segment
        FROM active
        GROUP BY person_id
    )
SELECT
    cohort,
    segment,
    number,
    by_number[number] AS people,
    by_number[0] AS cohort_size,
    round(people / cohort_size, 4) AS share
FROM
(
    SELECT cohort, segment, sumMap(map(toUInt32(number), people)) AS by_number
    FROM
    (
        SELECT cohort, segment, dateDiff({every:String}, cohort, period) AS number, count() AS people
        FROM cohorts
        ARRAY JOIN periods AS period
        WHERE cohort >= toDate(dateTrunc({every:String}, greatest(ends - toIntervalDay({days:UInt16}), toDateTime64('1971-01-01', 3)), {time_zone:String}))
        GROUP BY cohort, segment, number
    )
    GROUP BY cohort, segment
)
-- Each period up to the one asked about last, which may not be over: also those in which nobody came.
ARRAY JOIN range(toUInt32(dateDiff({every:String}, cohort, toDate(dateTrunc({every:String}, ends - toIntervalMillisecond(1), {time_zone:String}))) + 1)) AS number
ORDER BY cohort, segment, number
