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
    sales_channel     LowCardinality(String)                  COMMENT 'where a purchase was made, as the shop system names it: web, pos, ...; else empty',
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
    action_source LowCardinality(String)                 COMMENT 'where it happened, as Meta is told: website or physical_store; empty: not told',
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

-- What to show next. Each build writes a new generation beside the one in use; one insert into
-- recommendation_generations then switches all readers over, and the partitions of old generations are dropped.
CREATE TABLE IF NOT EXISTS recommendation_generations ON CLUSTER 'shops'
(
    shop_id    LowCardinality(String)     COMMENT 'the shop',
    model      LowCardinality(String)     COMMENT 'the model, or the kind of basket, that was built',
    generation UInt64                     COMMENT 'the generation to read: milliseconds since 1970 at which its build began',
    until      DateTime64(3, 'UTC')       COMMENT 'it knows what happened before',
    `rows`     UInt64                     COMMENT 'how many rows it has',
    seconds    Float64                    COMMENT 'how long its build took'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', generation)
ORDER BY (shop_id, model)
COMMENT 'Which generation of each model is in use; read it with FINAL';

CREATE TABLE IF NOT EXISTS recommendation_baskets ON CLUSTER 'shops'
(
    shop_id    LowCardinality(String)     COMMENT 'the shop',
    source     LowCardinality(String)     COMMENT 'what a basket is: viewed (a visit), bought (an order) or wanted (all a person did)',
    generation UInt64                     COMMENT 'see recommendation_generations',
    basket     UInt64                     COMMENT 'hash of the visit, order or person',
    ended_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when its last product came in',
    products   Array(String) CODEC(ZSTD(1)) COMMENT 'its last products in order of time; never the same twice in a row'
)
ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}')
PARTITION BY (shop_id, source, generation)
ORDER BY (ended_at, basket)
COMMENT 'Products that went together, capped: what recommendations are counted from';

CREATE TABLE IF NOT EXISTS recommendations ON CLUSTER 'shops'
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
ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}')
PARTITION BY (shop_id, model, generation)
ORDER BY (context, `rank`)
COMMENT 'What to recommend beside what, by generation; read recommendations_now';

CREATE OR REPLACE VIEW recommendations_now ON CLUSTER 'shops' AS
SELECT r.*
FROM recommendations AS r
INNER JOIN (SELECT shop_id, model, generation FROM recommendation_generations FINAL) AS current
    USING (shop_id, model, generation)
COMMENT 'What to recommend beside what, of the generation in use';

-- Who likes what. `storestream recommendations profiles` refreshes the persons something happened to since the last
-- time: it remembers how far it read the events and which timelines it knew.
CREATE TABLE IF NOT EXISTS profiles ON CLUSTER 'shops'
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version, is_deleted)
ORDER BY (shop_id, person_id)
SETTINGS index_granularity = 512
COMMENT 'What each person wants and is worth; read it with FINAL, or read profiles_now';

