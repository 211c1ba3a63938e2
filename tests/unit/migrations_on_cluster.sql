-- Everything shoppers did. One row per event; a replayed event is the same row, told apart by event_id.
-- The key holds only what never changes about an event. Name before day: most questions ask for few names.
CREATE TABLE IF NOT EXISTS events_local ON CLUSTER 'shops'
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}/{shard}', '{replica}', version, is_deleted)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (shop_id, name, toDate(occurred_at), visitor_id, event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, enable_block_number_column = 1, enable_block_offset_column = 1
COMMENT 'Everything shoppers did, one row per event; read it with FINAL';

CREATE TABLE IF NOT EXISTS events ON CLUSTER 'shops' AS events_local
ENGINE = Distributed('shops', currentDatabase(), events_local, sipHash64(shop_id, visitor_id));

-- Visits. The whole row is written anew with each change. A late event may move a visit's start, so time is not in
-- the key: a row of another key would never replace its older self.
CREATE TABLE IF NOT EXISTS sessions_local ON CLUSTER 'shops'
(
    shop_id        LowCardinality(String)                  COMMENT 'the shop',
    session_id     UUID                                    COMMENT 'the visit, named after its first event',
    visitor_id     UUID                                    COMMENT 'one browser at one shop',
    client_id      String CODEC(ZSTD(1))                   COMMENT 'the browser, as the shop''s cookie names it',
    customer_id    String CODEC(ZSTD(1))                   COMMENT 'the shop''s customer, where known; else empty',
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}/{shard}', '{replica}', version, is_deleted)
ORDER BY (shop_id, visitor_id, session_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'Visits, one row each; read it with FINAL';

CREATE TABLE IF NOT EXISTS sessions ON CLUSTER 'shops' AS sessions_local
ENGINE = Distributed('shops', currentDatabase(), sessions_local, sipHash64(shop_id, visitor_id));

-- Orders as the shop's webhook and the browser's pixel tell them. The time of an order may be corrected by the
-- webhook, so it is not in the key. Lines live inside their order: a corrected order leaves no stale line behind.
CREATE TABLE IF NOT EXISTS orders_local ON CLUSTER 'shops'
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}/{shard}', '{replica}', version, is_deleted)
ORDER BY (shop_id, order_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'Orders, one row each; read it with FINAL';

CREATE TABLE IF NOT EXISTS orders ON CLUSTER 'shops' AS orders_local
ENGINE = Distributed('shops', currentDatabase(), orders_local, sipHash64(shop_id, order_id));

CREATE OR REPLACE VIEW order_items ON CLUSTER 'shops' AS
SELECT
    shop_id, order_id, line, items.product_id AS product_id, items.variant_id AS variant_id, items.sku AS sku,
    items.title AS title, items.variant_title AS variant_title, items.category AS category, items.vendor AS vendor,
    items.price AS price, items.quantity AS quantity, currency, status, ordered_at, customer_id, visitor_id, session_id
FROM orders FINAL
ARRAY JOIN items, arrayEnumerate(items.product_id) AS line
COMMENT 'Lines of orders, one row each, already deduplicated';

-- The catalog with its history: one row per variant and change. Nothing is overwritten; products_now is the state.
CREATE TABLE IF NOT EXISTS products ON CLUSTER 'shops'
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', received_at)
ORDER BY (shop_id, product_id, changed_at, variant_id)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800
COMMENT 'History of the catalog, one row per variant and change';

CREATE TABLE IF NOT EXISTS inventory_levels ON CLUSTER 'shops'
(
    shop_id           LowCardinality(String)                  COMMENT 'the shop',
    inventory_item_id String CODEC(ZSTD(1))                   COMMENT 'the stock record of a variant',
    location_id       String CODEC(ZSTD(1))                   COMMENT 'where',
    changed_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the level changed',
    received_at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when we were told',
    available         Nullable(Int64)                         COMMENT 'how many can be sold; NULL: not tracked'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', received_at)
ORDER BY (shop_id, inventory_item_id, location_id, changed_at)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800
COMMENT 'History of stock levels, one row per change';

CREATE OR REPLACE VIEW products_now ON CLUSTER 'shops' AS
SELECT p.*
FROM products AS p FINAL
INNER JOIN
(
    SELECT shop_id, product_id, max(changed_at) AS changed_at FROM products GROUP BY shop_id, product_id
) AS latest USING (shop_id, product_id, changed_at)
WHERE p.action != 'delete'
COMMENT 'The catalog as it is, one row per variant';

-- Receipts: what became of each event at each destination. Time of the event, not of the answer, is in the key: an
-- answer given twice after a crash is one row.
CREATE TABLE IF NOT EXISTS conversions_local ON CLUSTER 'shops'
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
    test         Bool                                    COMMENT 'sent as a test event',
    version      UInt64                                  COMMENT 'the greatest counts: accepted before refused before skipped, then the latest',
    is_deleted   UInt8                                   COMMENT '1 takes the row back'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}/{shard}', '{replica}', version, is_deleted)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (shop_id, destination, toDate(occurred_at), event_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'What became of each event at each destination; read it with FINAL';

CREATE TABLE IF NOT EXISTS conversions ON CLUSTER 'shops' AS conversions_local
ENGINE = Distributed('shops', currentDatabase(), conversions_local, sipHash64(shop_id, event_id));

-- What could not be used, with its bytes, so that it can be repaired and sent again. The bytes may hold personal
-- data, so they stay a short time.
CREATE TABLE IF NOT EXISTS rejected ON CLUSTER 'shops'
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', received_at)
ORDER BY (shop_id, rejection_id)
TTL toDateTime(received_at) + INTERVAL 90 DAY
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800
COMMENT 'What could not be used, and why; read it with FINAL';

-- Who is who. Events are never rewritten when a visitor turns out to be a customer: one small row per visitor says
-- which person it is from when on, and the views join it. Small tables are whole on every node of a cluster.
CREATE TABLE IF NOT EXISTS identity_overrides ON CLUSTER 'shops'
(
    shop_id    LowCardinality(String)          COMMENT 'the shop',
    visitor_id UUID                            COMMENT 'one browser at one shop',
    client_id  String CODEC(ZSTD(1))           COMMENT 'the browser, as the shop''s cookie names it',
    starts     Array(DateTime64(3, 'UTC'))     COMMENT 'from starts[i] on ...',
    customers  Array(String)                   COMMENT '... the browser belongs to customers[i]; empty: to nobody known',
    persons    Array(UUID)                     COMMENT '... which is the person persons[i]; the visitor itself while nobody is known',
    version    UInt64                          COMMENT 'the row of the greatest version counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, visitor_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 512
COMMENT 'Which person a browser is, from when on; read it with FINAL';

CREATE TABLE IF NOT EXISTS identity_log ON CLUSTER 'shops'
(
    shop_id         LowCardinality(String)     COMMENT 'the shop',
    link_id         UUID                       COMMENT 'named after what it says',
    action          LowCardinality(String)     COMMENT 'link or unlink',
    identifier_type LowCardinality(String)     COMMENT 'visitor or checkout: whose evidence it is',
    identifier      String CODEC(ZSTD(1))      COMMENT 'that visitor''s or checkout''s id',
    visitor_id      UUID                       COMMENT 'the browser linked; all zeros: none',
    client_id       String CODEC(ZSTD(1))      COMMENT 'the browser, as the shop''s cookie names it',
    checkout_token  String CODEC(ZSTD(1))      COMMENT 'the checkout linked, else empty',
    order_id        String CODEC(ZSTD(1))      COMMENT 'the order linked, else empty',
    customer_id     String CODEC(ZSTD(1))      COMMENT 'the customer linked, else empty',
    session_id      UUID                       COMMENT 'the visit it was seen in; all zeros: none',
    reason          LowCardinality(String)     COMMENT 'why we believe it',
    event_id        String CODEC(ZSTD(1))      COMMENT 'the event that showed it',
    occurred_at     DateTime64(3, 'UTC')       COMMENT 'when it happened',
    received_at     DateTime64(3, 'UTC')       COMMENT 'when we received it'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', received_at)
ORDER BY (shop_id, identifier_type, identifier, link_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'Every piece of evidence about who is who; read it with FINAL';

-- The sink's own notes: which offsets it is about to insert, written before the insert. After a crash the same range
-- is inserted again under the same token. The next range implies that the last one is done.
CREATE TABLE IF NOT EXISTS sink_ranges ON CLUSTER 'shops'
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', seq)
ORDER BY (sink, topic, kafka_partition)
COMMENT 'The last range of records each sink began to insert';

-- Friendly names over events: deduplicated, and with the person as known today.
CREATE OR REPLACE VIEW events_by_person ON CLUSTER 'shops' AS
-- Without a row about the browser, what was known at the time holds: an order no browser told of has its customer.
WITH arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT e.*, multiIf(o.visitor_id != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id
FROM events AS e FINAL
LEFT JOIN (SELECT shop_id, visitor_id, starts, persons FROM identity_overrides FINAL) AS o
    ON e.shop_id = o.shop_id AND e.visitor_id = o.visitor_id
COMMENT 'events, deduplicated, with the person each belongs to as known today';

CREATE OR REPLACE VIEW event_items ON CLUSTER 'shops' AS
SELECT
    shop_id, event_id, name, occurred_at, visitor_id, session_id, customer_id, checkout_token, order_id,
    line, items.product_id AS product_id, items.variant_id AS variant_id, items.sku AS sku, items.title AS title,
    items.category AS category, items.brand AS brand, items.price AS price, items.quantity AS quantity,
    currency, items.known AS known
FROM events FINAL
ARRAY JOIN items, arrayEnumerate(items.product_id) AS line
COMMENT 'Products of events, one row each: a checkout of three lines is three rows';

CREATE OR REPLACE VIEW product_views ON CLUSTER 'shops' AS
SELECT
    shop_id, event_id, occurred_at, person_id, visitor_id, session_id, customer_id,
    product_id, variant_id, product_title, product_category, product_brand, price, currency,
    url, path, referrer, country, utm_source, utm_medium, utm_campaign
FROM events_by_person
WHERE name = 'product_viewed'
COMMENT 'Somebody looked at a product';

CREATE OR REPLACE VIEW cart_actions ON CLUSTER 'shops' AS
SELECT
    shop_id, event_id, occurred_at,
    transform(name, ['product_added_to_cart', 'product_removed_from_cart'], ['added', 'removed'], 'viewed') AS action,
    person_id, visitor_id, session_id, customer_id,
    product_id, variant_id, product_title, product_category, product_brand, price, quantity, value, currency, country
FROM events_by_person
WHERE name IN ('product_added_to_cart', 'product_removed_from_cart', 'cart_viewed')
COMMENT 'Somebody put a product into the cart, took it out, or looked at the cart';

CREATE OR REPLACE VIEW checkouts ON CLUSTER 'shops' AS
SELECT
    shop_id, checkout_token, min(occurred_at) AS started_at, max(occurred_at) AS last_at,
    argMax(person_id, occurred_at) AS person_id, argMax(visitor_id, occurred_at) AS visitor_id,
    argMax(session_id, occurred_at) AS session_id,
    arrayDistinct(groupArray(name)) AS steps,
    countIf(name IN ('checkout_completed', 'purchase')) > 0 AS completed,
    maxIf(order_id, order_id != '') AS order_id,
    argMax(value, (value IS NOT NULL, occurred_at)) AS value, argMax(currency, (currency != '', occurred_at)) AS currency
FROM events_by_person
WHERE checkout_token != ''
GROUP BY shop_id, checkout_token
COMMENT 'Checkouts, one row each, with how far they came';

CREATE OR REPLACE VIEW persons ON CLUSTER 'shops' AS
SELECT
    shop_id, person_id, max(customer_id) AS customer_id, min(occurred_at) AS first_seen_at, max(occurred_at) AS last_seen_at,
    uniqExact(visitor_id) AS visitors, uniqExact(session_id) AS sessions, count() AS events,
    countIf(name = 'purchase') AS orders,
    sumMapIf(map(currency, ifNull(value, 0)), name = 'purchase') AS revenue
FROM events_by_person
GROUP BY shop_id, person_id
COMMENT 'Persons, one row each, as known today; revenue by currency';

