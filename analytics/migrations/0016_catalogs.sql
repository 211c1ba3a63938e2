-- Catalogs at Meta: what became of every item at every change, how each run over a catalog went, and what a person
-- should look at. A catalog's records are in one partition of their topic, so the greatest offset is the latest word.
CREATE TABLE IF NOT EXISTS {{table:product_syncs}}
(
    shop_id      LowCardinality(String)                  COMMENT 'the shop',
    catalog      LowCardinality(String)                  COMMENT 'the shop''s name of the catalog',
    catalog_id   LowCardinality(String)                  COMMENT 'Meta''s number of the catalog',
    item_id      String CODEC(ZSTD(1))                   COMMENT 'the item''s id at Meta, which events name as content id',
    product_id   String CODEC(ZSTD(1))                   COMMENT 'the shop''s product that the item stands for',
    method       LowCardinality(String)                  COMMENT 'CREATE, UPDATE or DELETE; empty: nothing was sent',
    status       LowCardinality(String)                  COMMENT 'pending, then accepted, rejected or deleted; skipped: it cannot be listed',
    reason       LowCardinality(String)                  COMMENT 'why rejected or skipped, of the list in docs/catalog.md; else empty',
    message      String CODEC(ZSTD(1))                   COMMENT 'what Meta said, word by word',
    suggestion   String CODEC(ZSTD(1))                   COMMENT 'what to do about it',
    warnings     Array(String) CODEC(ZSTD(1))            COMMENT 'what Meta advises, although it accepted the item',
    handle       String CODEC(ZSTD(1))                   COMMENT 'the batch it was sent with, as Meta calls it',
    job_id       String CODEC(ZSTD(1))                   COMMENT 'the run that sent it, see sync_jobs; empty: a change did',
    attempts     UInt16                                  COMMENT 'how often this state of the item was sent',
    failures     UInt16                                  COMMENT 'how often in a row it was rejected',
    payload_hash String CODEC(ZSTD(1))                   COMMENT 'hash of what was sent for it',
    changed_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the shop changed what was sent: the version of the product',
    sent_at      Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)) COMMENT 'when it was sent',
    finished_at  Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)) COMMENT 'when Meta''s verdict was known',
    told_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when this became so: finished_at, else sent_at, else changed_at',
    version      UInt64                                  COMMENT 'offset of the record: the greatest is the item''s state'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
PARTITION BY toYYYYMM(told_at)
ORDER BY (shop_id, catalog, item_id, told_at, changed_at, method, status, attempts)
SETTINGS {{tokens:10000}}
COMMENT 'History of catalog items at Meta, one row per receipt; read it with FINAL';

CREATE TABLE IF NOT EXISTS {{table:sync_jobs}}
(
    shop_id     LowCardinality(String)                  COMMENT 'the shop',
    catalog     LowCardinality(String)                  COMMENT 'the shop''s name of the catalog',
    catalog_id  LowCardinality(String)                  COMMENT 'Meta''s number of the catalog',
    job_id      String CODEC(ZSTD(1))                   COMMENT 'the run',
    kind        LowCardinality(String)                  COMMENT 'full, reconcile, retry or feed',
    trigger     LowCardinality(String)                  COMMENT 'what started it: first, schedule, command or api',
    state       LowCardinality(String)                  COMMENT 'running, finished, failed or stopped',
    started_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it began',
    updated_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it told of itself last',
    finished_at Nullable(DateTime64(3, 'UTC'))          COMMENT 'when it ended',
    next_at     Nullable(DateTime64(3, 'UTC'))          COMMENT 'when the schedule brings the next',
    total       UInt32                                  COMMENT 'items to do',
    done        UInt32                                  COMMENT 'items done',
    calls       UInt32                                  COMMENT 'requests made to Meta',
    accepted    UInt32                                  COMMENT 'items accepted',
    rejected    UInt32                                  COMMENT 'items rejected',
    deleted     UInt32                                  COMMENT 'items deleted',
    skipped     UInt32                                  COMMENT 'items that cannot be listed',
    orphans     UInt32                                  COMMENT 'items at Meta that no product stood for',
    repaired    UInt32                                  COMMENT 'items that were missing at Meta, or other there',
    failure     LowCardinality(String)                  COMMENT 'why it failed, of a closed list; else empty',
    detail      String CODEC(ZSTD(1))                   COMMENT 'more about it',
    quota_percent Nullable(UInt16)                    COMMENT 'of Meta''s limits, how much of the one used most, as its last answer said',
    version     UInt64                                  COMMENT 'offset of the record: the greatest counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, catalog, started_at, job_id)
SETTINGS {{tokens:10000}}
COMMENT 'Runs over catalogs at Meta, one row each as it stands; read it with FINAL';

CREATE TABLE IF NOT EXISTS {{table:alerts}}
(
    shop_id   LowCardinality(String)                  COMMENT 'the shop',
    alert_id  String CODEC(ZSTD(1))                   COMMENT 'the alert',
    kind      LowCardinality(String)                  COMMENT 'item_rejected, catalog_stopped or feed_failed',
    subject   String CODEC(ZSTD(1))                   COMMENT 'what it is about: the catalog, and the item',
    message   String CODEC(ZSTD(1))                   COMMENT 'what was said',
    count     UInt32                                  COMMENT 'how often in a row',
    raised_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it was raised',
    version   UInt64                                  COMMENT 'offset of the record: the greatest counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, raised_at, alert_id)
SETTINGS {{tokens:1000}}
COMMENT 'What a person should look at; read it with FINAL';

CREATE OR REPLACE VIEW product_syncs_now {{on_cluster}} AS
SELECT s.*
FROM product_syncs AS s FINAL
INNER JOIN
(
    SELECT shop_id, catalog, item_id, max(version) AS version FROM product_syncs GROUP BY shop_id, catalog, item_id
) AS latest USING (shop_id, catalog, item_id, version)
COMMENT 'Catalog items at Meta as they are, one row per item';
