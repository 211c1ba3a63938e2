"""ClickHouse without a server to install: the chDB engine behind ClickHouse's own HTTP protocol, on 127.0.0.1.

    python -m deploy.servers.clickhouse --path .storestream/clickhouse

One request goes through these files, in order: `app` (HTTP) → `access` (who asks) → `request` (what is asked) →
`statements` (where a statement ends and its rows begin) → `guard` (what an analyst may ask) → `execution` (the
engine) → `replies` (what goes back). What the embedded server does not do: docs/embedded-clickhouse.md.
"""
