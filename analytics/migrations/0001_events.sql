-- Everything shoppers did. One row per event; a replayed event is the same row, told apart by event_id.
-- The key holds only what never changes about an event. Name before day: most questions ask for few names.
CREATE TABLE IF NOT EXISTS {{table:events}}
(
    shop_id           LowCardinality(String)                  COMMENT 'the shop',
    event_id          String CODEC(ZSTD(1))                   COMMENT 'the sender''s own id, unique in the shop',
    name              LowCardinality(String)                  COMMENT 'Shopify''s name (product_viewed, ...), `purchase` for an order, or a custom name',
    kind              LowCardinality(String)                  COMMENT 'standard, dom, advanced-dom or custom',
    source            LowCardinality(String)                  COMMENT 'pixel, gif or webhook',
    seq               Nullable(Int64)                         COMMENT 'the sender''s sequence number, for equal times',
    occurred_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it happened, by the visitor''s clock',
    reported_at       Nullable(DateTime64(3, 'UTC'))          COMMENT 'what the visitor''s clock said, where that was not believed',
    sent_at           Nullable(DateTime64(3, 'UTC'))          COMMENT 'when the browser sent it',
    received_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when we received it, by our clock',
    late              Bool                                    COMMENT 'came after later events of its visitor',
    client_id         String CODEC(ZSTD(1))                   COMMENT 'the browser, as the shop''s cookie names it',
    visitor_id        UUID                                    COMMENT 'one browser at one shop; all zeros where no browser is known',
    session_id        UUID                                    COMMENT 'the visit',
    person_id_then    UUID                                    COMMENT 'who it seemed to be when it came; events_by_person says who it is',
    customer_id       String CODEC(ZSTD(1))                   COMMENT 'the shop''s customer, where the event named one; else empty',
    checkout_token    String CODEC(ZSTD(1))                   COMMENT 'the checkout, else empty',
    cart_token        String CODEC(ZSTD(1))                   COMMENT 'the cart, else empty',
    order_id          String CODEC(ZSTD(1))                   COMMENT 'the shop''s order, else empty',
    product_id        String CODEC(ZSTD(1))                   COMMENT 'the product, where the event is about exactly one; else empty',
    variant_id        String CODEC(ZSTD(1))                   COMMENT 'its variant',
    price             Nullable(Decimal(18, 4))                COMMENT 'its price as the event said it',
    quantity          UInt32 CODEC(T64, ZSTD(1))              COMMENT 'how many of it; 0 where the event is about no product or several',
    currency          LowCardinality(String)                  COMMENT 'ISO 4217 code of every amount in this row',
    value             Nullable(Decimal(18, 4))                COMMENT 'the whole event''s value: an order''s total, a cart line''s cost',
    totals            Map(LowCardinality(String), Decimal(18, 4)) COMMENT 'parts of the value: subtotal, tax, shipping, discount',
    product_title     String CODEC(ZSTD(1))                   COMMENT 'the product''s title in the catalog, else as the event said it',
    product_category  LowCardinality(String)                  COMMENT 'its category, likewise',
    product_brand     LowCardinality(String)                  COMMENT 'its brand, likewise',
    product_known     Bool                                    COMMENT 'whether the catalog knew the product when the event came',
    catalog_price     Nullable(Decimal(18, 4))                COMMENT 'its price in the catalog then',
    catalog_version   Nullable(DateTime64(3, 'UTC'))          COMMENT 'time of the catalog change in force then',
    items Nested
    (
        product_id    String,
        variant_id    String,
        sku           String,
        title         String,
        category      String,
        brand         String,
        price         Nullable(Decimal(18, 4)),
        quantity      UInt32,
        known         Bool
    )                                                         COMMENT 'every product of the event; one row each in the view event_items',
    url               String CODEC(ZSTD(1))                   COMMENT 'the page''s address',
    path              String CODEC(ZSTD(1))                   COMMENT 'its path',
    referrer          String CODEC(ZSTD(1))                   COMMENT 'where the visitor came from',
    page_title        String CODEC(ZSTD(1))                   COMMENT 'the page''s title',
    user_agent        String CODEC(ZSTD(1))                   COMMENT 'the browser''s own description',
    language          LowCardinality(String)                  COMMENT 'the browser''s language',
    country           LowCardinality(String)                  COMMENT 'ISO 3166-1 alpha-2, where the edge was told',
    utm_source        LowCardinality(String)                  COMMENT 'campaign parameter of the address',
    utm_medium        LowCardinality(String)                  COMMENT 'campaign parameter of the address',
    utm_campaign      LowCardinality(String)                  COMMENT 'campaign parameter of the address',
    utm_term          String CODEC(ZSTD(1))                   COMMENT 'campaign parameter of the address',
    utm_content       String CODEC(ZSTD(1))                   COMMENT 'campaign parameter of the address',
    click_ids         Map(LowCardinality(String), String)     COMMENT 'fbclid, gclid, ... as the address carried them',
    search_query      String CODEC(ZSTD(1))                   COMMENT 'what was searched for',
    collection_id     String CODEC(ZSTD(1))                   COMMENT 'the collection seen',
    consent_analytics Nullable(Bool)                          COMMENT 'whether the visitor allowed analytics; NULL: not told',
    consent_marketing Nullable(Bool)                          COMMENT 'whether the visitor allowed marketing; NULL: not told',
    consent_preferences Nullable(Bool)                        COMMENT 'whether the visitor allowed preferences; NULL: not told',
    consent_sale_of_data Nullable(Bool)                       COMMENT 'whether the visitor allowed the sale of data; NULL: not told',
    match_keys        Array(LowCardinality(String))           COMMENT 'names, never values, of what was known for matching at Meta: em, ph, fbp, fbc, ...',
    properties        String CODEC(ZSTD(3))                   COMMENT 'JSON of what else the sender said, without personal data',
    kafka_partition   UInt16 CODEC(T64, ZSTD(1))              COMMENT 'where on events.enriched the row came from',
    kafka_offset      UInt64 CODEC(Delta, ZSTD(1))            COMMENT 'the record there',
    version           UInt64 CODEC(Delta, ZSTD(1))            COMMENT 'the row of the greatest version counts',
    is_deleted        UInt8                                   COMMENT '1 takes the row back',
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_visitor visitor_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_order   order_id   TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {{engine:ReplacingMergeTree(version, is_deleted)}}
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (shop_id, name, toDate(occurred_at), visitor_id, event_id)
SETTINGS {{tokens:10000}}, enable_block_number_column = 1, enable_block_offset_column = 1
COMMENT 'Everything shoppers did, one row per event; read it with FINAL';

{{distributed:events by sipHash64(shop_id, visitor_id)}};
