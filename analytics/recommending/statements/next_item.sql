-- Which product is looked at right after which: a Markov chain of order one, shrunk so that one move is no rule.
INSERT INTO recommendations
WITH
    moves AS
    (
        SELECT move.1 AS origin, move.2 AS target, count() AS moved
        FROM
        (
            SELECT arrayJoin(arrayZip(arrayPopBack(products), arrayPopFront(products))) AS move
            FROM recommendation_baskets
            WHERE shop_id = {shop:String} AND source = {source:String} AND generation = {generation:UInt64}
        )
        GROUP BY origin, target
    ),
    origins AS (SELECT origin, sum(moved) AS moves_away FROM moves GROUP BY origin),
    targets AS (SELECT target, sum(moved) AS moves_there FROM moves GROUP BY target),
    (SELECT sum(moved) FROM moves) AS total
SELECT
    {shop:String}, {model:String}, {generation:UInt64}, origin,
    row_number() OVER (PARTITION BY origin ORDER BY score DESC, target) AS place,
    target, moved / (moves_away + {shrinkage:Float64}) AS score,
    moved, moved / total, moved / moves_away, moved * toFloat64(total) / (toFloat64(moves_away) * moves_there),
    moved / sqrt(toFloat64(moves_away) * moves_there)
FROM moves
INNER JOIN origins USING (origin)
INNER JOIN targets USING (target)
WHERE moved >= {least_together:UInt32}
QUALIFY place <= {most:UInt16}
