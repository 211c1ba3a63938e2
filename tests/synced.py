"""What becomes of catalogs at Meta, for tests: complete, ordinary, and different only where a test says so."""

from typing import Any

from schemas.catalog_records import Alert, ProductReceipt, SyncJob
from tests.builders import NOON


def a_product_receipt(**changes: Any) -> ProductReceipt:
    """Meta took a change of the bracelet after three seconds."""
    receipt = ProductReceipt(
        shop_id="demo",
        catalog_id="880000000000001",
        item_id="43751530397931",
        product_id="7992983748843",
        status="accepted",
        message=None,
        suggestion=None,
        handle="h1",
        job_id=None,
        changed_at=NOON,
        sent_at=NOON + 1_000,
        finished_at=NOON + 3_000,
        catalog="main",
        method="UPDATE",
        reason=None,
        warnings=[],
        attempts=1,
        failures=0,
        payload_hash="a1",
        doubtful=False,
    )
    return receipt | changes  # type: ignore[return-value]


def a_sync_job(**changes: Any) -> SyncJob:
    """A full sync of twenty items that went well."""
    job = SyncJob(
        job_id="j1",
        shop_id="demo",
        catalog="main",
        catalog_id="880000000000001",
        kind="full",
        trigger="schedule",
        state="finished",
        started_at=NOON,
        updated_at=NOON + 9_000,
        finished_at=NOON + 9_000,
        next_at=NOON + 5 * 86_400_000,
        total=20,
        done=20,
        calls=3,
        accepted=19,
        rejected=1,
        deleted=0,
        skipped=0,
        orphans=0,
        repaired=0,
        failure=None,
        detail=None,
        quota_percent=7,
    )
    return job | changes  # type: ignore[return-value]


def an_alert(**changes: Any) -> Alert:
    """An item that Meta refused three times in a row."""
    alert = Alert(
        alert_id="a1",
        shop_id="demo",
        kind="item_rejected",
        subject="main|43751530397931",
        message="Image could not be fetched",
        count=3,
        raised_at=NOON,
    )
    return alert | changes  # type: ignore[return-value]
