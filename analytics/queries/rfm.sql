-- Which buyers are the best, which are new, and which are about to be lost?
-- shop: the shop
-- days = 365 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    buyers AS
    (
        SELECT
            person_id, currency, max(ordered_at) AS last_at, count() AS orders_made, sum(ifNull(value, 0)) AS paid,
            sum(if(status IN ('refunded', 'voided'), toDecimal64(0, 4), ifNull(value, 0) - least(totals['refunded'], ifNull(value, 0)))) AS kept
        FROM orders_by_person
        WHERE shop_id = {shop:String} AND status != 'cancelled'
          AND ordered_at >= ends - toIntervalDay({days:UInt16}) AND ordered_at < ends
          AND person_id != toUUID('00000000-0000-0000-0000-000000000000')
        GROUP BY person_id, currency
    ),
    -- Fifths, from 1 to 5; equals stand in the same fifth. The last to come is in the highest, also where it is the only one.
    scored AS
    (
        SELECT
            *,
            5 - intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY last_at DESC) - 1), count() OVER (PARTITION BY currency)) AS r,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY orders_made) - 1), count() OVER (PARTITION BY currency)) AS f,
            1 + intDiv(5 * (rank() OVER (PARTITION BY currency ORDER BY kept) - 1), count() OVER (PARTITION BY currency)) AS m
        FROM buyers
    )
SELECT
    multiIf(
        r >= 4 AND f >= 4 AND m >= 4, 'champions',
        r >= 3 AND f >= 4, 'loyal',
        r >= 4 AND orders_made = 1, 'new',
        r >= 3, 'promising',
        f >= 4 OR m = 5, 'about to be lost',
        r = 2, 'sleeping',
        'lost') AS segment,
    currency,
    count() AS people,
    sum(orders_made) AS orders_of_them,
    sum(paid) AS revenue,
    -- What was paid back is taken away; the fifths of money are of this.
    sum(kept) AS net_revenue,
    round(toFloat64(net_revenue) / people, 2) AS net_per_person,
    round(avg(dateDiff('second', last_at, ends)) / 86400, 1) AS days_since_last_order,
    round(toFloat64(net_revenue) / nullIf(sum(toFloat64(sum(kept))) OVER (PARTITION BY currency), 0), 4) AS share_of_net
FROM scored
GROUP BY segment, currency
ORDER BY currency, net_revenue DESC, segment
