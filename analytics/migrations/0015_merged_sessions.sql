-- A late event may join two visits to one. Their events keep the visit they were first put into; one small row says
-- which visit that became part of, and the view reads it.
CREATE TABLE IF NOT EXISTS {{table:merged_sessions}}
(
    shop_id     LowCardinality(String) COMMENT 'the shop',
    visitor_id  UUID                   COMMENT 'one browser at one shop',
    session_id  UUID                   COMMENT 'the visit that is none any more, as its events name it',
    merged_into UUID                   COMMENT 'the visit it is part of',
    version     UInt64                 COMMENT 'the row of the greatest version counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, visitor_id, session_id)
SETTINGS {{tokens:10000}}, index_granularity = 512
COMMENT 'Which visit a visit became part of; read it with FINAL';

-- Merged visits are few, so they come as two arrays: a second join would cost every question a third of its speed.
-- The arrays begin with a visit that does not exist, since transform() takes none that are empty.
CREATE OR REPLACE VIEW events_by_person {{on_cluster}} AS
WITH
    (
        SELECT (
            arrayConcat([toUUID('00000000-0000-0000-0000-000000000001')], groupArray(session_id)),
            arrayConcat([toUUID('00000000-0000-0000-0000-000000000001')], groupArray(merged_into)))
        FROM merged_sessions FINAL
    ) AS merged,
    transform(e.session_id, merged.1, arrayEnumerate(merged.1), toUInt32(0)) AS place,
    arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT
    e.* REPLACE (if(place = 0, e.session_id, merged.2[place]) AS session_id),
    multiIf(o.browser != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id,
    multiIf(
        o.browser = e.visitor_id, if(at = 0, '', o.customers[at]),
        e.person_id_then != e.visitor_id, e.customer_id,
        '') AS person_customer_id
FROM events AS e FINAL
LEFT JOIN
    (SELECT visitor_id AS browser, starts, customers, persons FROM identity_overrides FINAL) AS o
    ON e.visitor_id = o.browser
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the visit and the person each belongs to as known today';

ALTER TABLE events_by_person {{on_cluster}}
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN person_customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind';
