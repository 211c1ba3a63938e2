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
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    {steps:Array(String)} AS step_names,
    length(arrayDistinct(step_names)) < length(step_names) AS repeated,
    {breakdown:String} IN ('product', 'category') AS of_items,
    {breakdown:String} IN ('device', 'source', 'campaign') AS of_visits,
    -- Milliseconds, since windowFunnel takes no DateTime64. What happened at one time counts in the order of the steps,
    -- each name standing where it comes first. A visit with its time before it is one number: the least is the first.
    once AS
    (
        SELECT
            if({by:String} = 'session', session_id, person_id) AS who,
            name,
            toUInt64(toUnixTimestamp64Milli(occurred_at)) AS moment,
            if(
                of_visits,
                bitShiftLeft(toUInt256(toUInt64(toUnixTimestamp64Milli(occurred_at))), 128) + reinterpretAsUInt128(session_id),
                toUInt256(0)) AS visit
        FROM events_by_person
        WHERE NOT (repeated OR of_items)
          AND shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name IN step_names
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
    ),
    -- An event is a row for each step it may be and each product it is about. Its later steps come before its
    -- earlier ones, so that it cannot be two steps of one way. The bits of a moment, from the highest: time and a
    -- gap, the step in which its name comes first, a hash that tells events of one time and name apart (all but one
    -- pair in 4,096), the step.
    several AS
    (
        SELECT
            if({by:String} = 'session', session_id, person_id) AS who,
            arrayJoin(multiIf(
                {breakdown:String} = 'product', arrayDistinct(items.product_id),
                {breakdown:String} = 'category', arrayDistinct(items.category),
                ['all'])) AS part,
            toUInt8(arrayJoin(arrayFilter(
                (n, step) -> step = name, arrayEnumerate(step_names), step_names))) AS number,
            bitOr(
                bitShiftLeft(toUInt64(toUnixTimestamp64Milli(occurred_at)), 23),
                bitShiftLeft(toUInt64(indexOf(step_names, name)), 17)
                + bitShiftLeft(cityHash64(event_id) % 4096, 5) + toUInt64(20 - number)) AS moment,
            if(
                of_visits,
                bitShiftLeft(toUInt256(toUInt64(toUnixTimestamp64Milli(occurred_at))), 128) + reinterpretAsUInt128(session_id),
                toUInt256(0)) AS visit
        FROM events_by_person
        WHERE (repeated OR of_items)
          AND shop_id = {shop:String}
          AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
          AND name IN step_names
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
    ),
    -- Its mode strict_once would keep every way there is in memory: a few hundred events are gigabytes.
    walked AS
    (
        SELECT
            who, 'all' AS part,
            windowFunnel({window_hours:UInt64} * 3600000)
            (
                moment,
                name = step_names[1], name = step_names[2], name = step_names[3], name = step_names[4],
                name = step_names[5], name = step_names[6], name = step_names[7], name = step_names[8],
                name = step_names[9], name = step_names[10], name = step_names[11], name = step_names[12],
                name = step_names[13], name = step_names[14], name = step_names[15], name = step_names[16],
                name = step_names[17], name = step_names[18], name = step_names[19], name = step_names[20]
            ) AS level,
            minIf(visit, name = step_names[1] AND of_visits) AS first_visit
        FROM once
        GROUP BY who
        UNION ALL
        SELECT
            who, part,
            windowFunnel({window_hours:UInt64} * 3600000 * 8388608 + 4194304)
            (
                moment,
                number = 1, number = 2, number = 3, number = 4, number = 5,
                number = 6, number = 7, number = 8, number = 9, number = 10,
                number = 11, number = 12, number = 13, number = 14, number = 15,
                number = 16, number = 17, number = 18, number = 19, number = 20
            ) AS level,
            minIf(visit, number = 1 AND of_visits) AS first_visit
        FROM several
        GROUP BY who, part
    ),
    by_level AS
    (
        SELECT
            coalesce(nullIf(multiIf(
                {breakdown:String} = 'device', s.device, {breakdown:String} = 'source', s.arrived_from,
                {breakdown:String} = 'campaign', s.utm_campaign, part), ''), '(none)') AS segment,
            level, count() AS reached_it
        FROM walked
        LEFT JOIN
        (
            SELECT session_id, device, arrived_from, utm_campaign
            FROM sessions_by_person
            WHERE shop_id = {shop:String} AND of_visits
        ) AS s ON reinterpretAsUUID(toUInt128(first_visit)) = s.session_id
        WHERE level > 0
        GROUP BY segment, level
    )
SELECT
    segment,
    step,
    step_names[step] AS reached,
    sumIf(reached_it, level >= step) AS made_it,
    sumIf(reached_it, level = step - 1) AS lost,
    round(made_it / nullIf(made_it + lost, 0), 4) AS of_previous,
    round(made_it / nullIf(sum(reached_it), 0), 4) AS of_first
FROM by_level
ARRAY JOIN range(1, length(step_names) + 1) AS step
GROUP BY segment, step
ORDER BY max(made_it) OVER (PARTITION BY segment) DESC, segment, step
LIMIT {top:UInt32} * length(step_names)
