-- Orders as baskets: those that were neither cancelled nor paid back, of each the first {most_products} products.
INSERT INTO recommendation_baskets
SELECT {shop:String}, 'bought', {generation:UInt64}, cityHash64(order_id), ordered_at,
    arraySlice(arrayDistinct(arrayFilter(product -> product != '', items.product_id)), 1, {most_products:UInt16}) AS products
FROM orders FINAL
WHERE shop_id = {shop:String} AND status NOT IN ('cancelled', 'refunded', 'voided')
  AND ordered_at >= {since:DateTime64(3)} AND ordered_at < {until:DateTime64(3)}
  AND notEmpty(products)
