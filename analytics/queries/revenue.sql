-- How much was sold, in how many orders, and what is an order worth?
-- shop: the shop
-- every = day|week|month: how long a period is; weeks begin on Monday
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    toDate(dateTrunc({every:String}, ordered_at, {time_zone:String})) AS period,
    currency,
    countIf(status != 'cancelled') AS orders_made,
    countIf(status = 'cancelled') AS cancelled,
    sumIf(ifNull(value, 0), status != 'cancelled') AS revenue,
    sumIf(
        if(status IN ('refunded', 'voided'), ifNull(value, 0), least(totals['refunded'], ifNull(value, 0))), status != 'cancelled'
    ) AS refunded,
    revenue - refunded AS net_revenue,
    round(toFloat64(revenue) / nullIf(orders_made, 0), 2) AS average_order,
    sumIf(arraySum(items.quantity), status != 'cancelled') AS units,
    uniqExactIf(person_id, status != 'cancelled' AND person_id != toUUID('00000000-0000-0000-0000-000000000000')) AS buyers
FROM orders_by_person
WHERE shop_id = {shop:String}
  AND ordered_at >= ends - toIntervalDay({days:UInt16}) AND ordered_at < ends
GROUP BY period, currency
ORDER BY period, currency
