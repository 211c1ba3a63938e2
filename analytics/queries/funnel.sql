-- How many people, or visits, made each step of a funnel in order, and where did the others stop?
-- shop: the shop
-- steps = product_viewed,product_added_to_cart,checkout_started,purchase (2 to 20): names of events, in order
-- by = person|session: who must make all the steps
-- breakdown = none|device|source|campaign|product|category: device, source and campaign are those of the visit the first step was first made in; product and category must be the same in every step
-- window_hours = 168 (1 to 87600): the last step comes at most so long after the first
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 20 (1 to 1000): how many parts of the breakdown, the largest first
WITH
    if({until:String} = 'now', now64(3), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    multiIf(
        {breakdown:String} = 'product', arrayDistinct(items.product_id),
        {breakdown:String} = 'category', arrayDistinct(items.category),
        ['all']) AS parts,
    walked AS
    (
        SELECT
            if({by:String} = 'session', session_id, person_id) AS who,
            arrayJoin(parts) AS part,
            -- Milliseconds, since windowFunnel takes no DateTime64. strict_once: an event is one step only, even where
            -- a step is repeated. Steps at the same time count in their order. One condition a step: linear.
            windowFunnel({window_hours:UInt32} * 3600000, 'strict_once')
            (
                toUInt64(toUnixTimestamp64Milli(occurred_at)),
                name = {steps:Array(String)}[1] AND length({steps:Array(String)}) BETWEEN 2 AND 20,
            name = {steps:Array(String)}[2], name = {steps:Array(String)}[3], name = {steps:Array(String)}[4],
            name = {steps:Array(String)}[5], name = {steps:Array(String)}[6], name = {steps:Array(String)}[7], name = {steps:Array(String)}[8],
            name = {steps:Array(String)}[9], name = {steps:Array(String)}[10], name = {steps:Array(String)}[11], name = {steps:Array(String)}[12],
            name = {steps:Array(String)}[13], name = {steps:Array(String)}[14], name = {steps:Array(String)}[15], name = {steps:Array(String)}[16],
            name = {steps:Array(String)}[17], name = {steps:Array(String)}[18], name = {steps:Array(String)}[19], name = {steps:Array(String)}[20]
            ) AS level,
            argMinIf(session_id, (occurred_at, session_id), name = {steps:Array(String)}[1]) AS first_session
        FROM events_by_person
        WHERE shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name IN {steps:Array(String)}
        GROUP BY who, part
    ),
    by_level AS
    (
        SELECT
            multiIf(
                {breakdown:String} = 'device', s.device, {breakdown:String} = 'source', s.arrived_from,
                {breakdown:String} = 'campaign', s.utm_campaign, part) AS segment,
            level, count() AS reached_it
        FROM walked
        LEFT JOIN
        (
            SELECT session_id, device, arrived_from, utm_campaign
            FROM sessions_by_person
            WHERE shop_id = {shop:String} AND {breakdown:String} IN ('device', 'source', 'campaign')
        ) AS s ON walked.first_session = s.session_id
        WHERE level > 0
        GROUP BY segment, level
    )
SELECT
    segment,
    step,
    {steps:Array(String)}[step] AS reached,
    sumIf(reached_it, level >= step) AS persons,
    sumIf(reached_it, level = step - 1) AS lost,
    round(persons / nullIf(persons + lost, 0), 4) AS of_previous,
    round(persons / nullIf(sum(reached_it), 0), 4) AS of_first
FROM by_level
ARRAY JOIN range(1, length({steps:Array(String)}) + 1) AS step
GROUP BY segment, step
ORDER BY max(persons) OVER (PARTITION BY segment) DESC, segment, step
LIMIT {top:UInt32} * length({steps:Array(String)})