CREATE TABLE IF NOT EXISTS profile_progress ON CLUSTER 'shops'
(
    shop_id         LowCardinality(String)           COMMENT 'the shop',
    kafka_partition UInt16                           COMMENT 'partition of events.enriched',
    kafka_offset    UInt64                           COMMENT 'its events before this one are in the profiles',
    version         UInt64                           COMMENT 'the row of the greatest version counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, kafka_partition)
COMMENT 'How far the profiles have read the events; read it with FINAL';

CREATE TABLE IF NOT EXISTS profile_timelines ON CLUSTER 'shops'
(
    shop_id    LowCardinality(String)                COMMENT 'the shop',
    visitor_id UUID                                  COMMENT 'one browser at one shop',
    persons    Array(UUID)                           COMMENT 'whom the profiles take it to be',
    knew       UInt64                                COMMENT 'hash of the timeline they knew',
    version    UInt64                                COMMENT 'the row of the greatest version counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, visitor_id)
COMMENT 'Which timelines the profiles know; read it with FINAL';

CREATE TABLE IF NOT EXISTS profile_changes ON CLUSTER 'shops'
(
    shop_id    LowCardinality(String)                COMMENT 'the shop',
    `refresh`  UInt64                                COMMENT 'the refresh they are for',
    person_id  UUID                                  COMMENT 'somebody whose profile is to be made anew'
)
ENGINE = ReplicatedMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}')
PARTITION BY (shop_id, `refresh`)
ORDER BY person_id
COMMENT 'Persons of a refresh under way';

CREATE OR REPLACE VIEW profiles_now ON CLUSTER 'shops' AS
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

-- Experiments as configured, with their history. They stand here and not on shops.configured: no stream needs them,
-- for assignment is a pure function and exposures are ordinary events; and here results are read beside them.
CREATE TABLE IF NOT EXISTS experiments ON CLUSTER 'shops'
(
    shop_id         LowCardinality(String)           COMMENT 'the shop',
    experiment      String                           COMMENT 'its name',
    status          LowCardinality(String)           COMMENT 'running, stopped or deleted',
    question        String                           COMMENT 'what is to be found out',
    salt            String                           COMMENT 'part of the hash that assigns; another salt shuffles everybody anew',
    traffic         Float64                          COMMENT 'share of all people that take part, 0 to 1',
    variants        Array(String)                    COMMENT 'the first is the control',
    weights         Array(Float64)                   COMMENT 'share of each variant among those who take part; together 1',
    settings        Array(String)                    COMMENT 'JSON of what each variant sets, such as a recommendation strategy',
    people_planned  UInt64                           COMMENT 'people per variant before which no verdict is read from the fixed tests; 0: not planned',
    expected_uplift Float64                          COMMENT 'relative uplift of conversion thought likely; the sequential test is sharpest there',
    started_at      DateTime64(3, 'UTC')             COMMENT 'exposures count from here',
    ended_at        Nullable(DateTime64(3, 'UTC'))   COMMENT 'exposures count until here; NULL: still running',
    version         UInt64                           COMMENT 'milliseconds since 1970 at which this was applied; the greatest counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, experiment)
COMMENT 'Experiments as configured; read it with FINAL';

-- The views again, for speed and with every column described.
-- A row's key holds its day, hence its month: parts of two months never hold one row twice, and need no merging when
-- read. A visitor's id is made of shop and client, so it needs no shop beside it in the join.
CREATE OR REPLACE VIEW events_by_person ON CLUSTER 'shops' AS
WITH arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT e.*, multiIf(o.visitor_id != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id
FROM events AS e FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS o ON e.visitor_id = o.visitor_id
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the person each belongs to as known today';

ALTER TABLE events_by_person ON CLUSTER 'shops' COMMENT COLUMN person_id 'who it was, as known today';

-- Who made an order: its customer (named as schemas/identifiers.py does, uuid5), else who the browser was then.
CREATE OR REPLACE VIEW orders_by_person ON CLUSTER 'shops' AS
WITH
    unhex('6f1d3c1e6b0e5d0a9a545f1f6c0a7e11') AS namespace,
    lower(hex(SHA1(concat(namespace, 'person', char(31), o.shop_id, char(31), o.customer_id)))) AS h,
    substring('89ab89ab89ab89ab', 1 + reinterpretAsUInt8(unhex(concat('0', substring(h, 17, 1)))), 1) AS variant,
    toUUID(concat(
        substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-',
        variant, substring(h, 18, 3), '-', substring(h, 21, 12))) AS customer,
    arrayLastIndex(since -> since <= o.ordered_at, t.starts) AS at
SELECT o.*, multiIf(o.customer_id != '', customer, at = 0, o.visitor_id, t.persons[at]) AS person_id
FROM orders AS o FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS t ON o.visitor_id = t.visitor_id
COMMENT 'orders, deduplicated, with the person who made each as known today';

ALTER TABLE orders_by_person ON CLUSTER 'shops' COMMENT COLUMN person_id 'who made it, as known today; all zeros where nobody is known';

CREATE OR REPLACE VIEW sessions_by_person ON CLUSTER 'shops' AS
WITH arrayLastIndex(since -> since <= s.ended_at, t.starts) AS at
SELECT
    s.*, if(at = 0, s.visitor_id, t.persons[at]) AS person_id,
    multiIf(
        s.utm_source != '', s.utm_source,
        mapContains(s.click_ids, 'gclid'), 'google',
        mapContains(s.click_ids, 'fbclid'), 'facebook',
        s.referrer != '' AND domainWithoutWWW(s.referrer) != domainWithoutWWW(s.entry_url), domainWithoutWWW(s.referrer),
        'direct'
    ) AS arrived_from
FROM sessions AS s FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS t ON s.visitor_id = t.visitor_id
COMMENT 'sessions, deduplicated, with the person who made each as known today';

ALTER TABLE sessions_by_person ON CLUSTER 'shops'
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN arrived_from 'what brought it: the campaign''s source, else the network of its click id, else the referring site, else direct';

ALTER TABLE event_items ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN name 'its name',
    COMMENT COLUMN occurred_at 'when it happened, by the visitor''s clock',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN checkout_token 'the checkout, else empty',
    COMMENT COLUMN order_id 'the order, else empty',
    COMMENT COLUMN line 'position in the event, from 1',
    COMMENT COLUMN product_id 'the product',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN title 'the product''s title in the catalog, else as the event said it',
    COMMENT COLUMN category 'its category, likewise',
    COMMENT COLUMN brand 'its brand, likewise',
    COMMENT COLUMN price 'the price of one, as the event said it',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN known 'whether the catalog knew the product when the event came';

ALTER TABLE order_items ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN order_id 'the order',
    COMMENT COLUMN line 'position in the order, from 1',
    COMMENT COLUMN product_id 'the product',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN title 'the product''s title',
    COMMENT COLUMN variant_title 'the variant''s title',
    COMMENT COLUMN category 'the product''s category',
    COMMENT COLUMN vendor 'who makes it',
    COMMENT COLUMN price 'the price of one',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN status 'the order''s: open, paid, cancelled, refunded, ...',
    COMMENT COLUMN ordered_at 'when the order was made',
    COMMENT COLUMN customer_id 'the shop''s customer, else empty',
    COMMENT COLUMN visitor_id 'the browser it was made in; all zeros where not known',
    COMMENT COLUMN session_id 'the visit it was made in; all zeros where not known';

ALTER TABLE product_views ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN occurred_at 'when, by the visitor''s clock',
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN product_id 'the product looked at',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN product_title 'its title in the catalog, else as the page said it',
    COMMENT COLUMN product_category 'its category, likewise',
    COMMENT COLUMN product_brand 'its brand, likewise',
    COMMENT COLUMN price 'its price as the page said it',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN url 'the page''s address',
    COMMENT COLUMN path 'its path',
    COMMENT COLUMN referrer 'the page before',
    COMMENT COLUMN country 'ISO 3166-1 alpha-2, where known',
    COMMENT COLUMN utm_source 'campaign parameter of the page''s address',
    COMMENT COLUMN utm_medium 'campaign parameter of the page''s address',
    COMMENT COLUMN utm_campaign 'campaign parameter of the page''s address';

ALTER TABLE cart_actions ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN occurred_at 'when, by the visitor''s clock',
    COMMENT COLUMN action 'added, removed or viewed',
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN product_id 'the product; empty for a cart of several, see event_items',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN product_title 'its title in the catalog, else as the page said it',
    COMMENT COLUMN product_category 'its category, likewise',
    COMMENT COLUMN product_brand 'its brand, likewise',
    COMMENT COLUMN price 'the price of one',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN value 'what the line, or the cart, costs',
    COMMENT COLUMN currency 'ISO 4217 code of price and value',
    COMMENT COLUMN country 'ISO 3166-1 alpha-2, where known';

ALTER TABLE checkouts ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN checkout_token 'the checkout',
    COMMENT COLUMN started_at 'its first event',
    COMMENT COLUMN last_at 'its last event',
    COMMENT COLUMN person_id 'who it was at its last event, as known today',
    COMMENT COLUMN visitor_id 'the browser of its last event',
    COMMENT COLUMN session_id 'the visit of its last event',
    COMMENT COLUMN steps 'names of the events it had',
    COMMENT COLUMN completed 'whether it became an order',
    COMMENT COLUMN order_id 'that order, else empty',
    COMMENT COLUMN value 'its value as last told',
    COMMENT COLUMN currency 'ISO 4217 code of the value';

ALTER TABLE persons ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN person_id 'a customer, or a browser nobody is known behind',
    COMMENT COLUMN customer_id 'the shop''s customer, where an event named one; else empty',
    COMMENT COLUMN first_seen_at 'the first event',
    COMMENT COLUMN last_seen_at 'the last event',
    COMMENT COLUMN visitors 'how many browsers',
    COMMENT COLUMN sessions 'how many visits',
    COMMENT COLUMN events 'how many events',
    COMMENT COLUMN orders 'how many orders',
    COMMENT COLUMN revenue 'their value by currency';

ALTER TABLE products_now ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN product_id 'the shop''s product',
    COMMENT COLUMN variant_id 'one sellable form of it; empty for a product without variants',
    COMMENT COLUMN changed_at 'when the shop changed it last',
    COMMENT COLUMN received_at 'when we were told',
    COMMENT COLUMN action 'always upsert: what was deleted is not here',
    COMMENT COLUMN source 'who told it: shopify, csv, ...',
    COMMENT COLUMN title 'the product''s title',
    COMMENT COLUMN variant_title 'the variant''s title',
    COMMENT COLUMN handle 'its name in addresses',
    COMMENT COLUMN url 'its page',
    COMMENT COLUMN status 'active, draft or archived',
    COMMENT COLUMN brand 'who makes it',
    COMMENT COLUMN category 'what it is',
    COMMENT COLUMN tags 'the shop''s own labels',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN barcode 'GTIN, where known',
    COMMENT COLUMN price 'its price',
    COMMENT COLUMN compare_at_price 'its price before a reduction',
    COMMENT COLUMN currency 'ISO 4217 code of both',
    COMMENT COLUMN inventory_item_id 'its stock record, see inventory_levels',
    COMMENT COLUMN inventory_quantity 'stock, as the product''s change told it',
    COMMENT COLUMN image_url 'its picture',
    COMMENT COLUMN options 'what makes this variant: colour, size, ...';

-- Persons with the customer they are and what they bought, the ledger of orders, and a plain column for the person.
-- `storestream identities squash` writes person_id_then anew, so that it may be read without the join: for days that
-- are over it is who the event's browser was, as known at the last squash.
ALTER TABLE events_local ON CLUSTER 'shops' COMMENT COLUMN person_id_then 'who it was, as known when the row was written or last squashed; events_by_person says who it is today';

CREATE TABLE IF NOT EXISTS events ON CLUSTER 'shops' AS events_local
ENGINE = Distributed('shops', currentDatabase(), events_local, sipHash64(shop_id, visitor_id));

ALTER TABLE events ON CLUSTER 'shops' COMMENT COLUMN person_id_then 'who it was, as known when the row was written or last squashed; events_by_person says who it is today';

-- A customer an event names is not yet the person: a browser may be taken from a customer again.
CREATE OR REPLACE VIEW events_by_person ON CLUSTER 'shops' AS
WITH arrayLastIndex(since -> since <= e.occurred_at, o.starts) AS at
SELECT
    e.*,
    multiIf(o.visitor_id != e.visitor_id, e.person_id_then, at = 0, e.visitor_id, o.persons[at]) AS person_id,
    multiIf(
        o.visitor_id = e.visitor_id, if(at = 0, '', o.customers[at]),
        e.person_id_then != e.visitor_id, e.customer_id,
        '') AS person_customer_id
FROM events AS e FINAL
LEFT JOIN (SELECT visitor_id, starts, customers, persons FROM identity_overrides FINAL) AS o ON e.visitor_id = o.visitor_id
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the person each belongs to as known today';

ALTER TABLE events_by_person ON CLUSTER 'shops'
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN person_customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind';

-- Browsers are counted, not orders no browser told of. Money is the orders'; what was cancelled is none.
CREATE OR REPLACE VIEW persons ON CLUSTER 'shops' AS
SELECT
    shop_id, person_id, max(customer) AS customer_id, min(first_at) AS first_seen_at, max(last_at) AS last_seen_at,
    sum(browsers) AS visitors, sum(visits) AS sessions, sum(happened) AS events,
    sum(made) AS orders, sumMap(worth) AS revenue
FROM
(
    SELECT
        shop_id, person_id, max(person_customer_id) AS customer,
        min(occurred_at) AS first_at, max(occurred_at) AS last_at,
        uniqExactIf(visitor_id, NOT startsWith(client_id, 'order:')) AS browsers,
        uniqExactIf(session_id, NOT startsWith(client_id, 'order:')) AS visits,
        count() AS happened, 0 AS made, CAST(map(), 'Map(LowCardinality(String), Decimal(38, 4))') AS worth
    FROM events_by_person
    WHERE person_id != toUUID('00000000-0000-0000-0000-000000000000')
    GROUP BY shop_id, person_id
    UNION ALL
    SELECT
        shop_id, person_id, max(customer_id), min(ordered_at), max(ordered_at), 0, 0, 0,
        countIf(status != 'cancelled'), sumMapIf(map(currency, ifNull(value, 0)), status != 'cancelled')
    FROM orders_by_person
    WHERE person_id != toUUID('00000000-0000-0000-0000-000000000000')
    GROUP BY shop_id, person_id
)
GROUP BY shop_id, person_id
COMMENT 'Persons, one row each, as known today; revenue by currency';

ALTER TABLE persons ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN person_id 'a customer, or a browser nobody is known behind',
    COMMENT COLUMN customer_id 'the shop''s customer it is; empty for a browser nobody is known behind',
    COMMENT COLUMN first_seen_at 'the first event or order',
    COMMENT COLUMN last_seen_at 'the last event or order',
    COMMENT COLUMN visitors 'how many browsers',
    COMMENT COLUMN sessions 'how many visits',
    COMMENT COLUMN events 'how many events',
    COMMENT COLUMN orders 'how many orders that were not cancelled',
    COMMENT COLUMN revenue 'their value by currency';

-- Every order that anything knows of, whoever told it first. Test events are no deliveries. A purchase that left before
-- anybody had named its order stands under its checkout until the shop does.
CREATE OR REPLACE VIEW order_ledger ON CLUSTER 'shops' AS
WITH unnamed AS
(
    SELECT
        e.shop_id AS shop, e.event_id AS event,
        if(o.order_id != '', o.order_id, concat('checkout ', e.checkout_token)) AS called,
        e.occurred_at AS happened_at, e.received_at AS pixel_at, e.value AS value, toString(e.currency) AS currency
    FROM
    (
        SELECT shop_id, event_id, checkout_token, occurred_at, received_at, value, currency FROM events FINAL
        WHERE name = 'purchase' AND kind = 'standard' AND order_id = ''
    ) AS e
    LEFT JOIN
    (
        SELECT order_id, purchase_event_id FROM orders FINAL
        WHERE purchase_event_id IN (SELECT event_id FROM events WHERE name = 'purchase' AND order_id = '')
    ) AS o ON e.event_id = o.purchase_event_id
)
SELECT
    shop_id, order_id, max(order_status) AS status, max(order_match) AS match,
    ifNull(max(made_at), min(happened_at)) AS ordered_at,
    max(order_customer) AS customer_id, max(order_channel) AS sales_channel,
    if(in_orders, maxIf(order_value, told_by = 'order'), max(order_value)) AS value,
    if(in_orders, maxIf(order_currency, told_by = 'order'), max(order_currency)) AS currency,
    max(webhook_at) AS seen_in_webhook_at, min(pixel_at) AS seen_in_pixel_at,
    max(purchase_id) AS purchase_event_id,
    countIf(told_by = 'order') > 0 AS in_orders, countIf(told_by = 'purchase') > 0 AS in_events,
    min(decided_at) AS sent_at, minIf(decided_at, fate = 'accepted') AS accepted_at,
    mapFromArrays(groupArrayIf(place, told_by = 'receipt'), groupArrayIf(fate, told_by = 'receipt')) AS destinations,
    arraySort(groupUniqArrayIf(why, why != '')) AS reasons,
    arrayFilter(each -> each != '', [
        if(isNull(seen_in_webhook_at), 'webhook', ''),
        if(isNull(seen_in_pixel_at) AND sales_channel != 'pos', 'pixel', ''),
        if(in_orders, '', 'order'),
        if(in_events, '', 'purchase'),
        multiIf(empty(destinations), 'receipt', arrayAll(each -> each = 'accepted', mapValues(destinations)), '', 'acceptance')
    ]) AS missing
FROM
(
    SELECT
        'order' AS told_by, shop_id, order_id, toString(status) AS order_status, toString(match) AS order_match,
        toNullable(ordered_at) AS made_at, ordered_at AS happened_at,
        customer_id AS order_customer, toString(sales_channel) AS order_channel,
        value AS order_value, toString(currency) AS order_currency,
        seen_in_webhook_at AS webhook_at, seen_in_pixel_at AS pixel_at, purchase_event_id AS purchase_id,
        CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS decided_at, '' AS place, '' AS fate, '' AS why
    FROM orders FINAL
    UNION ALL
    SELECT
        if(name = 'purchase', 'purchase', 'pixel'), shop_id, order_id, '', '', NULL, occurred_at, '', '', value, toString(currency),
        NULL, if(name = 'purchase', NULL, received_at), if(name = 'purchase', event_id, ''), NULL, '', '', ''
    FROM events FINAL
    WHERE name IN ('purchase', 'checkout_completed') AND kind = 'standard' AND order_id != ''
    UNION ALL
    SELECT
        'purchase', shop, called, '', '', NULL, happened_at, '', '', value, currency, NULL, pixel_at, event, NULL, '', '', ''
    FROM unnamed
    UNION ALL
    SELECT
        'receipt', c.shop_id, u.called, '', '', NULL, c.occurred_at, '', '', c.value, toString(c.currency),
        NULL, NULL, c.event_id, if(c.status = 'skipped', NULL, c.sent_at),
        toString(c.destination), toString(c.status), toString(c.reason)
    FROM
    (
        SELECT shop_id, event_id, occurred_at, value, currency, status, sent_at, destination, reason
        FROM conversions FINAL WHERE event_name = 'Purchase' AND order_id = '' AND NOT test
    ) AS c
    INNER JOIN unnamed AS u ON c.event_id = u.event
    UNION ALL
    SELECT
        'receipt', shop_id, order_id, '', '', NULL, occurred_at, '', '', value, toString(currency),
        NULL, NULL, event_id, if(status = 'skipped', NULL, sent_at), toString(destination), toString(status), toString(reason)
    FROM conversions FINAL
    WHERE event_name = 'Purchase' AND order_id != '' AND NOT test
)
GROUP BY shop_id, order_id
COMMENT 'Orders, one row each: when the webhook, the pixel and Meta knew of it, and what is missing';

ALTER TABLE order_ledger ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN order_id 'the shop''s order; `checkout …` for a purchase whose order nobody has named yet',
    COMMENT COLUMN status 'open, paid, cancelled, refunded, ...; empty while orders does not know it',
    COMMENT COLUMN match 'how webhook and pixel met: held, matched, pixel_only, webhook_only or late',
    COMMENT COLUMN ordered_at 'when it was made',
    COMMENT COLUMN customer_id 'the shop''s customer, else empty',
    COMMENT COLUMN sales_channel 'where it was placed, as the shop system names it: web, pos (a till), ...; empty: not told',
    COMMENT COLUMN value 'its total',
    COMMENT COLUMN currency 'ISO 4217 code of the total',
    COMMENT COLUMN seen_in_webhook_at 'when its webhook came; NULL: not yet',
    COMMENT COLUMN seen_in_pixel_at 'when the browser told of it; NULL: not yet',
    COMMENT COLUMN purchase_event_id 'event_id of its one purchase in events and conversions',
    COMMENT COLUMN in_orders 'whether it is in orders',
    COMMENT COLUMN in_events 'whether its purchase is in events',
    COMMENT COLUMN sent_at 'when a destination first answered; NULL: none has',
    COMMENT COLUMN accepted_at 'when a destination first accepted it; NULL: none has',
    COMMENT COLUMN destinations 'what became of it at each: accepted, refused or skipped',
    COMMENT COLUMN reasons 'why refused or skipped',
    COMMENT COLUMN missing 'of webhook, pixel, order, purchase, receipt and acceptance, what is not there; an order of a till lacks no pixel';

-- A late event may join two visits to one, or part one. Their events keep the visit they were first put into; one small
-- row says which visit that became part of, and the view reads it. A visit that names itself was parted: which visit an
-- event of it is in tells the event's time.
CREATE TABLE IF NOT EXISTS merged_sessions ON CLUSTER 'shops'
(
    shop_id     LowCardinality(String) COMMENT 'the shop',
    visitor_id  UUID                   COMMENT 'one browser at one shop',
    session_id  UUID                   COMMENT 'the visit that is none any more, as its events name it',
    merged_into UUID                   COMMENT 'the visit it is part of; its own name: its events are in several, by their time',
    version     UInt64                 COMMENT 'the row of the greatest version counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, visitor_id, session_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800, index_granularity = 512
COMMENT 'Which visit a visit became part of; read it with FINAL';

CREATE OR REPLACE VIEW moved_sessions ON CLUSTER 'shops' AS
SELECT
    m.session_id AS session_id,
    if(m.merged_into = m.session_id, v.starts, [toDateTime64(0, 3, 'UTC')]) AS starts,
    if(m.merged_into = m.session_id, v.visits, [m.merged_into]) AS visits
FROM (SELECT visitor_id, session_id, merged_into FROM merged_sessions FINAL) AS m
LEFT JOIN
(
    SELECT visitor_id, arraySort(groupArray((started_at, ended_at, session_id))) AS made, made.1 AS starts, made.3 AS visits
    FROM sessions FINAL
    WHERE visitor_id IN (SELECT visitor_id FROM merged_sessions WHERE merged_into = session_id)
    GROUP BY visitor_id
) AS v ON m.visitor_id = v.visitor_id
COMMENT 'Visits that their events name and that are other visits now: from starts[i] on it is visits[i]';

ALTER TABLE moved_sessions ON CLUSTER 'shops'
    COMMENT COLUMN session_id 'the visit as its events name it',
    COMMENT COLUMN starts 'from starts[i] on ...',
    COMMENT COLUMN visits '... its events are in visits[i]';

-- Moved visits are few, so they come as arrays: a second join would cost every question a third of its speed. The
-- arrays begin with a visit that does not exist, since transform() takes none that are empty. Most browsers belong to one
-- person from one time on: only further turns come through the join as an array, since arrays cost more than the join.
CREATE OR REPLACE VIEW events_by_person ON CLUSTER 'shops' AS
WITH
    (
        SELECT (
            arrayConcat([toUUID('00000000-0000-0000-0000-000000000001')], groupArray(session_id)),
            arrayConcat([[toDateTime64(0, 3, 'UTC')]], groupArray(starts)),
            arrayConcat([[toUUID('00000000-0000-0000-0000-000000000001')]], groupArray(visits)))
        FROM moved_sessions
    ) AS moved,
    transform(e.session_id, moved.1, arrayEnumerate(moved.1), toUInt32(0)) AS place
SELECT
    e.* REPLACE (if(
        place = 0, e.session_id,
        moved.3[place][greatest(1, arrayLastIndex(since -> since <= e.occurred_at, moved.2[place]))]) AS session_id),
    multiIf(
        o.turned = 0, e.person_id_then,
        e.occurred_at < o.first_at, e.visitor_id,
        o.turned = 1, o.person,
        arrayLast(turn -> turn.1 <= e.occurred_at, arrayPushFront(o.turns, (o.first_at, o.person))).2) AS person_id,
    multiIf(
        o.turned > 0, o.customers[arrayLastIndex(since -> since <= e.occurred_at, o.starts)],
        e.person_id_then != e.visitor_id, e.customer_id,
        '') AS person_customer_id
FROM events AS e FINAL
LEFT ANY JOIN
(
    SELECT
        visitor_id AS browser, starts, customers, if(length(starts) > 1, 2, 1) AS turned, persons[1] AS person,
        arrayPopFront(arrayZip(starts, persons)) AS turns,
        if(empty(starts), toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), starts[1]) AS first_at
    FROM identity_overrides FINAL
) AS o ON e.visitor_id = o.browser
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT 'events, deduplicated, with the visit and the person each belongs to as known today';

ALTER TABLE events_by_person ON CLUSTER 'shops'
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN person_customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind';

-- The same for the visits that orders name, by the time of the order; of a visit parted later than that, its first part.
CREATE OR REPLACE VIEW orders_by_person ON CLUSTER 'shops' AS
WITH
    (
        SELECT (
            arrayConcat([toUUID('00000000-0000-0000-0000-000000000001')], groupArray(session_id)),
            arrayConcat([[toDateTime64(0, 3, 'UTC')]], groupArray(starts)),
            arrayConcat([[toUUID('00000000-0000-0000-0000-000000000001')]], groupArray(visits)))
        FROM moved_sessions
    ) AS moved,
    transform(o.session_id, moved.1, arrayEnumerate(moved.1), toUInt32(0)) AS place,
    unhex('6f1d3c1e6b0e5d0a9a545f1f6c0a7e11') AS namespace,
    lower(hex(SHA1(concat(namespace, 'person', char(31), o.shop_id, char(31), o.customer_id)))) AS h,
    substring('89ab89ab89ab89ab', 1 + reinterpretAsUInt8(unhex(concat('0', substring(h, 17, 1)))), 1) AS variant,
    toUUID(concat(
        substring(h, 1, 8), '-', substring(h, 9, 4), '-5', substring(h, 14, 3), '-',
        variant, substring(h, 18, 3), '-', substring(h, 21, 12))) AS customer,
    arrayLastIndex(since -> since <= o.ordered_at, t.starts) AS at
SELECT
    o.* REPLACE (if(
        place = 0, o.session_id,
        moved.3[place][greatest(1, arrayLastIndex(since -> since <= o.ordered_at, moved.2[place]))]) AS session_id),
    multiIf(o.customer_id != '', customer, at = 0, o.visitor_id, t.persons[at]) AS person_id
FROM orders AS o FINAL
LEFT JOIN (SELECT visitor_id, starts, persons FROM identity_overrides FINAL) AS t ON o.visitor_id = t.visitor_id
COMMENT 'orders, deduplicated, with the visit and the person who made each as known today';

ALTER TABLE orders_by_person ON CLUSTER 'shops' COMMENT COLUMN person_id 'who made it, as known today; all zeros where nobody is known';

-- Rows of visits long over are not written again when a browser is taken from its customer, or given one.
CREATE OR REPLACE VIEW sessions_by_person ON CLUSTER 'shops' AS
SELECT
    s.* REPLACE (t.customers[arrayLastIndex(since -> since <= s.ended_at, t.starts)] AS customer_id),
    multiIf(
        t.turned = 0 OR s.ended_at < t.first_at, s.visitor_id,
        t.turned = 1, t.person,
        arrayLast(turn -> turn.1 <= s.ended_at, arrayPushFront(t.turns, (t.first_at, t.person))).2) AS person_id,
    multiIf(
        s.utm_source != '', s.utm_source,
        mapContains(s.click_ids, 'gclid'), 'google',
        mapContains(s.click_ids, 'fbclid'), 'facebook',
        s.referrer != '' AND domainWithoutWWW(s.referrer) != domainWithoutWWW(s.entry_url), domainWithoutWWW(s.referrer),
        'direct'
    ) AS arrived_from
FROM sessions AS s FINAL
LEFT ANY JOIN
(
    SELECT
        visitor_id AS browser, starts, customers, if(length(starts) > 1, 2, 1) AS turned, persons[1] AS person,
        arrayPopFront(arrayZip(starts, persons)) AS turns,
        if(empty(starts), toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), starts[1]) AS first_at
    FROM identity_overrides FINAL
) AS t ON s.visitor_id = t.browser
COMMENT 'sessions, deduplicated, with the customer and the person who made each as known today';

ALTER TABLE sessions_by_person ON CLUSTER 'shops'
    COMMENT COLUMN customer_id 'the shop''s customer that person is; empty for a browser nobody is known behind',
    COMMENT COLUMN person_id 'who it was, as known today',
    COMMENT COLUMN arrived_from 'what brought it: the campaign''s source, else the network of its click id, else the referring site, else direct';

CREATE OR REPLACE VIEW event_items ON CLUSTER 'shops' AS
SELECT
    shop_id, event_id, name, occurred_at, visitor_id, session_id, customer_id, checkout_token, order_id,
    line, items.product_id AS product_id, items.variant_id AS variant_id, items.sku AS sku, items.title AS title,
    items.category AS category, items.brand AS brand, items.price AS price, items.quantity AS quantity,
    currency, items.known AS known
FROM events_by_person
ARRAY JOIN items, arrayEnumerate(items.product_id) AS line
COMMENT 'Products of events, one row each: a checkout of three lines is three rows';

ALTER TABLE event_items ON CLUSTER 'shops'
    COMMENT COLUMN shop_id 'the shop',
    COMMENT COLUMN event_id 'the event',
    COMMENT COLUMN name 'its name',
    COMMENT COLUMN occurred_at 'when it happened, by the visitor''s clock',
    COMMENT COLUMN visitor_id 'one browser at one shop',
    COMMENT COLUMN session_id 'the visit',
    COMMENT COLUMN customer_id 'the shop''s customer, where the event named one; else empty',
    COMMENT COLUMN checkout_token 'the checkout, else empty',
    COMMENT COLUMN order_id 'the order, else empty',
    COMMENT COLUMN line 'position in the event, from 1',
    COMMENT COLUMN product_id 'the product',
    COMMENT COLUMN variant_id 'its variant',
    COMMENT COLUMN sku 'the shop''s stock number',
    COMMENT COLUMN title 'the product''s title in the catalog, else as the event said it',
    COMMENT COLUMN category 'its category, likewise',
    COMMENT COLUMN brand 'its brand, likewise',
    COMMENT COLUMN price 'the price of one, as the event said it',
    COMMENT COLUMN quantity 'how many',
    COMMENT COLUMN currency 'ISO 4217 code of the price',
    COMMENT COLUMN known 'whether the catalog knew the product when the event came';

-- Catalogs at Meta: what became of every item at every change, how each run over a catalog went, and what a person
-- should look at. A catalog's records are in one partition of their topic, so the greatest offset is the latest word.
CREATE TABLE IF NOT EXISTS product_syncs ON CLUSTER 'shops'
(
    shop_id      LowCardinality(String)                  COMMENT 'the shop',
    catalog      LowCardinality(String)                  COMMENT 'the shop''s name of the catalog',
    catalog_id   LowCardinality(String)                  COMMENT 'Meta''s number of the catalog',
    item_id      String CODEC(ZSTD(1))                   COMMENT 'the item''s id at Meta, which events name as content id',
    product_id   String CODEC(ZSTD(1))                   COMMENT 'the shop''s product that the item stands for',
    method       LowCardinality(String)                  COMMENT 'CREATE, UPDATE or DELETE; empty: nothing was sent',
    status       LowCardinality(String)                  COMMENT 'pending, then accepted, rejected or deleted; skipped: it cannot be listed',
    reason       LowCardinality(String)                  COMMENT 'why rejected or skipped, of the list in docs/catalog.md; else empty',
    message      String CODEC(ZSTD(1))                   COMMENT 'what Meta said, word by word',
    suggestion   String CODEC(ZSTD(1))                   COMMENT 'what to do about it',
    warnings     Array(String) CODEC(ZSTD(1))            COMMENT 'what Meta advises, although it accepted the item',
    handle       String CODEC(ZSTD(1))                   COMMENT 'the batch it was sent with, as Meta calls it',
    job_id       String CODEC(ZSTD(1))                   COMMENT 'the run that sent it, see sync_jobs; empty: a change did',
    attempts     UInt16                                  COMMENT 'how often this state of the item was sent',
    failures     UInt16                                  COMMENT 'how often in a row it was rejected',
    payload_hash String CODEC(ZSTD(1))                   COMMENT 'hash of what was sent for it',
    changed_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when the shop changed what was sent: the version of the product',
    sent_at      Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)) COMMENT 'when it was sent',
    finished_at  Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)) COMMENT 'when Meta''s verdict was known',
    told_at      DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when this became so: finished_at, else sent_at, else changed_at',
    version      UInt64                                  COMMENT 'offset of the record: the greatest is the item''s state'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
