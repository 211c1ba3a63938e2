-- What are the people worth who bought first in one period, less what was paid back?
-- shop: the shop
-- every = month|week: how long a period is; weeks begin on Monday
-- days = 365 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    bought AS
    (
        SELECT
            person_id, ordered_at, currency, ifNull(value, 0) AS paid,
            if(status IN ('refunded', 'voided'), toDecimal64(0, 4), ifNull(value, 0) - least(totals['refunded'], ifNull(value, 0))) AS kept
        FROM orders_by_person
        WHERE shop_id = {shop:String} AND status != 'cancelled' AND ordered_at < ends
          AND person_id != toUUID('00000000-0000-0000-0000-000000000000')
    )
SELECT
    toDate(dateTrunc({every:String}, first_at, {time_zone:String})) AS cohort,
    currency,
    uniqExact(person_id) AS buyers,
    count() AS orders_made,
    round(orders_made / buyers, 2) AS orders_per_buyer,
    sum(paid) AS revenue,
    sum(kept) AS net_revenue,
    round(toFloat64(net_revenue) / buyers, 2) AS net_per_buyer,
    -- NULL until each of them has had so many days: younger cohorts are not worth less.
    if(max(first_at) + toIntervalDay(30) > ends, NULL, round(toFloat64(sumIf(kept, ordered_at < first_at + toIntervalDay(30))) / buyers, 2)) AS in_30_days,
    if(max(first_at) + toIntervalDay(90) > ends, NULL, round(toFloat64(sumIf(kept, ordered_at < first_at + toIntervalDay(90))) / buyers, 2)) AS in_90_days,
    if(max(first_at) + toIntervalDay(365) > ends, NULL, round(toFloat64(sumIf(kept, ordered_at < first_at + toIntervalDay(365))) / buyers, 2)) AS in_365_days
FROM bought
INNER JOIN (SELECT person_id, min(ordered_at) AS first_at FROM bought GROUP BY person_id) AS f USING (person_id)
WHERE first_at >= ends - toIntervalDay({days:UInt16})
GROUP BY cohort, currency
ORDER BY cohort, currency
