-- What do we know of one event?
-- event_id: its id
SELECT
    shop_id,
    name,
    kind,
    source,
    occurred_at,
    received_at,
    value,
    currency,
    order_id,
    consent_marketing,
    consent_sale_of_data,
    match_keys
FROM events FINAL
WHERE event_id = {event_id:String}
ORDER BY shop_id
