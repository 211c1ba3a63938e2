-- Experiments as configured, with their history. They stand here and not on shops.configured: no stream needs them,
-- for assignment is a pure function and exposures are ordinary events; and here results are read beside them.
CREATE TABLE IF NOT EXISTS {{table:experiments}}
(
    shop_id         LowCardinality(String)           COMMENT 'the shop',
    experiment      String                           COMMENT 'its name',
    status          LowCardinality(String)           COMMENT 'running, stopped or deleted',
    question        String                           COMMENT 'what is to be found out',
    salt            String                           COMMENT 'part of the hash that assigns; another salt shuffles everybody anew',
    traffic         Float64                          COMMENT 'share of all people that take part, 0 to 1',
    variants        Array(String)                    COMMENT 'the first is the control',
    weights         Array(Float64)                   COMMENT 'share of each variant among those who take part; together 1',
    settings        Array(String)                    COMMENT 'JSON of what each variant sets, such as a recommendation strategy',
    people_planned  UInt64                           COMMENT 'people per variant before which no verdict is read from the fixed tests; 0: not planned',
    expected_uplift Float64                          COMMENT 'relative uplift of conversion thought likely; the sequential test is sharpest there',
    started_at      DateTime64(3, 'UTC')             COMMENT 'exposures count from here',
    ended_at        Nullable(DateTime64(3, 'UTC'))   COMMENT 'exposures count until here; NULL: still running',
    version         UInt64                           COMMENT 'milliseconds since 1970 at which this was applied; the greatest counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, experiment)
COMMENT 'Experiments as configured; read it with FINAL';
