"""Sessions become rows of `sessions`, and those that are part of another now rows of `merged_sessions` too."""

from typing import Final

from connectors.clickhouse.rows.values import NIL, Row, path_of
from schemas.records import Session

COLUMNS: Final = (
    *("shop_id", "session_id", "visitor_id", "client_id", "customer_id", "started_at", "ended_at"),
    *("events", "page_views", "product_views", "cart_additions", "checkouts", "purchases"),
    *("entry_url", "entry_path", "referrer"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "click_ids"),
    *("device", "country", "language", "version", "is_deleted"),
)
MERGED_COLUMNS: Final = ("shop_id", "visitor_id", "session_id", "merged_into", "version")


def session_row(session: Session) -> Row:
    """Write one visit, whole, in the order of `COLUMNS`."""
    utm = session["utm"]
    return [
        session["shop_id"],
        session["session_id"],
        session["visitor_id"] or NIL,
        session["client_id"],
        session["customer_id"] or "",
        session["started_at"] / 1000,
        session["ended_at"] / 1000,
        session["events"],
        session["page_views"],
        session["product_views"],
        session["cart_additions"],
        session["checkouts"],
        session["purchases"],
        session["entry_url"] or "",
        path_of(session["entry_url"]),
        session["referrer"] or "",
        *(utm.get(name, "") for name in ("source", "medium", "campaign", "term", "content")),
        session["click_ids"],
        session["device"],
        session["country"] or "",
        session["language"] or "",
        session["version"],
        int(session["deleted"]),
    ]


def merged_rows(session: Session) -> list[Row]:
    """Write which visit this one became part of, if it did."""
    into = session["merged_into"]
    if into is None:
        return []
    return [[session["shop_id"], session["visitor_id"] or NIL, session["session_id"], into, session["version"]]]
