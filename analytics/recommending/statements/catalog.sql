-- What may be shown: every product of the catalog, whether it is on sale and in stock, the newest change first.
WITH levels AS
(
    SELECT inventory_item_id, if(countIf(level IS NULL) > 0, NULL, sum(level)) AS available
    FROM
    (
        SELECT inventory_item_id, location_id, argMax(tuple(available), (changed_at, received_at)).1 AS level
        FROM inventory_levels WHERE shop_id = {shop:String} GROUP BY inventory_item_id, location_id
    )
    GROUP BY inventory_item_id
)
SELECT
    p.product_id AS product_id, any(p.category) AS category,
    -- A product without a status comes from a catalog that tells none.
    max(p.status IN ('active', '')) AS on_sale,
    -- Stock nobody counts is stock.
    max(ifNull(coalesce(levels.available, p.inventory_quantity), 1) > 0) AS in_stock,
    max(p.changed_at) AS changed_at
FROM products_now AS p
LEFT JOIN levels ON p.inventory_item_id = levels.inventory_item_id
WHERE p.shop_id = {shop:String}
GROUP BY product_id
ORDER BY changed_at DESC, product_id
