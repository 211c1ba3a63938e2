-- How many people viewed a product, then put one into the cart, then started a checkout, then bought?
-- shop: the shop
-- days = 7: days back from now
-- window_hours = 168: the steps count when the last comes at most so long after the first
SELECT
    step,
    ['viewed', 'carted', 'checkout', 'bought'][step] AS reached,
    countIf(level >= step) AS persons,
    countIf(level = step - 1 AND level > 0) AS lost,
    round(persons / nullIf(countIf(level >= step - 1 AND level > 0), 0), 4) AS of_previous,
    round(persons / nullIf(countIf(level > 0), 0), 4) AS of_first
FROM
(
    SELECT
        person_id,
        -- Milliseconds: windowFunnel takes no DateTime64. Steps at the same time count in their order.
        windowFunnel({window_hours:UInt32} * 3600000)
        (
            toUInt64(toUnixTimestamp64Milli(occurred_at)),
            name = 'product_viewed',
            name = 'product_added_to_cart',
            name = 'checkout_started',
            name = 'purchase'
        ) AS level
    FROM events_by_person
    WHERE shop_id = {shop:String}
      AND occurred_at >= now64(3) - toIntervalDay({days:UInt16})
      AND name IN ('product_viewed', 'product_added_to_cart', 'checkout_started', 'purchase')
    GROUP BY person_id
)
ARRAY JOIN [1, 2, 3, 4] AS step
GROUP BY step
ORDER BY step
