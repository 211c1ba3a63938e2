-- What is missing in the catalog?
-- shop: the shop
-- examples = 3 (0 to 1000): how many products to name for each fault
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
            if(inventory_quantity IS NOT NULL AND inventory_quantity <= 0, 'out of stock', '')
        ])) AS fault
    FROM products_now
    WHERE shop_id = {shop:String} AND status = 'active'
)
GROUP BY fault
ORDER BY variants DESC, fault
