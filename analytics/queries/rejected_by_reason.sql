-- What could not be used, and why?
-- shop: the shop; what names no shop is counted too
-- days = 7: days back from now
SELECT
    stage,
    reason,
    field,
    count() AS records,
    max(received_at) AS last_at
FROM rejected FINAL
WHERE shop_id IN ({shop:String}, '') AND received_at >= now64(3) - toIntervalDay({days:UInt16})
GROUP BY stage, reason, field
ORDER BY records DESC, stage, reason, field
