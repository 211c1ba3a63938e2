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
    if({until:String} = 'now', now64(3), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    toString(person_id) AS person,
    max(customer_id) AS customer,
    max(occurred_at) AS last_at,
    argMax(name, (occurred_at, event_id)) AS last_event,
    argMaxIf(product_title, (occurred_at, event_id), product_title != '') AS last_product,
    argMaxIf(value, (occurred_at, event_id), value IS NOT NULL) AS last_value,
    argMaxIf(currency, (occurred_at, event_id), value IS NOT NULL) AS last_currency
FROM events_by_person
WHERE shop_id = {shop:String}
  AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
  AND name IN {steps:Array(String)}
GROUP BY person_id
HAVING {made:UInt8} = windowFunnel({window_hours:UInt32} * 3600000, 'strict_once')
(
    toUInt64(toUnixTimestamp64Milli(occurred_at)),
    name = {steps:Array(String)}[1] AND length({steps:Array(String)}) BETWEEN 2 AND 20,
            name = {steps:Array(String)}[2], name = {steps:Array(String)}[3], name = {steps:Array(String)}[4],
            name = {steps:Array(String)}[5], name = {steps:Array(String)}[6], name = {steps:Array(String)}[7], name = {steps:Array(String)}[8],
            name = {steps:Array(String)}[9], name = {steps:Array(String)}[10], name = {steps:Array(String)}[11], name = {steps:Array(String)}[12],
            name = {steps:Array(String)}[13], name = {steps:Array(String)}[14], name = {steps:Array(String)}[15], name = {steps:Array(String)}[16],
            name = {steps:Array(String)}[17], name = {steps:Array(String)}[18], name = {steps:Array(String)}[19], name = {steps:Array(String)}[20]
)
ORDER BY last_at DESC, person
LIMIT {top:UInt32}
