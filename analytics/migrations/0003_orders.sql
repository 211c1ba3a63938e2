-- Orders as the shop's webhook and the browser's pixel tell them. The time of an order may be corrected by the
-- webhook, so it is not in the key. Lines live inside their order: a corrected order leaves no stale line behind.
CREATE TABLE IF NOT EXISTS {{table:orders}}
(
    shop_id            LowCardinality(String)                  COMMENT 'the shop',
    order_id           String CODEC(ZSTD(1))                   COMMENT 'the shop''s order',
    status             LowCardinality(String)                  COMMENT 'open, paid, cancelled, refunded, ...',
    match              LowCardinality(String)                  COMMENT 'how webhook and pixel met: held, matched, pixel_only, webhook_only or late',
    ordered_at         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it was made',
    updated_at         DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'time of the state this row tells',
    seen_in_webhook_at Nullable(DateTime64(3, 'UTC'))          COMMENT 'when its webhook came; NULL: not yet',
    seen_in_pixel_at   Nullable(DateTime64(3, 'UTC'))          COMMENT 'when the browser told of it; NULL: not yet',
    purchase_event_id  String CODEC(ZSTD(1))                   COMMENT 'event_id of its one purchase in events and conversions',
    checkout_token     String CODEC(ZSTD(1))                   COMMENT 'the checkout it came from, else empty',
    cart_token         String CODEC(ZSTD(1))                   COMMENT 'the cart it came from, else empty',
    customer_id        String CODEC(ZSTD(1))                   COMMENT 'the shop''s customer, else empty',
    client_id          String CODEC(ZSTD(1))                   COMMENT 'the browser it was made in, else empty',
    visitor_id         UUID                                    COMMENT 'that browser at this shop; all zeros where not known',
    session_id         UUID                                    COMMENT 'the visit it was made in; all zeros where not known',
    value              Nullable(Decimal(18, 4))                COMMENT 'its total',
    currency           LowCardinality(String)                  COMMENT 'ISO 4217 code of every amount in this row',
    totals             Map(LowCardinality(String), Decimal(18, 4)) COMMENT 'parts of the total: subtotal, tax, shipping, discount',
    coupon             String CODEC(ZSTD(1))                   COMMENT 'discount code used, else empty',
    sales_channel      LowCardinality(String)                  COMMENT 'where it was placed, as the shop system names it: web, pos (a till), ...; empty: not told',
    items Nested
    (
        product_id     String,
        variant_id     String,
        sku            String,
        title          String,
        variant_title  String,
        category       String,
        vendor         String,
        price          Nullable(Decimal(18, 4)),
        quantity       UInt32
    )                                                          COMMENT 'its lines; one row each in the view order_items',
    version            UInt64                                  COMMENT 'the row of the greatest version counts',
    is_deleted         UInt8                                   COMMENT '1 takes the row back',
    INDEX by_time ordered_at TYPE minmax GRANULARITY 1
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
ORDER BY (shop_id, order_id)
SETTINGS {{tokens:10000}}
COMMENT 'Orders, one row each; read it with FINAL';

{{distributed:orders by sipHash64(shop_id, order_id)}};

CREATE OR REPLACE VIEW order_items {{on_cluster}} AS
SELECT
    shop_id, order_id, line, items.product_id AS product_id, items.variant_id AS variant_id, items.sku AS sku,
    items.title AS title, items.variant_title AS variant_title, items.category AS category, items.vendor AS vendor,
    items.price AS price, items.quantity AS quantity, currency, status, ordered_at, customer_id, visitor_id, session_id
FROM orders FINAL
ARRAY JOIN items, arrayEnumerate(items.product_id) AS line
COMMENT 'Lines of orders, one row each, already deduplicated';
