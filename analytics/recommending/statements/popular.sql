-- What is wanted now, in the whole shop (the context is '') or in each category: half as much {half_life_hours} hours later.
-- A visit counts once per product and kind of event, so that nobody makes a product popular by looking again and again.
INSERT INTO recommendations
WITH
    wanted AS
    (
        SELECT
            items.product_id AS product, argMax(items.category, occurred_at) AS category,
            transform(name, ['purchase', 'product_added_to_cart'], [10., 3.], 1.) AS weight,
            exp2(-dateDiff('second', max(occurred_at), {until:DateTime64(3)}) / 3600 / {half_life_hours:Float64}) AS still
        FROM events FINAL
        ARRAY JOIN items
        WHERE shop_id = {shop:String} AND name IN ('product_viewed', 'product_added_to_cart', 'purchase')
          AND items.product_id != ''
          AND occurred_at >= {since:DateTime64(3)} AND occurred_at < {until:DateTime64(3)}
          AND session_id NOT IN (SELECT session_id FROM sessions FINAL WHERE shop_id = {shop:String} AND device = 'bot')
        GROUP BY session_id, visitor_id, if(name = 'purchase', order_id, ''), name, product
    )
SELECT
    {shop:String}, {model:String}, {generation:UInt64}, {{context}} AS beside,
    row_number() OVER (PARTITION BY beside ORDER BY score DESC, product) AS place,
    product, sum(weight * still) AS score, count() AS times, 0, 0, 0, 0
FROM wanted
WHERE {{context}} != '' OR {model:String} = 'popular'
GROUP BY beside, product
QUALIFY place <= {most:UInt16}
