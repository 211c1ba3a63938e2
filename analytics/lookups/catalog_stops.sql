-- When did each catalog stop last until a person acts, and why?
-- shop: the shop
SELECT subject AS catalog, max(raised_at) AS stopped_at, argMax(message, raised_at) AS why
FROM alerts FINAL
WHERE shop_id = {shop:String} AND kind = 'catalog_stopped'
GROUP BY subject
