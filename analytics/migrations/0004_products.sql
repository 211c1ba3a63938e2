-- The catalog with its history: one row per variant and change. Nothing is overwritten; products_now is the state.
CREATE TABLE IF NOT EXISTS {{table:products}}
(
    shop_id            LowCardinality(String)                  COMMENT 'the shop',
    product_id         String CODEC(ZSTD(1))                   COMMENT 'the shop''s product',
    variant_id         String CODEC(ZSTD(1))                   COMMENT 'one sellable form of it; empty for a delete, or a product without variants',
    changed_at         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the shop changed it: the version of its state',
    received_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when we were told',
    action             LowCardinality(String)                  COMMENT 'upsert or delete',
    source             LowCardinality(String)                  COMMENT 'who told it: shopify, csv, ...',
    title              String CODEC(ZSTD(1))                   COMMENT 'the product''s title',
    variant_title      String CODEC(ZSTD(1))                   COMMENT 'the variant''s title',
    handle             String CODEC(ZSTD(1))                   COMMENT 'its name in addresses',
    url                String CODEC(ZSTD(1))                   COMMENT 'its page',
    status             LowCardinality(String)                  COMMENT 'active, draft or archived',
    brand              LowCardinality(String)                  COMMENT 'who makes it',
    category           LowCardinality(String)                  COMMENT 'what it is',
    tags               Array(LowCardinality(String))           COMMENT 'the shop''s own labels',
    sku                String CODEC(ZSTD(1))                   COMMENT 'the shop''s stock number',
    barcode            String CODEC(ZSTD(1))                   COMMENT 'GTIN, where known',
    price              Nullable(Decimal(18, 4))                COMMENT 'its price',
    compare_at_price   Nullable(Decimal(18, 4))                COMMENT 'its price before a reduction',
    currency           LowCardinality(String)                  COMMENT 'ISO 4217 code of both',
    inventory_item_id  String CODEC(ZSTD(1))                   COMMENT 'its stock record, see inventory_levels',
    inventory_quantity Nullable(Int64)                         COMMENT 'stock, as the product''s change told it',
    image_url          String CODEC(ZSTD(1))                   COMMENT 'its picture',
    options            Map(LowCardinality(String), String)     COMMENT 'what makes this variant: colour, size, ...'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(received_at)}}
ORDER BY (shop_id, product_id, changed_at, variant_id)
SETTINGS {{tokens:1000}}
COMMENT 'History of the catalog, one row per variant and change';

CREATE TABLE IF NOT EXISTS {{table:inventory_levels}}
(
    shop_id           LowCardinality(String)                  COMMENT 'the shop',
    inventory_item_id String CODEC(ZSTD(1))                   COMMENT 'the stock record of a variant',
    location_id       String CODEC(ZSTD(1))                   COMMENT 'where',
    changed_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the level changed',
    received_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when we were told',
    available         Nullable(Int64)                         COMMENT 'how many can be sold; NULL: not tracked'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(received_at)}}
ORDER BY (shop_id, inventory_item_id, location_id, changed_at)
SETTINGS {{tokens:1000}}
COMMENT 'History of stock levels, one row per change';

CREATE OR REPLACE VIEW products_now {{on_cluster}} AS
SELECT p.*
FROM products AS p FINAL
INNER JOIN
(
    SELECT shop_id, product_id, max(changed_at) AS changed_at FROM products GROUP BY shop_id, product_id
) AS latest USING (shop_id, product_id, changed_at)
WHERE p.action != 'delete'
COMMENT 'The catalog as it is, one row per variant';
