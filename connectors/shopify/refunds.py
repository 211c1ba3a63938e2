"""A refund webhook → the record `OrderReceived`, as far as a refund tells of its order: how much was paid back.

Bodies: https://shopify.dev/docs/api/webhooks/latest?reference=toml#list-of-topics-refunds/create
"""

from typing import Any, Final

from connectors.shopify.deliveries import Delivery
from connectors.shopify.values import Amount, Identifier, Moment, RestBody, ShortText, id_of, validated
from schemas.errors import TerminalError
from schemas.records import OrderReceived

TOPIC: Final = "refunds/create"


class _Transaction(RestBody):
    kind: ShortText | None = None
    status: ShortText | None = None
    amount: Amount | None = None
    currency: ShortText | None = None


class _Refund(RestBody):
    id: Identifier | None = None
    order_id: Identifier | None = None
    created_at: Moment | None = None
    processed_at: Moment | None = None
    transactions: list[_Transaction] | None = None


def to_refund(body: Any, delivery: Delivery) -> OrderReceived:
    """Describe what was paid back of an order; the refund's own id is the delivery's, so that doubles count once.

    Raises:
        TerminalError: a field is missing or of a wrong type.
    """
    refund = validated(_Refund, body)
    order_id, refund_id = id_of(None, refund.order_id), id_of(None, refund.id)
    if order_id is None or refund_id is None:
        raise TerminalError("missing_field", "id" if refund_id is None else "order_id")
    paid_back = [each for each in refund.transactions or () if each.kind == "refund" and each.status == "success"]
    occurred_at = refund.processed_at or refund.created_at or delivery.triggered_at or delivery.received_at
    return OrderReceived(
        shop_id=delivery.shop["shop_id"],
        order_id=order_id,
        topic=delivery.topic,
        delivery_id=f"refund:{refund_id}",
        checkout_token=None,
        cart_token=None,
        customer_id=None,
        occurred_at=occurred_at,
        updated_at=occurred_at,
        received_at=delivery.received_at,
        status="partially_refunded",
        cancelled_at=None,
        first_order=None,
        value=None,
        currency=next((each.currency for each in paid_back if each.currency), None),
        totals={"refunded": round(sum(each.amount or 0.0 for each in paid_back), 4)},
        coupon=None,
        items=[],
        client_ip=None,
        user_agent=None,
        landing_url=None,
        referrer=None,
        country=None,
        user_data={},
        attributes={},
        sales_channel=None,
    )
