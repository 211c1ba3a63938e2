-- How long do people take from the first step of a funnel to its last?
-- shop: the shop
-- steps = product_viewed,product_added_to_cart,checkout_started,purchase (2 to 20): names of events, in order
-- by = person|session: who must make all the steps
-- window_hours = 168 (1 to 87600): the last step comes at most so long after the first
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    range(1, length({steps:Array(String)}) + 1) AS numbers,
    {window_hours:UInt64} * 3600000 AS window_ms,
    made AS
    (
        SELECT
            if({by:String} = 'session', session_id, person_id) AS who,
            toUInt64(toUnixTimestamp64Milli(occurred_at)) AS at,
            indexOf({steps:Array(String)}, name) AS number
        FROM events_by_person
        WHERE shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name IN {steps:Array(String)}
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
    ),
    shortest AS
    (
        SELECT
            -- began[n]: the latest start from which steps 1 to n have been made; taken: the shortest way through.
            arrayFold(
                (walk, event) ->
                    (arrayMap(
                        (n, began) -> multiIf(
                            {steps:Array(String)}[n] != {steps:Array(String)}[event.2], began,
                            n = 1, event.1,
                            walk.1[n - 1] > 0 AND event.1 - walk.1[n - 1] <= window_ms, walk.1[n - 1],
                            began),
                        numbers, walk.1) AS next,
                     if(next[-1] > 0 AND {steps:Array(String)}[event.2] = {steps:Array(String)}[-1]
                        AND walk.1[-2] > 0 AND event.1 - walk.1[-2] <= window_ms,
                        toUInt64(least(walk.2, toUInt64(event.1 - walk.1[-2]))), walk.2)),
                arraySort(groupArray((at, number))),
                (arrayMap(n -> toUInt64(0), numbers), toUInt64(18446744073709551615))
            ).2 AS taken
        FROM made
        -- Only who made each of the steps at some time can have made them in order.
        WHERE who IN (SELECT who FROM made GROUP BY who HAVING uniqExact(number) = length(arrayDistinct({steps:Array(String)})))
        GROUP BY who
        HAVING taken < toUInt64(18446744073709551615)
    )
SELECT
    count() AS converted,
    round(minOrNull(taken) / 1000, 1) AS fastest_seconds,
    round(quantileExactInclusiveOrNull(0.25)(taken) / 1000, 1) AS quarter_within_seconds,
    round(quantileExactInclusiveOrNull(0.5)(taken) / 1000, 1) AS half_within_seconds,
    round(quantileExactInclusiveOrNull(0.75)(taken) / 1000, 1) AS three_quarters_within_seconds,
    round(quantileExactInclusiveOrNull(0.9)(taken) / 1000, 1) AS nine_tenths_within_seconds,
    round(maxOrNull(taken) / 1000, 1) AS slowest_seconds
FROM shortest
