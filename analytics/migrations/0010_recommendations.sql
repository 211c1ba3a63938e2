-- What to show next. Each build writes a new generation beside the one in use; one insert into
-- recommendation_generations then switches all readers over, and the partitions of old generations are dropped.
CREATE TABLE IF NOT EXISTS {{table:recommendation_generations}}
(
    shop_id    LowCardinality(String)     COMMENT 'the shop',
    model      LowCardinality(String)     COMMENT 'the model, or the kind of basket, that was built',
    generation UInt64                     COMMENT 'the generation to read: milliseconds since 1970 at which its build began',
    until      DateTime64(3, 'UTC')       COMMENT 'it knows what happened before',
    `rows`     UInt64                     COMMENT 'how many rows it has',
    seconds    Float64                    COMMENT 'how long its build took'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(generation)}}
ORDER BY (shop_id, model)
COMMENT 'Which generation of each model is in use; read it with FINAL';

CREATE TABLE IF NOT EXISTS {{table:recommendation_baskets}}
(
    shop_id    LowCardinality(String)     COMMENT 'the shop',
    source     LowCardinality(String)     COMMENT 'what a basket is: viewed (a visit), bought (an order) or wanted (all a person did)',
    generation UInt64                     COMMENT 'see recommendation_generations',
    basket     UInt64                     COMMENT 'hash of the visit, order or person',
    ended_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when its last product came in',
    products   Array(String) CODEC(ZSTD(1)) COMMENT 'its last products in order of time; never the same twice in a row'
)
ENGINE = {{engine_everywhere:MergeTree()}}
PARTITION BY (shop_id, source, generation)
ORDER BY (ended_at, basket)
COMMENT 'Products that went together, capped: what recommendations are counted from';

CREATE TABLE IF NOT EXISTS {{table:recommendations}}
(
    shop_id    LowCardinality(String)     COMMENT 'the shop',
    model      LowCardinality(String)     COMMENT 'viewed_together, bought_together, next_item, item_knn, popular or popular_in_category',
    generation UInt64                     COMMENT 'see recommendation_generations',
    context    String CODEC(ZSTD(1))      COMMENT 'the product, or the category, it is recommended beside; empty for popular',
    `rank`     UInt16                     COMMENT '1 is the best',
    product_id String CODEC(ZSTD(1))      COMMENT 'the product to recommend',
    score      Float64                    COMMENT 'what the rank follows',
    together   UInt32                     COMMENT 'in how many baskets both were',
    support    Float64                    COMMENT 'together / all baskets',
    confidence Float64                    COMMENT 'together / baskets with the context',
    lift       Float64                    COMMENT 'together / what chance alone would give: above 1 they attract each other',
    cosine     Float64                    COMMENT 'together / sqrt(baskets with the one * baskets with the other)'
)
ENGINE = {{engine_everywhere:MergeTree()}}
PARTITION BY (shop_id, model, generation)
ORDER BY (context, `rank`)
COMMENT 'What to recommend beside what, by generation; read recommendations_now';

CREATE OR REPLACE VIEW recommendations_now {{on_cluster}} AS
SELECT r.*
FROM recommendations AS r
INNER JOIN (SELECT shop_id, model, generation FROM recommendation_generations FINAL) AS current
    USING (shop_id, model, generation)
COMMENT 'What to recommend beside what, of the generation in use';
