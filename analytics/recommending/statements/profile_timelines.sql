-- Remember which timelines the profiles know.
INSERT INTO profile_timelines
SELECT o.shop_id, o.visitor_id, o.persons, cityHash64(o.starts, o.persons), {refresh:UInt64}
FROM identity_overrides AS o FINAL
LEFT JOIN (SELECT visitor_id, knew FROM profile_timelines FINAL WHERE shop_id = {shop:String}) AS t
    ON o.visitor_id = t.visitor_id
WHERE o.shop_id = {shop:String} AND cityHash64(o.starts, o.persons) != t.knew
