-- Visits. The whole row is written anew with each change. A late event may move a visit's start, so time is not in
-- the key: a row of another key would never replace its older self.
CREATE TABLE IF NOT EXISTS {{table:sessions}}
(
    shop_id        LowCardinality(String)                  COMMENT 'the shop',
    session_id     UUID                                    COMMENT 'the visit, named after its first event',
    visitor_id     UUID                                    COMMENT 'one browser at one shop',
    client_id      String CODEC(ZSTD(1))                   COMMENT 'the browser, as the shop''s cookie names it',
    customer_id    String CODEC(ZSTD(1))                   COMMENT 'the shop''s customer, as known when the row was written; sessions_by_person says who it is today',
    started_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'time of its first event',
    ended_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'time of its last event',
    events         UInt32 CODEC(T64, ZSTD(1))              COMMENT 'how many events it has',
    page_views     UInt32 CODEC(T64, ZSTD(1))              COMMENT 'pages seen',
    product_views  UInt32 CODEC(T64, ZSTD(1))              COMMENT 'products seen',
    cart_additions UInt32 CODEC(T64, ZSTD(1))              COMMENT 'times something went into the cart',
    checkouts      UInt32 CODEC(T64, ZSTD(1))              COMMENT 'checkouts begun',
    purchases      UInt32 CODEC(T64, ZSTD(1))              COMMENT 'checkouts completed',
    entry_url      String CODEC(ZSTD(1))                   COMMENT 'address of its first page',
    entry_path     String CODEC(ZSTD(1))                   COMMENT 'path of its first page',
    referrer       String CODEC(ZSTD(1))                   COMMENT 'where it came from',
    utm_source     LowCardinality(String)                  COMMENT 'campaign that brought it',
    utm_medium     LowCardinality(String)                  COMMENT 'campaign that brought it',
    utm_campaign   LowCardinality(String)                  COMMENT 'campaign that brought it',
    utm_term       String CODEC(ZSTD(1))                   COMMENT 'campaign that brought it',
    utm_content    String CODEC(ZSTD(1))                   COMMENT 'campaign that brought it',
    click_ids      Map(LowCardinality(String), String)     COMMENT 'click ids of the first address: fbclid, gclid, ...',
    device         LowCardinality(String)                  COMMENT 'desktop, mobile, tablet, bot or unknown',
    country        LowCardinality(String)                  COMMENT 'ISO 3166-1 alpha-2, where known',
    language       LowCardinality(String)                  COMMENT 'the browser''s language',
    version        UInt64                                  COMMENT 'the row of the greatest version counts',
    is_deleted     UInt8                                   COMMENT '1: the visit became part of another',
    INDEX by_start started_at TYPE minmax GRANULARITY 1
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (shop_id, visitor_id, session_id)
SETTINGS {{tokens:10000}}
COMMENT 'Visits, one row each; read it with FINAL';

{{distributed:sessions by sipHash64(shop_id, visitor_id)}};
