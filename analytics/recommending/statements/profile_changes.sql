-- Whose profile is to be made anew: persons of events that came since, of timelines that changed, of orders that changed.
INSERT INTO profile_changes
SELECT DISTINCT {shop:String}, {refresh:UInt64}, person_id
FROM
(
    SELECT person_id
    FROM events_by_person
    WHERE shop_id = {shop:String}
      AND kafka_offset >= mapFromArrays({partitions:Array(UInt16)}, {offsets:Array(UInt64)})[kafka_partition]

    UNION ALL

    -- Orders change without an event, when they are cancelled. There are few, so they are added up and compared.
    SELECT p.person_id AS person_id
    FROM profiles AS p FINAL
    LEFT JOIN
    (
        SELECT
            person_id, count() AS made, sum(arraySum(items.quantity)) AS things,
            sumMap(map(currency, toDecimal128(ifNull(value, 0), 4))) AS paid
        FROM orders_by_person
        WHERE shop_id = {shop:String} AND status NOT IN ('cancelled', 'refunded', 'voided')
        GROUP BY person_id
    ) AS o ON p.person_id = o.person_id
    WHERE p.shop_id = {shop:String}
      AND (p.orders != o.made OR p.units != o.things OR toString(p.revenue) != toString(o.paid))

    UNION ALL

    -- Whom the browser was taken to be, and whom it is taken to be now.
    SELECT arrayJoin(arrayConcat([o.visitor_id], o.persons, t.persons)) AS person_id
    FROM identity_overrides AS o FINAL
    LEFT JOIN (SELECT visitor_id, persons, knew FROM profile_timelines FINAL WHERE shop_id = {shop:String}) AS t
        ON o.visitor_id = t.visitor_id
    WHERE o.shop_id = {shop:String} AND cityHash64(o.starts, o.persons) != t.knew
)
WHERE person_id != toUUID('00000000-0000-0000-0000-000000000000')
