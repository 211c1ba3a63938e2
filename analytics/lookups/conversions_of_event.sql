-- What became of one event: who received it, or why not?
-- event_id: the event, as in events
SELECT
    shop_id,
    destination,
    event_name,
    action_source,
    status,
    reason,
    http_status,
    code,
    subcode,
    attempts,
    latency_ms,
    trace_id,
    batch_id,
    sent_at,
    test
FROM conversions FINAL
WHERE event_id = {event_id:String}
ORDER BY shop_id, destination, sent_at
