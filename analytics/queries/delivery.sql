-- Was every order reported to every channel once, and with the right money?
-- shop: the shop
-- days = 30 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    -- A purchase may have left before its order was named: then the order knows it. Tests are no deliveries.
    receipts AS
    (
        SELECT
            destination, if(c.order_id != '', c.order_id, n.order_id) AS order_id,
            countIf(status = 'accepted' AND NOT test) AS accepted, countIf(status = 'refused' AND NOT test) AS refused,
            countIf(status = 'skipped' AND NOT test) AS skipped,
            groupArrayIf((ifNull(value, 0), currency), status = 'accepted' AND NOT test) AS told
        FROM (SELECT * FROM conversions FINAL WHERE shop_id = {shop:String} AND event_name = 'Purchase') AS c
        LEFT JOIN
        (
            SELECT purchase_event_id, order_id FROM orders FINAL
            WHERE shop_id = {shop:String} AND purchase_event_id != ''
        ) AS n ON c.event_id = n.purchase_event_id
        GROUP BY destination, order_id
    )
SELECT
    channel AS destination,
    o.currency AS currency,
    count() AS orders_made,
    countIf(r.accepted > 0) AS delivered,
    countIf(r.accepted = 0 AND r.refused > 0) AS refused_only,
    countIf(r.accepted = 0 AND r.refused = 0 AND r.skipped > 0) AS skipped_only,
    countIf(r.accepted + r.refused + r.skipped = 0) AS missing,
    countIf(r.accepted > 1) AS delivered_twice,
    countIf(arrayExists(each -> each != (ifNull(o.value, 0), o.currency), r.told) AS wrong) AS wrong_money,
    round(countIf(r.accepted = 1 AND NOT wrong) / orders_made, 4) AS exact,
    sum(ifNull(o.value, 0)) AS money_ordered,
    sum(arraySum(each -> if(each.2 = o.currency, each.1, 0), r.told)) AS money_delivered
FROM
(
    SELECT order_id, currency, value, arrayJoin((SELECT groupUniqArray(destination) FROM receipts)) AS channel
    FROM orders FINAL
    WHERE shop_id = {shop:String}
      AND ordered_at >= ends - toIntervalDay({days:UInt16}) AND ordered_at < ends
) AS o
LEFT JOIN receipts AS r ON o.order_id = r.order_id AND o.channel = r.destination
GROUP BY channel, o.currency
ORDER BY channel, o.currency
