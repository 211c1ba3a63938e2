-- Who is who. Events are never rewritten when a visitor turns out to be a customer: one small row per visitor says
-- which person it is from when on, and the views join it. Small tables are whole on every node of a cluster.
CREATE TABLE IF NOT EXISTS {{table:identity_overrides}}
(
    shop_id    LowCardinality(String)          COMMENT 'the shop',
    visitor_id UUID                            COMMENT 'one browser at one shop',
    client_id  String CODEC(ZSTD(1))           COMMENT 'the browser, as the shop''s cookie names it',
    starts     Array(DateTime64(3, 'UTC'))     COMMENT 'from starts[i] on ...',
    customers  Array(String)                   COMMENT '... the browser belongs to customers[i]; empty: to nobody known',
    persons    Array(UUID)                     COMMENT '... which is the person persons[i]; the visitor itself while nobody is known',
    version    UInt64                          COMMENT 'the row of the greatest version counts'
)
ENGINE = {{engine_everywhere:ReplacingMergeTree(version)}}
ORDER BY (shop_id, visitor_id)
SETTINGS {{tokens:10000}}, index_granularity = 512
COMMENT 'Which person a browser is, from when on; read it with FINAL';

CREATE TABLE IF NOT EXISTS {{table:identity_log}}
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
ENGINE = {{engine_everywhere:ReplacingMergeTree(received_at)}}
ORDER BY (shop_id, identifier_type, identifier, link_id)
SETTINGS {{tokens:10000}}
COMMENT 'Every piece of evidence about who is who; read it with FINAL';
