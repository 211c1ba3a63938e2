-- Visits as baskets. A visit of a known bot, or of more views than anybody makes, is left out; of the others the last
-- {most_products} views count, so that a long visit cannot make ever more pairs.
INSERT INTO recommendation_baskets
SELECT {shop:String}, 'viewed', {generation:UInt64}, cityHash64(session_id), max(occurred_at),
    arrayCompact(arrayReverse(arrayMap(
        view -> view.4,
        groupArraySorted({most_products:UInt16})
        ((-toUnixTimestamp64Milli(occurred_at), -ifNull(seq, 0), event_id, product_id)))))
FROM events FINAL
WHERE shop_id = {shop:String} AND name = 'product_viewed' AND product_id != ''
  AND occurred_at >= {since:DateTime64(3)} AND occurred_at < {until:DateTime64(3)}
  AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
GROUP BY session_id
HAVING count() <= {most_views:UInt32}
