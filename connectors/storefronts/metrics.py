"""What the webhook doors count."""

from typing import Final

from prometheus_client import Counter

WEBHOOKS: Final = Counter("ingest_webhooks_received", "Authentic webhooks by what became of them.", ("shop", "outcome"))
UNAUTHENTIC: Final = Counter("ingest_webhooks_unauthentic", "Webhooks answered 401.")
