-- Who likes what. `storestream recommendations profiles` refreshes the persons something happened to since the last
-- time: it remembers how far it read the events and which timelines it knew.
CREATE TABLE IF NOT EXISTS {{table:profiles}}
(
    shop_id       LowCardinality(String)             COMMENT 'the shop',
    person_id     UUID                               COMMENT 'the person, as known at the last refresh',
    customer_id   String CODEC(ZSTD(1))              COMMENT 'the shop''s customer, where known; else empty',
    first_seen_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'time of the first event',
    last_seen_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'time of the last event',
    visitors      UInt32                             COMMENT 'browsers used',
    sessions      UInt32                             COMMENT 'visits made',
    events        UInt32                             COMMENT 'events in all',
    views         UInt32                             COMMENT 'products looked at',
    carts         UInt32                             COMMENT 'times something went into the cart',
    checkouts     UInt32                             COMMENT 'checkouts begun',
    orders        UInt32                             COMMENT 'orders that were neither cancelled nor refunded',
    units         UInt32                             COMMENT 'things bought with them',
    revenue       Map(LowCardinality(String), Decimal(38, 4)) COMMENT 'what they were worth, by currency',
    last_order_at Nullable(DateTime64(3, 'UTC'))     COMMENT 'time of the last of them',
    categories    Map(String, Float64)               COMMENT 'share of each category in what was wanted: a view counts 1, a cart 3, a purchase 10, half as much after 30 days',
    brands        Map(String, Float64)               COMMENT 'likewise by brand',
    price_bands   Map(String, Float64)               COMMENT 'likewise by price, such as `EUR 25-50`',
    last_viewed   Array(String) CODEC(ZSTD(1))       COMMENT 'products looked at, the last first, at most 50',
    last_carted   Array(String) CODEC(ZSTD(1))       COMMENT 'products put into the cart and neither taken out nor bought since, the last first',
    bought        Array(String) CODEC(ZSTD(1))       COMMENT 'products bought, the last first, at most 500',
    version       UInt64                             COMMENT 'the row of the greatest version counts',
    is_deleted    UInt8                              COMMENT '1: the person turned out to be another'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (shop_id, person_id)
SETTINGS index_granularity = 512
COMMENT 'What each person wants and is worth; read it with FINAL, or read profiles_now';

CREATE TABLE IF NOT EXISTS {{table:profile_progress}}
(
    shop_id         LowCardinality(String)           COMMENT 'the shop',
    kafka_partition UInt16                           COMMENT 'partition of events.enriched',
    kafka_offset    UInt64                           COMMENT 'its events before this one are in the profiles',
    version         UInt64                           COMMENT 'the row of the greatest version counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, kafka_partition)
COMMENT 'How far the profiles have read the events; read it with FINAL';

CREATE TABLE IF NOT EXISTS {{table:profile_timelines}}
(
    shop_id    LowCardinality(String)                COMMENT 'the shop',
    visitor_id UUID                                  COMMENT 'one browser at one shop',
    persons    Array(UUID)                           COMMENT 'whom the profiles take it to be',
    knew       UInt64                                COMMENT 'hash of the timeline they knew',
    version    UInt64                                COMMENT 'the row of the greatest version counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, visitor_id)
COMMENT 'Which timelines the profiles know; read it with FINAL';

CREATE TABLE IF NOT EXISTS {{table:profile_changes}}
(
    shop_id    LowCardinality(String)                COMMENT 'the shop',
    `refresh`  UInt64                                COMMENT 'the refresh they are for',
    person_id  UUID                                  COMMENT 'somebody whose profile is to be made anew'
)
ENGINE = {{engine_everywhere:MergeTree()}}
PARTITION BY (shop_id, `refresh`)
ORDER BY person_id
COMMENT 'Persons of a refresh under way';

CREATE OR REPLACE VIEW profiles_now {{on_cluster}} AS
SELECT
    *,
    dateDiff('day', last_seen_at, now64(3)) AS recency_days,
    arrayReverseSort(x -> x.2, CAST(categories, 'Array(Tuple(String, Float64))'))[1].1 AS favourite_category,
    arrayReverseSort(x -> x.2, CAST(brands, 'Array(Tuple(String, Float64))'))[1].1 AS favourite_brand,
    multiIf(
        orders >= 1 AND last_order_at < now64(3) - INTERVAL 180 DAY, 'lapsed', orders > 1, 'loyal', orders = 1, 'buyer',
        checkouts > 0, 'at checkout', carts > 0, 'with cart', views > 0, 'looking', 'new'
    ) AS stage
FROM profiles FINAL
COMMENT 'Profiles with what depends on today: recency in days, and the stage a person is at';
