-- Which products are bought together, and how much more often than chance would have it?
-- shop: the shop
-- product = any: only pairs with this product
-- top = 20 (1 to 10000): how many pairs
-- at_least = 2: leave out pairs of fewer orders
WITH
    titles AS
    (
        -- As in the catalog; what that does not know, as in orders.
        SELECT of_product, argMax(title, (known, title)) AS name
        FROM
        (
            SELECT product_id AS of_product, title, 1 AS known FROM products_now
            WHERE shop_id = {shop:String} AND title != ''
            UNION ALL
            SELECT items.product_id, items.title, 0 FROM orders FINAL
            ARRAY JOIN items
            WHERE shop_id = {shop:String} AND items.title != ''
        )
        GROUP BY of_product
    ),
    pairs AS
    (
        -- A pair stands in the list of either product, or of one of them where the other's is full.
        SELECT context AS one, product_id AS other, together, support, confidence, lift
        FROM recommendations_now
        WHERE shop_id = {shop:String} AND model = 'bought_together' AND together >= {at_least:UInt32}
          AND {product:String} IN ('any', context, product_id)
        ORDER BY confidence DESC, one
        LIMIT 1 BY least(one, other), greatest(one, other)
    )
SELECT
    one AS product_id,
    t.name AS product_title,
    other AS other_id,
    o.name AS other_title,
    together AS orders_with_both,
    round(support, 6) AS share_of_orders,
    round(confidence, 4) AS of_orders_with_product,
    round(lift, 2) AS lift_over_chance
FROM pairs
LEFT JOIN titles AS t ON one = t.of_product
LEFT JOIN titles AS o ON other = o.of_product
ORDER BY orders_with_both DESC, lift_over_chance DESC, one, other
LIMIT {top:UInt32}
