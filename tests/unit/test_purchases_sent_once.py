"""From stitch to the door of forward: what a lost state makes stitch say again is not sent again."""

import pytest

from schemas.identifiers import purchase_event_id
from schemas.records import Consent, EnrichedEvent
from tests.builders import NOON, an_event, an_order
from tests.desks import Desk, envelope
from tests.forwarded import a_destination
from tests.stitched import Pipeline

ALLOWED = Consent(analytics=True, marketing=True, preferences=True, sale_of_data=True)
ORDER, TOKEN = "5396439498987", an_order()["checkout_token"]


@pytest.fixture(autouse=True)
def soon_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.forwarding.forwarder.time.time", lambda: NOON / 1000 + 60)


def bought(order_id: str | None, *, webhook_first: bool) -> EnrichedEvent:
    """Stitch one purchase with tables that know nothing, the halves in either order; an hour later it must be said."""
    pipeline = Pipeline()
    done = an_event(
        name="checkout_completed", event_id="done", checkout_token=TOKEN, order_id=order_id, consent=ALLOWED
    )
    if webhook_first:
        pipeline.publish_order(an_order())
        pipeline.run()
    pipeline.publish(done)
    pipeline.run()
    if not webhook_first:
        pipeline.publish_order(an_order())
        pipeline.run()
    pipeline.pass_time(NOON + 3_600_000)
    (purchase,) = pipeline.purchases()
    return purchase


@pytest.mark.parametrize("order_id", [ORDER, None])
@pytest.mark.parametrize("webhook_first", [True, False])
async def test_a_purchase_said_again_after_its_state_was_lost_is_not_sent_again(
    order_id: str | None, webhook_first: bool
) -> None:
    first, again = bought(order_id, webhook_first=True), bought(order_id, webhook_first=webhook_first)
    desk = Desk(a_destination(name="one"))
    await desk.take(1, envelope(first))
    await desk.settle(0)
    ((sent, status, _),) = desk.outbox.receipts()

    restarted = Desk(a_destination(name="one"), finals=[f"demo|{sent}|one".encode()])
    await restarted.take(1, envelope(first))
    await restarted.take(2, envelope(again))

    assert (sent, status) == (purchase_event_id("demo", ORDER), "accepted")
    assert again["event"]["event_id"] == sent
    assert (restarted.waiting, restarted.outbox.emitted) == ([], [])
    assert restarted.acked == [1, 2]