PARTITION BY toYYYYMM(told_at)
ORDER BY (shop_id, catalog, item_id, told_at, changed_at, method, status, attempts)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'History of catalog items at Meta, one row per receipt; read it with FINAL';

CREATE TABLE IF NOT EXISTS sync_jobs ON CLUSTER 'shops'
(
    shop_id     LowCardinality(String)                  COMMENT 'the shop',
    catalog     LowCardinality(String)                  COMMENT 'the shop''s name of the catalog',
    catalog_id  LowCardinality(String)                  COMMENT 'Meta''s number of the catalog',
    job_id      String CODEC(ZSTD(1))                   COMMENT 'the run',
    kind        LowCardinality(String)                  COMMENT 'full, reconcile, retry or feed',
    trigger     LowCardinality(String)                  COMMENT 'what started it: first, schedule, command or api',
    state       LowCardinality(String)                  COMMENT 'running, finished, failed or stopped',
    started_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it began',
    updated_at  DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it told of itself last',
    finished_at Nullable(DateTime64(3, 'UTC'))          COMMENT 'when it ended',
    next_at     Nullable(DateTime64(3, 'UTC'))          COMMENT 'when the schedule brings the next',
    total       UInt32                                  COMMENT 'items to do',
    done        UInt32                                  COMMENT 'items done',
    calls       UInt32                                  COMMENT 'requests made to Meta',
    accepted    UInt32                                  COMMENT 'items accepted',
    rejected    UInt32                                  COMMENT 'items rejected',
    deleted     UInt32                                  COMMENT 'items deleted',
    skipped     UInt32                                  COMMENT 'items that cannot be listed',
    orphans     UInt32                                  COMMENT 'items at Meta that no product stood for',
    repaired    UInt32                                  COMMENT 'items that were missing at Meta, or other there',
    failure     LowCardinality(String)                  COMMENT 'why it failed, of a closed list; else empty',
    detail      String CODEC(ZSTD(1))                   COMMENT 'more about it',
    quota_percent Nullable(UInt16)                    COMMENT 'of Meta''s limits, how much of the one used most, as its last answer said',
    version     UInt64                                  COMMENT 'offset of the record: the greatest counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, catalog, started_at, job_id)
SETTINGS replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800
COMMENT 'Runs over catalogs at Meta, one row each as it stands; read it with FINAL';

CREATE TABLE IF NOT EXISTS alerts ON CLUSTER 'shops'
(
    shop_id   LowCardinality(String)                  COMMENT 'the shop',
    alert_id  String CODEC(ZSTD(1))                   COMMENT 'the alert',
    kind      LowCardinality(String)                  COMMENT 'item_rejected, catalog_stopped or feed_failed',
    subject   String CODEC(ZSTD(1))                   COMMENT 'what it is about: the catalog, and the item',
    message   String CODEC(ZSTD(1))                   COMMENT 'what was said',
    count     UInt32                                  COMMENT 'how often in a row',
    raised_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'when it was raised',
    version   UInt64                                  COMMENT 'offset of the record: the greatest counts'
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{database}/{table}', '{shard}-{replica}', version)
ORDER BY (shop_id, raised_at, alert_id)
SETTINGS replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800
COMMENT 'What a person should look at; read it with FINAL';

CREATE OR REPLACE VIEW product_syncs_now ON CLUSTER 'shops' AS
SELECT s.*
FROM product_syncs AS s FINAL
INNER JOIN
(
    SELECT shop_id, catalog, item_id, max(version) AS version FROM product_syncs GROUP BY shop_id, catalog, item_id
) AS latest USING (shop_id, catalog, item_id, version)
COMMENT 'Catalog items at Meta as they are, one row per item';

