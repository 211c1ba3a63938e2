-- Which variant of an experiment do more people buy with?
-- shop: the shop
-- experiment: its name
-- segment = all|device|source|country|returning: what to tell people apart by, as they were when they first saw it
-- currency = main: which revenue to count; main is the currency of most orders
WITH
    (SELECT max(started_at) FROM experiments FINAL WHERE shop_id = {shop:String} AND experiment = {experiment:String}) AS begun,
    (
        SELECT if(count() = 0 OR isNull(max(ended_at)), toDateTime64('2200-01-01 00:00:00', 3, 'UTC'), assumeNotNull(max(ended_at)))
        FROM experiments FINAL WHERE shop_id = {shop:String} AND experiment = {experiment:String}
    ) AS ended,
    if(
        {currency:String} != 'main', {currency:String},
        (
            SELECT argMax(code, (orders_in_it, code))
            FROM
            (
                SELECT currency AS code, count() AS orders_in_it
                FROM orders FINAL WHERE shop_id = {shop:String} AND ordered_at >= begun AND ordered_at < ended
                GROUP BY code
            )
        )
    ) AS main_currency,
    -- A person counts once, for the variant first seen on any of their devices.
    exposed AS
    (
        SELECT
            person_id, min(occurred_at) AS since, uniqExact(seen) > 1 AS is_mixed,
            argMin(seen, (occurred_at, event_id)) AS variant, argMin(session_id, (occurred_at, event_id)) AS session
        FROM
        (
            SELECT person_id, occurred_at, event_id, session_id, JSONExtractString(properties, 'variant') AS seen
            FROM events_by_person
            WHERE shop_id = {shop:String} AND name = 'experiment_viewed'
              AND JSONExtractString(properties, 'experiment') = {experiment:String}
              AND occurred_at >= begun AND occurred_at < ended
              AND person_id != toUUID('00000000-0000-0000-0000-000000000000')
        )
        WHERE seen != ''
        GROUP BY person_id
    ),
    -- A click that names an experiment is of that one alone.
    clicks AS
    (
        SELECT person_id, max(occurred_at) AS last_click
        FROM events_by_person
        WHERE shop_id = {shop:String} AND name = 'recommendation_clicked' AND occurred_at >= begun AND occurred_at < ended
          AND JSONExtractString(properties, 'experiment') IN ('', {experiment:String})
        GROUP BY person_id
    ),
    -- What was taken back is not counted: neither as an order nor as revenue. A partial refund takes its amount away.
    sales AS
    (
        SELECT
            o.person_id AS person_id, count() AS kept_orders,
            sumIf(
                toFloat64(ifNull(o.value, 0) - least(o.totals['refunded'], ifNull(o.value, 0))), o.currency = main_currency
            ) AS paid, countIf(o.currency != main_currency) AS foreign_orders
        FROM orders_by_person AS o
        INNER JOIN exposed AS e ON o.person_id = e.person_id
        WHERE o.shop_id = {shop:String} AND o.ordered_at >= e.since AND o.ordered_at < ended
          AND o.status NOT IN ('cancelled', 'refunded', 'voided')
        GROUP BY person_id
    ),
    earlier AS
    (
        SELECT person_id, min(occurred_at) AS first_seen_at
        FROM events_by_person
        WHERE shop_id = {shop:String} AND {segment:String} = 'returning'
        GROUP BY person_id
    ),
    visits AS
    (
        SELECT session_id, any(device) AS used, any(arrived_from) AS came_from, any(country) AS was_in, any(started_at) AS started
        FROM sessions_by_person WHERE shop_id = {shop:String} GROUP BY session_id
    )
SELECT
    coalesce(nullIf(multiIf(
        {segment:String} = 'device', v.used, {segment:String} = 'source', v.came_from, {segment:String} = 'country', v.was_in,
        {segment:String} = 'returning', if(b.first_seen_at < v.started, 'returning', 'new'), 'all'), ''), '(none)') AS part,
    e.variant AS variant,
    count() AS people,
    countIf(e.is_mixed) AS mixed,
    countIf(c.last_click >= e.since) AS clicked,
    countIf(s.kept_orders > 0) AS converted,
    sum(s.kept_orders) AS orders_made,
    -- Rounded, since the order of adding up is another each time.
    round(avg(s.paid), 6) AS revenue_mean,
    round(if(people > 1, varSampStable(s.paid), 0), 6) AS revenue_variance,
    main_currency AS revenue_currency,
    sum(s.foreign_orders) AS orders_in_other_currencies
FROM exposed AS e
LEFT JOIN sales AS s ON e.person_id = s.person_id
LEFT JOIN clicks AS c ON e.person_id = c.person_id
LEFT JOIN visits AS v ON e.session = v.session_id
LEFT JOIN earlier AS b ON e.person_id = b.person_id
WHERE v.used != 'bot'
GROUP BY part, variant
ORDER BY part, variant
