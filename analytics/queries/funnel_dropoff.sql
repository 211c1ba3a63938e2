-- Who made so many steps of a funnel and then stopped?
-- shop: the shop
-- steps = product_viewed,product_added_to_cart,checkout_started,purchase (2 to 20): names of events, in order
-- made = 3 (1 to 19): how many steps they made
-- window_hours = 168 (1 to 87600): the last step comes at most so long after the first
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
-- top = 100 (1 to 100000): how many people, the latest first
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends,
    length(arrayDistinct({steps:Array(String)})) < length({steps:Array(String)}) AS repeated,
    -- First who, by as few columns as it takes; then what they did.
    stopped AS
    (
        SELECT person_id
        FROM
        (
            SELECT
                person_id, occurred_at,
                toUInt8(arrayJoin(if(
                    repeated,
                    arrayFilter((n, step) -> step = name, arrayEnumerate({steps:Array(String)}), {steps:Array(String)}),
                    [indexOf({steps:Array(String)}, name)]))) AS number,
                -- As in funnel.sql: an event is one step only, even where a step is repeated.
                bitOr(
                    bitShiftLeft(toUInt64(toUnixTimestamp64Milli(occurred_at)), 23),
                    bitShiftLeft(toUInt64(indexOf({steps:Array(String)}, name)), 17)
                    + if(repeated, bitShiftLeft(cityHash64(event_id) % 4096, 5), 0) + toUInt64(20 - number)) AS moment
            FROM events_by_person
            WHERE shop_id = {shop:String}
              AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
              AND name IN {steps:Array(String)}
              AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
        )
        GROUP BY person_id
        HAVING {made:UInt8} = windowFunnel({window_hours:UInt64} * 3600000 * 8388608 + 4194304)
        (
            moment,
            number = 1, number = 2, number = 3, number = 4, number = 5,
            number = 6, number = 7, number = 8, number = 9, number = 10,
            number = 11, number = 12, number = 13, number = 14, number = 15,
            number = 16, number = 17, number = 18, number = 19, number = 20
        )
        ORDER BY max(occurred_at) DESC, toString(person_id)
        LIMIT {top:UInt32}
    )
SELECT
    toString(person_id) AS person,
    max(person_customer_id) AS customer,
    max(occurred_at) AS last_at,
    argMax(name, (occurred_at, event_id)) AS last_event,
    argMaxIf(product_title, (occurred_at, event_id), product_title != '') AS last_product,
    argMaxIf(value, (occurred_at, event_id), value IS NOT NULL) AS last_value,
    argMaxIf(currency, (occurred_at, event_id), value IS NOT NULL) AS last_currency
FROM events_by_person
WHERE shop_id = {shop:String}
  AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
  AND name IN {steps:Array(String)}
  AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
  AND person_id IN (SELECT person_id FROM stopped)
GROUP BY person_id
ORDER BY last_at DESC, person
