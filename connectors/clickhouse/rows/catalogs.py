"""What becomes of catalogs at Meta as rows: receipts of items, runs, alerts.

A catalog's records are in one partition, so the offset is their order and the version of their rows.
"""

from typing import Final

from connectors.clickhouse.rows.values import Row, when
from schemas.catalog_records import Alert, ProductReceipt, SyncJob

SYNC_COLUMNS: Final = (
    *("shop_id", "catalog", "catalog_id", "item_id", "product_id", "method", "status"),
    *("reason", "message", "suggestion", "warnings", "handle", "job_id", "attempts", "failures", "payload_hash"),
    *("changed_at", "sent_at", "finished_at", "told_at", "version"),
)
JOB_COLUMNS: Final = (
    *("shop_id", "catalog", "catalog_id", "job_id", "kind", "trigger", "state"),
    *("started_at", "updated_at", "finished_at", "next_at"),
    *("total", "done", "calls", "accepted", "rejected", "deleted", "skipped", "orphans", "repaired"),
    *("failure", "detail", "quota_percent", "version"),
)
ALERT_COLUMNS: Final = ("shop_id", "alert_id", "kind", "subject", "message", "count", "raised_at", "version")


def sync_row(receipt: ProductReceipt, offset: int) -> Row:
    """Write the receipt that stands at *offset*."""
    told_at = receipt["finished_at"] or receipt["sent_at"] or receipt["changed_at"]
    return [
        receipt["shop_id"],
        receipt["catalog"],
        receipt["catalog_id"],
        receipt["item_id"],
        receipt["product_id"],
        receipt["method"],
        receipt["status"],
        receipt["reason"] or "",
        receipt["message"] or "",
        receipt["suggestion"] or "",
        receipt["warnings"],
        receipt["handle"] or "",
        receipt["job_id"] or "",
        receipt["attempts"],
        receipt["failures"],
        receipt["payload_hash"] or "",
        receipt["changed_at"] / 1000,
        when(receipt["sent_at"]),
        when(receipt["finished_at"]),
        told_at / 1000,
        offset,
    ]


def job_row(job: SyncJob, offset: int) -> Row:
    """Write how a run stood at *offset*."""
    return [
        job["shop_id"],
        job["catalog"],
        job["catalog_id"],
        job["job_id"],
        job["kind"],
        job["trigger"],
        job["state"],
        job["started_at"] / 1000,
        job["updated_at"] / 1000,
        when(job["finished_at"]),
        when(job["next_at"]),
        job["total"],
        job["done"],
        job["calls"],
        job["accepted"],
        job["rejected"],
        job["deleted"],
        job["skipped"],
        job["orphans"],
        job["repaired"],
        job["failure"] or "",
        job["detail"] or "",
        job["quota_percent"],
        offset,
    ]


def alert_row(alert: Alert, offset: int) -> Row:
    """Write one alert."""
    return [
        alert["shop_id"],
        alert["alert_id"],
        alert["kind"],
        alert["subject"],
        alert["message"] or "",
        alert["count"],
        alert["raised_at"] / 1000,
        offset,
    ]
