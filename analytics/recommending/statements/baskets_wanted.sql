-- Persons as baskets: the last {most_products} products each looked at, put into the cart or bought.
INSERT INTO recommendation_baskets
SELECT {shop:String}, 'wanted', {generation:UInt64}, cityHash64(person_id), max(last_at),
    arrayReverse(arrayMap(want -> want.2, groupArraySorted({most_products:UInt16})((-toUnixTimestamp64Milli(last_at), product))))
FROM
(
    SELECT person_id, items.product_id AS product, max(occurred_at) AS last_at, count() AS times
    FROM events_by_person
    ARRAY JOIN items
    WHERE shop_id = {shop:String} AND name IN ('product_viewed', 'product_added_to_cart', 'purchase')
      AND items.product_id != '' AND person_id != toUUID('00000000-0000-0000-0000-000000000000')
      AND occurred_at >= {since:DateTime64(3)} AND occurred_at < {until:DateTime64(3)}
      AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
    GROUP BY person_id, product
)
GROUP BY person_id
HAVING sum(times) <= {most_views:UInt32}
