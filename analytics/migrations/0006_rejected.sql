-- What could not be used, with its bytes, so that it can be repaired and sent again. The bytes may hold personal
-- data, so they stay a short time.
CREATE TABLE IF NOT EXISTS {{table:rejected}}
(
    shop_id         LowCardinality(String)                  COMMENT 'the shop; empty where not even that is known',
    rejection_id    UUID                                    COMMENT 'named after where the bytes came from',
    stage           LowCardinality(String)                  COMMENT 'who refused it: ingest, stitch, forward, archive or catalog',
    reason          LowCardinality(String)                  COMMENT 'why, from a closed list',
    field           String CODEC(ZSTD(1))                   COMMENT 'path of the field at fault, else empty',
    detail          String CODEC(ZSTD(1))                   COMMENT 'more about it, never a value',
    payload         String CODEC(ZSTD(3))                   COMMENT 'the bytes themselves',
    content_type    LowCardinality(String)                  COMMENT 'what they were said to be',
    topic           LowCardinality(String)                  COMMENT 'the topic they came from; empty: from HTTP',
    kafka_partition Nullable(UInt16)                        COMMENT 'where on that topic',
    kafka_offset    Nullable(UInt64)                        COMMENT 'the record there',
    received_at     DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it was refused'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(received_at)}}
ORDER BY (shop_id, rejection_id)
TTL toDateTime(received_at) + INTERVAL 90 DAY
SETTINGS {{tokens:1000}}
COMMENT 'What could not be used, and why; read it with FINAL';
