-- Profiles of the persons of one refresh, made anew from all they did; who has no event left is another person now.
INSERT INTO profiles
WITH
    changed AS
    (
        SELECT DISTINCT person_id FROM profile_changes WHERE shop_id = {shop:String} AND `refresh` = {refresh:UInt64}
    ),
    theirs AS
    (
        SELECT * FROM events_by_person WHERE shop_id = {shop:String} AND person_id IN (SELECT person_id FROM changed)
    ),
    acts AS
    (
        SELECT
            person_id, max(customer_id) AS customer, min(occurred_at) AS first_at, max(occurred_at) AS last_at,
            uniqExactIf(visitor_id, visitor_id != toUUID('00000000-0000-0000-0000-000000000000')) AS browsers,
            uniqExactIf(session_id, session_id != toUUID('00000000-0000-0000-0000-000000000000')) AS visits,
            count() AS times, countIf(name = 'product_viewed') AS looked, countIf(name = 'product_added_to_cart') AS carted,
            countIf(name = 'checkout_started') AS began
        FROM theirs GROUP BY person_id
    ),
    by_product AS
    (
        SELECT
            person_id, items.product_id AS product,
            argMax(items.category, (items.category != '', occurred_at, items.category)) AS category,
            argMax(items.brand, (items.brand != '', occurred_at, items.brand)) AS brand,
            argMaxIf(
                concat(currency, ' ', transform(
                    roundDown(toFloat64(items.price), [0, 10, 25, 50, 100, 250, 500]), [0, 10, 25, 50, 100, 250, 500],
                    ['0-10', '10-25', '25-50', '50-100', '100-250', '250-500', '500+'], '0-10')),
                (occurred_at, currency, items.price), items.price IS NOT NULL AND currency != '') AS band,
            -- How much it is wanted. The same day counts for all, so shares do not depend on when they are computed.
            sum(transform(name, ['purchase', 'product_added_to_cart', 'product_removed_from_cart'], [10., 3., 0.], 1.)
                * exp2(dateDiff('second', toDateTime64('2026-01-01 00:00:00', 3, 'UTC'), occurred_at) / (30 * 86400))) AS want,
            maxIf(occurred_at, name = 'product_viewed') AS viewed_at,
            maxIf(occurred_at, name = 'product_added_to_cart') AS carted_at,
            maxIf(occurred_at, name IN ('product_removed_from_cart', 'purchase')) AS gone_at
        FROM theirs
        ARRAY JOIN items
        WHERE name IN ('product_viewed', 'product_added_to_cart', 'product_removed_from_cart', 'purchase')
          AND items.product_id != ''
        GROUP BY person_id, product
    ),
    wants AS
    (
        SELECT
            person_id,
            sumMapIf(map(category, want), category != '') AS by_category,
            sumMapIf(map(brand, want), brand != '') AS by_brand,
            sumMapIf(map(band, want), band != '') AS by_band,
            arrayMap(each -> each.2, groupArraySortedIf(50)
                ((-toUnixTimestamp64Milli(viewed_at), product), viewed_at > toDateTime64(0, 3))) AS viewed,
            arrayMap(each -> each.2, groupArraySortedIf(50)
                ((-toUnixTimestamp64Milli(carted_at), product), carted_at > gone_at)) AS in_cart
        FROM by_product GROUP BY person_id
    ),
    kept AS
    (
        SELECT * FROM orders_by_person
        WHERE shop_id = {shop:String} AND status NOT IN ('cancelled', 'refunded', 'voided')
          AND person_id IN (SELECT person_id FROM changed)
    ),
    sales AS
    (
        SELECT
            person_id, max(customer_id) AS buyer, count() AS made, sum(arraySum(items.quantity)) AS things,
            sumMap(map(currency, toDecimal128(ifNull(value, 0), 4))) AS paid, max(ordered_at) AS last_made_at
        FROM kept GROUP BY person_id
    ),
    goods AS
    (
        SELECT person_id, arrayMap(each -> each.2, groupArraySorted(500)((-toUnixTimestamp64Milli(last_made_at), product))) AS had
        FROM
        (
            SELECT person_id, items.product_id AS product, max(ordered_at) AS last_made_at
            FROM kept ARRAY JOIN items
            WHERE items.product_id != ''
            GROUP BY person_id, product
        )
        GROUP BY person_id
    )
SELECT
    {shop:String}, c.person_id, if(a.customer != '', a.customer, s.buyer), a.first_at, a.last_at,
    a.browsers, a.visits, a.times, a.looked, a.carted, a.began,
    s.made, s.things, s.paid, if(s.made > 0, s.last_made_at, NULL),
    mapApply((name, want) -> (name, round(want / arraySum(mapValues(w.by_category)), 6)), w.by_category),
    mapApply((name, want) -> (name, round(want / arraySum(mapValues(w.by_brand)), 6)), w.by_brand),
    mapApply((name, want) -> (name, round(want / arraySum(mapValues(w.by_band)), 6)), w.by_band),
    w.viewed, w.in_cart, g.had,
    {refresh:UInt64}, a.times = 0
FROM changed AS c
LEFT JOIN acts AS a ON c.person_id = a.person_id
LEFT JOIN wants AS w ON c.person_id = w.person_id
LEFT JOIN sales AS s ON c.person_id = s.person_id
LEFT JOIN goods AS g ON c.person_id = g.person_id
