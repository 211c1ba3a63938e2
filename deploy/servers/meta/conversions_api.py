"""
The Conversions API: `POST /{version}/{pixel_id}/events`, one function from call to answer.

Checked in this order: token, pixel, `data`, then each event; the first problem refuses the whole request.
Documented at https://developers.facebook.com/documentation/ads-commerce/conversions-api/using-the-api
"""

from collections.abc import Mapping, Sequence

from starlette.responses import Response
from starlette.routing import Route

from deploy.servers.meta import behaviours as b
from deploy.servers.meta.bodies import events_of
from deploy.servers.meta.calls import Call, endpoint
from deploy.servers.meta.event_rules import check_events
from deploy.servers.meta.graph import GraphError, events_received
from deploy.servers.meta.received import Delivery
from deploy.servers.meta.standin import StandIn


def routes(standin: StandIn) -> list[Route]:
    """Serve the Conversions API from *standin*."""
    return [Route("/{version}/{object_id}/events", endpoint(standin, "events", _receive), methods=["POST"])]


async def _receive(call: Call) -> Response:
    standin, pixel_id = call.standin, call.object_id
    standin.access.check_pixel(pixel_id, call.token)
    fields = call.fields
    events, now = events_of(fields), standin.clock()
    warnings = check_events(events, now=now)
    _refuse(call, events)
    code = fields.get("test_event_code")
    standin.take(Delivery(now, pixel_id, call.trace, str(code) if code else None, events, warnings))
    return events_received(len(events), call.trace)


def _refuse(call: Call, events: Sequence[Mapping[str, object]]) -> None:
    def holds_one(refuse: b.Refuse) -> bool:
        return any(refuse.refuses(event_name=event["event_name"], event_id=event.get("event_id")) for event in events)

    refuse = call.hit(b.Refuse, "refuse", when=holds_one)
    if refuse is not None:
        raise GraphError(refuse.code, f"(#{refuse.code}) Invalid parameter", subcode=refuse.subcode)
