-- By which ways do visits go through the shop?
-- shop: the shop
-- of = events|pages|products: what a way is made of
-- length = 5 (2 to 50): its first so many steps, the same thing twice in a row being one
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 20 (1 to 100000): how many ways, the most used first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    arrayStringConcat(way, ' > ') AS path,
    length(way) AS steps,
    count() AS visits,
    round(visits / sum(visits) OVER (), 4) AS share,
    countIf(bought) AS buying
FROM
(
    SELECT
        session_id,
        arraySlice(arrayCompact(arrayFilter(step -> step != '', arrayMap(
            made -> made.4, groupArraySorted(500)((occurred_at, ifNull(seq, 0), event_id, what))))), 1, {length:UInt8}) AS way,
        max(name = 'purchase') AS bought
    FROM
    (
        SELECT
            session_id, occurred_at, seq, event_id, name,
            multiIf({of:String} = 'pages', if(name = 'page_viewed', path, ''),
                    {of:String} = 'products', if(name = 'product_viewed', product_title, ''), toString(name)) AS what
        FROM events_by_person
        WHERE shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
          AND session_id != toUUID('00000000-0000-0000-0000-000000000000')
          AND ({of:String} = 'events' OR name = if({of:String} = 'pages', 'page_viewed', 'product_viewed') OR name = 'purchase')
    )
    GROUP BY session_id
)
WHERE notEmpty(way)
GROUP BY way
ORDER BY visits DESC, path
LIMIT {top:UInt32}
