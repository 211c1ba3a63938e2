-- What does the catalog know of one product?
-- shop: the shop
-- product_id: the product; or one of its variants
SELECT product_id, variant_id, sku, title, variant_title, brand, category, status, price, currency, image_url, changed_at
FROM products_now
WHERE shop_id = {shop:String} AND {product_id:String} IN (product_id, variant_id)
ORDER BY variant_id != {product_id:String}, variant_id
LIMIT 1
