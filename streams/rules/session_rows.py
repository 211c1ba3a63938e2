"""Writes a session out: its row, whole."""

from schemas.records import Session
from streams.rules.open_sessions import OpenSession


def session_row(
    session: OpenSession, shop_id: str, visitor_id: str, client_id: str, customer_id: str | None
) -> Session:
    """Write *session* out whole."""
    counts, entry = session.counts, session.entry
    return {
        "shop_id": shop_id,
        "session_id": session.session_id,
        "visitor_id": visitor_id,
        "client_id": client_id,
        "customer_id": customer_id,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "events": counts[0],
        "page_views": counts[1],
        "product_views": counts[2],
        "cart_additions": counts[3],
        "checkouts": counts[4],
        "purchases": counts[5],
        "entry_url": entry.url,
        "referrer": entry.referrer,
        "utm": entry.utm,
        "click_ids": entry.click_ids,
        "device": entry.device,
        "country": entry.country,
        "language": entry.language,
        "version": session.version,
        "deleted": False,
        "merged_into": session.session_id if session.parted else None,
    }
