-- The sink's own notes: which offsets it is about to insert, written before the insert. After a crash the same range
-- is inserted again under the same token. The next range implies that the last one is done.
CREATE TABLE IF NOT EXISTS {{table:sink_ranges}}
(
    sink            LowCardinality(String) COMMENT 'the consumer group that reads',
    topic           LowCardinality(String) COMMENT 'from where',
    kafka_partition UInt16                 COMMENT 'from where',
    min_offset      UInt64                 COMMENT 'first record of the range',
    max_offset      UInt64                 COMMENT 'its last record',
    first_at        DateTime64(3, 'UTC')   COMMENT 'Kafka''s time of the first record: another means another topic of the same name',
    last_at         DateTime64(3, 'UTC')   COMMENT 'greatest Kafka time in the range',
    seq             UInt64                 COMMENT 'the row of the greatest seq counts',
    recorded_at     DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when it was written'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(seq)}}
ORDER BY (sink, topic, kafka_partition)
COMMENT 'The last range of records each sink began to insert';
