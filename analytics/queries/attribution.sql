-- Which sources brought the orders, by the first visit, the last, the last not direct, all alike, or first and last most?
-- shop: the shop
-- by = source|medium|campaign: what is credited
-- lookback_days = 30 (1 to 3650): visits so long before an order had a part in it
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    orders_made AS
    (
        SELECT order_id, any(o.currency) AS money, toDecimal128(any(ifNull(o.value, 0)), 4) AS worth,
            arrayMap(t -> t.3, arraySort(groupArrayIf(
                (s.started_at, s.session_id, s.touch),
                s.session_id != toUUID('00000000-0000-0000-0000-000000000000')
                AND s.started_at <= o.ordered_at
                AND s.started_at > o.ordered_at - toIntervalDay({lookback_days:UInt16})))) AS found,
            if(empty(found), ['unknown'], found) AS touches,
            length(touches) AS n,
            arrayLastIndex(touch -> touch NOT IN ('direct', '', 'unknown'), touches) AS known
        FROM orders_by_person AS o
        LEFT JOIN
        (
            SELECT person_id, started_at, session_id,
                multiIf({by:String} = 'source', arrived_from, {by:String} = 'medium', utm_medium, utm_campaign) AS touch
            FROM sessions_by_person
            WHERE shop_id = {shop:String} AND device != 'bot' AND started_at < ends
              AND started_at >= ends - toIntervalDay({days:UInt16}) - toIntervalDay({lookback_days:UInt16})
        ) AS s ON o.person_id = s.person_id
        WHERE o.shop_id = {shop:String} AND o.status != 'cancelled'
          AND o.ordered_at >= ends - toIntervalDay({days:UInt16}) AND o.ordered_at < ends
        GROUP BY order_id
    )
SELECT
    coalesce(nullIf(touch, ''), '(none)') AS credited,
    money AS currency,
    round(sum(place = 1), 2) AS orders_first,
    round(sum(place = n), 2) AS orders_last,
    round(sum(place = if(known = 0, n, known)), 2) AS orders_last_not_direct,
    -- Decimals: sums of floats are others each time, and half a cent goes up or down.
    toFloat64(toDecimal128(round(sum(toDecimal128(1 / n, 18)), 2), 2)) AS orders_linear,
    -- Two fifths to the first, two to the last, the rest to those between.
    toFloat64(toDecimal128(round(sum(toDecimal128(multiIf(n = 1, 1, n = 2, 0.5, place IN (1, n), 0.4, 0.2 / (n - 2)), 18) AS part), 2), 2)) AS orders_position,
    toFloat64(toDecimal128(round(sumIf(worth, place = 1), 2), 2)) AS revenue_first,
    toFloat64(toDecimal128(round(sumIf(worth, place = n), 2), 2)) AS revenue_last,
    toFloat64(toDecimal128(round(sumIf(worth, place = if(known = 0, n, known)), 2), 2)) AS revenue_last_not_direct,
    toFloat64(toDecimal128(round(sum(toDecimal128(worth, 18) / n), 2), 2)) AS revenue_linear,
    toFloat64(toDecimal128(round(sum(worth * part), 2), 2)) AS revenue_position
FROM orders_made
ARRAY JOIN touches AS touch, arrayEnumerate(touches) AS place
GROUP BY touch, money
ORDER BY orders_last DESC, credited, currency
