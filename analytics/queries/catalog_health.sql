-- What is missing in the catalog?
-- shop: the shop
-- examples = 3 (0 to 1000): how many products to name for each fault
WITH
    -- Stock told by location goes before what the product's change told.
    levels AS
    (
        SELECT inventory_item_id AS item, sum(level) AS in_stock
        FROM
        (
            SELECT inventory_item_id, location_id, argMax(tuple(available), (changed_at, received_at)).1 AS level
            FROM inventory_levels WHERE shop_id = {shop:String} GROUP BY inventory_item_id, location_id
        )
        GROUP BY item
    )
SELECT
    fault,
    count() AS variants,
    uniqExact(product_id) AS products_touched,
    round(variants / nullIf((SELECT count() FROM products_now WHERE shop_id = {shop:String} AND status = 'active'), 0), 4) AS of_active,
    arraySlice(arraySort(groupUniqArray(product_id)), 1, {examples:UInt32}) AS such_as
FROM
(
    SELECT
        product_id,
        arrayJoin(arrayFilter(name -> name != '', [
            if(title = '', 'no title', ''),
            if(ifNull(price, 0) <= 0, 'no price', ''),
            if(currency = '', 'no currency', ''),
            if(image_url = '', 'no picture', ''),
            if(url = '' AND handle = '', 'no page', ''),
            if(brand = '', 'no brand', ''),
            if(category = '', 'no category', ''),
            if(barcode = '' AND sku = '', 'neither barcode nor sku', ''),
            if(compare_at_price IS NOT NULL AND compare_at_price <= price, 'reduced to no less', ''),
            if(coalesce(levels.in_stock, inventory_quantity) <= 0, 'out of stock', '')
        ])) AS fault
    FROM products_now
    LEFT JOIN levels ON products_now.inventory_item_id = levels.item
    WHERE shop_id = {shop:String} AND status = 'active'
)
GROUP BY fault
ORDER BY variants DESC, fault
