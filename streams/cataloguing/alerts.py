"""What a person should look at: an item that keeps being refused, a token that is, a feed unread; pure."""

from collections.abc import Iterable, Iterator

from connectors.meta.failures import Failure
from schemas.catalog_records import Alert, Catalog, ProductReceipt
from schemas.identifiers import alert_id
from schemas.records import EpochMillis
from streams.rules.catalog_items import raises_alert


def of_receipts(catalog: str, receipts: Iterable[ProductReceipt], now: EpochMillis) -> Iterator[Alert]:
    """Yield an alert for each item of the *catalog* (its name) whose rejection is the one to tell a person of."""
    for receipt in receipts:
        if receipt["status"] == "rejected" and raises_alert(receipt["failures"]):
            subject = f"{catalog}|{receipt['item_id']}"
            yield Alert(
                alert_id=alert_id(receipt["shop_id"], "item_rejected", subject, str(now)),
                shop_id=receipt["shop_id"],
                kind="item_rejected",
                subject=subject,
                message=receipt["message"],
                count=receipt["failures"],
                raised_at=now,
            )


def of_feed(shop_id: str, catalog: str, problem: str, now: EpochMillis) -> Alert:
    """Say that Meta could not read the feed of *catalog* (its name): it has what it had."""
    return Alert(
        alert_id=alert_id(shop_id, "feed_failed", catalog, str(now)),
        shop_id=shop_id,
        kind="feed_failed",
        subject=catalog,
        message=problem,
        count=1,
        raised_at=now,
    )


def of_stop(shop_id: str, catalog: Catalog, failure: Failure, now: EpochMillis) -> Alert:
    """Say that nothing goes to Meta, nor comes from it, until a person gives *catalog* a token that may."""
    said = failure.detail or f"Meta answered with code {failure.code}"
    return Alert(
        alert_id=alert_id(shop_id, "catalog_stopped", catalog["name"], str(now)),
        shop_id=shop_id,
        kind="catalog_stopped",
        subject=catalog["name"],
        message=f"the token in {catalog['token_env']} does not let us write the catalog: {said}",
        count=1,
        raised_at=now,
    )
