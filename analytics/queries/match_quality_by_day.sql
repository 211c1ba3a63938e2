-- Day by day, how many of the events Meta is told of carry what it knows people by, and of how many does the page have a copy it will recognise?
-- shop: the shop
-- days = 7 (1 to 20000): days back from the end
-- until = now: end of the time asked about, such as 2026-11-01 (which is not part of it)
-- time_zone = UTC: whose days and times are meant
WITH
    if({until:String} = 'now', now64(3, {time_zone:String}), parseDateTime64BestEffort(if({until:String} = 'now', '1970-01-01', {until:String}), 3, {time_zone:String})) AS ends
SELECT
    toDate(occurred_at, {time_zone:String}) AS day,
    name,
    -- where it happened, as Meta is told: an order of the till's has no page and no browser
    if(sales_channel = 'pos' AND startsWith(client_id, 'order:'), 'physical_store', 'website') AS action_source,
    count() AS events_told,
    round(countIf(has(match_keys, 'em')) / events_told, 4) AS em,
    round(countIf(has(match_keys, 'ph')) / events_told, 4) AS ph,
    round(countIf(has(match_keys, 'external_id') OR customer_id != '') / events_told, 4) AS customer,
    round(countIf(has(match_keys, 'fbp')) / events_told, 4) AS fbp,
    round(countIf(has(match_keys, 'fbc')) / events_told, 4) AS fbc,
    round(countIf(has(match_keys, 'client_ip') AND action_source = 'website') / events_told, 4) AS ip,
    -- the page has the same id: of what it told us itself, and of an order whose completion its browser told of too
    round(countIf(source = 'pixel' OR order_id IN (SELECT order_id FROM orders FINAL WHERE shop_id = {shop:String} AND match IN ('matched', 'pixel_only', 'late'))) / events_told, 4) AS same_id,
    -- without the id, Meta compares name, fbp and external_id, and only takes a browser's copy that came first
    round(countIf(has(match_keys, 'fbp') OR has(match_keys, 'external_id')) / events_told, 4) AS by_person
FROM events FINAL
WHERE shop_id = {shop:String} AND kind = 'standard'
  AND occurred_at >= ends - toIntervalDay({days:UInt16}) AND occurred_at < ends
  AND name IN ('page_viewed', 'product_viewed', 'product_added_to_cart', 'checkout_started', 'payment_info_submitted', 'search_submitted', 'purchase')
GROUP BY day, name, action_source
ORDER BY day DESC, events_told DESC, name, action_source
