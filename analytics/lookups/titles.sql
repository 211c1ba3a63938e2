-- What are these products called: in the catalog, or, where that does not know them, in orders?
-- shop: the shop
-- products: their ids
SELECT product_id, argMax(title, (known, title)) AS name
FROM
(
    SELECT product_id, title, 1 AS known FROM products_now
    WHERE shop_id = {shop:String} AND product_id IN {products:Array(String)} AND title != ''
    UNION ALL
    SELECT items.product_id, items.title, 0 FROM orders FINAL
    ARRAY JOIN items
    WHERE shop_id = {shop:String} AND items.product_id IN {products:Array(String)} AND items.title != ''
)
GROUP BY product_id
