-- How did the shop do: people, visits, orders, revenue by currency?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    b.events, b.visitors, b.persons, s.sessions, o.orders, o.revenue,
    round(b.buyers / nullIf(b.persons, 0), 4) AS share_who_bought
FROM
(
    SELECT
        count() AS events,
        -- An order that no browser told of has made nobody a visitor.
        uniqExactIf(
            visitor_id, visitor_id != toUUID('00000000-0000-0000-0000-000000000000') AND NOT startsWith(client_id, 'order:')
        ) AS visitors,
        uniqExactIf(person_id, person_id != toUUID('00000000-0000-0000-0000-000000000000')) AS persons,
        uniqExactIf(person_id, name = 'purchase' AND person_id != toUUID('00000000-0000-0000-0000-000000000000')) AS buyers
    FROM events_by_person
    WHERE shop_id = {shop:String} AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
      AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
) AS b
CROSS JOIN
(
    SELECT count() AS sessions
    FROM sessions FINAL
    WHERE shop_id = {shop:String} AND device != 'bot' AND started_at >= ends - toIntervalDay({days:UInt16}) AND started_at < ends
) AS s
CROSS JOIN
(
    SELECT count() AS orders, sumMap(map(currency, ifNull(value, 0))) AS revenue
    FROM orders FINAL
    WHERE shop_id = {shop:String} AND ordered_at >= ends - toIntervalDay({days:UInt16}) AND ordered_at < ends AND status != 'cancelled'
) AS o
