-- Which products were in the same baskets, and how much more often than by chance. Each pair is counted once, as one
-- number; products of few baskets are dropped before pairs are made, and pairs of few baskets before they are ranked.
INSERT INTO recommendations
WITH
    held AS
    (
        SELECT basket, arrayJoin(arrayDistinct(products)) AS product
        FROM recommendation_baskets
        WHERE shop_id = {shop:String} AND source = {source:String} AND generation = {generation:UInt64}
    ),
    numbered AS
    (
        SELECT product, count() AS baskets, toUInt64(row_number() OVER (ORDER BY product)) AS number
        FROM held GROUP BY product HAVING baskets >= {least_baskets:UInt32}
    ),
    counted AS
    (
        SELECT pair.1 AS key, count() AS together, sum(pow(pair.2, -{by_size:Float64})) AS weight
        FROM
        (
            SELECT (arrayJoin(arrayFlatten(arrayMap(
                (one, place) -> arrayMap(other -> bitOr(bitShiftLeft(one, 32), other), arraySlice(numbers, place + 1)),
                numbers, arrayEnumerate(numbers)))), length(numbers)) AS pair
            FROM
            (
                SELECT arraySort(groupArray(number)) AS numbers
                FROM held INNER JOIN numbered USING (product)
                GROUP BY basket HAVING length(numbers) > 1
            )
        )
        GROUP BY key HAVING together >= {least_together:UInt32}
    ),
    (
        SELECT count() FROM recommendation_baskets
        WHERE shop_id = {shop:String} AND source = {source:String} AND generation = {generation:UInt64}
    ) AS total,
    scored AS
    (
        SELECT
            arrayJoin([
                (one.product, other.product, one.baskets, other.baskets),
                (other.product, one.product, other.baskets, one.baskets)
            ]) AS way,
            together,
            toFloat64(one.baskets) * other.baskets AS expected,
            together * toFloat64(total) / expected AS lift,
            together / sqrt(expected) AS cosine,
            weight / (pow(way.3, {context_power:Float64}) * pow(way.4, {other_power:Float64}) + {shrinkage:Float64}) AS score
        FROM counted
        INNER JOIN numbered AS one ON bitShiftRight(key, 32) = one.number
        INNER JOIN numbered AS other ON bitAnd(key, 4294967295) = other.number
        WHERE lift >= {least_lift:Float64}
    )
SELECT
    {shop:String}, {model:String}, {generation:UInt64}, way.1 AS beside,
    row_number() OVER (PARTITION BY beside ORDER BY score DESC, way.2) AS place,
    way.2, score, together, together / total, together / way.3, lift, cosine
FROM scored
QUALIFY place <= {most:UInt16}
