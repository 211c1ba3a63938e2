-- Receipts: what became of each event at each destination. Time of the event, not of the answer, is in the key: an
-- answer given twice after a crash is one row.
CREATE TABLE IF NOT EXISTS {{table:conversions}}
(
    shop_id      LowCardinality(String)                  COMMENT 'the shop',
    event_id     String CODEC(ZSTD(1))                   COMMENT 'the event, as in events',
    event_name   LowCardinality(String)                  COMMENT 'Meta''s name: ViewContent, AddToCart, Purchase, ...',
    destination  LowCardinality(String)                  COMMENT 'where it went',
    status       LowCardinality(String)                  COMMENT 'accepted, refused or skipped',
    reason       LowCardinality(String)                  COMMENT 'why refused or skipped, else empty',
    http_status  Nullable(UInt16)                        COMMENT 'the answer''s HTTP status',
    code         Nullable(Int64)                         COMMENT 'Meta''s error code',
    subcode      Nullable(Int64)                         COMMENT 'Meta''s error subcode',
    trace_id     String CODEC(ZSTD(1))                   COMMENT 'Meta''s trace of the request, for its support',
    attempts     UInt16                                  COMMENT 'how often it was sent',
    batch_id     String CODEC(ZSTD(1))                   COMMENT 'the request it was part of',
    payload_hash String CODEC(ZSTD(1))                   COMMENT 'hash of what was sent for it',
    latency_ms   Nullable(Int64)                         COMMENT 'milliseconds the request took',
    occurred_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the event happened',
    sent_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when its fate was decided',
    value        Nullable(Decimal(18, 4))                COMMENT 'the event''s value',
    currency     LowCardinality(String)                  COMMENT 'its currency, ISO 4217',
    order_id     String CODEC(ZSTD(1))                   COMMENT 'the order of a Purchase',
    action_source LowCardinality(String)                 COMMENT 'where it happened, as Meta is told: website or physical_store; empty: not told',
    test         Bool                                    COMMENT 'sent as a test event',
    version      UInt64                                  COMMENT 'the greatest counts: accepted before refused before skipped, then the latest',
    is_deleted   UInt8                                   COMMENT '1 takes the row back'
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (shop_id, destination, toDate(occurred_at), event_id)
SETTINGS {{tokens:10000}}
COMMENT 'What became of each event at each destination; read it with FINAL';

{{distributed:conversions by sipHash64(shop_id, event_id)}};
