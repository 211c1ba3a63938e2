-- Of the events Meta is told of, with how many does each identifier go, day by day, and would it count the page's copy twice?
-- shop: the shop
-- days: days back from now
SELECT
    toDate(occurred_at) AS day,
    name,
    count() AS events_told,
    round(countIf(has(match_keys, 'em')) / events_told, 3) AS em,
    round(countIf(has(match_keys, 'ph')) / events_told, 3) AS ph,
    round(countIf(has(match_keys, 'external_id') OR customer_id != '') / events_told, 3) AS customer,
    round(countIf(has(match_keys, 'fbp')) / events_told, 3) AS fbp,
    round(countIf(has(match_keys, 'fbc')) / events_told, 3) AS fbc,
    round(countIf(has(match_keys, 'client_ip')) / events_told, 3) AS ip,
    -- the page has the same id: its own of what it told us, an order's of what its browser told of too
    round(countIf(source = 'pixel' OR (name = 'purchase' AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000'))) / events_told, 3) AS same_id,
    -- without the id, Meta compares name, fbp and external_id, and only takes a browser's copy that came first
    round(countIf(has(match_keys, 'fbp') OR has(match_keys, 'external_id')) / events_told, 3) AS by_person
FROM events FINAL
WHERE shop_id = {shop:String} AND occurred_at >= now64(3) - toIntervalDay({days:UInt16})
  AND kind = 'standard'
  AND name IN ('page_viewed', 'product_viewed', 'product_added_to_cart', 'checkout_started', 'payment_info_submitted', 'search_submitted', 'purchase')
GROUP BY day, name
ORDER BY day DESC, events_told DESC, name
