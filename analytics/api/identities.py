"""Who is who over HTTP: the same story as `storestream identities why`, and the same unlink.

GET  /v1/shops/{shop}/identities/{id}       who it is and why
POST /v1/shops/{shop}/identities/unlink     takes a customer from a browser; the token must administer the shop
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from analytics.api.places import Places
from analytics.evidence import known_of
from analytics.identities import Device, Known, story
from analytics.unlinking import NotLinkedError, Proposal, proposal
from schemas import identifiers
from schemas.errors import ConfigurationError
from schemas.records import Link
from schemas.settings import ApiSettings, ClickHouseSettings

PATH: Final = "/v1/shops/{shop}/identities"
_LONGEST: Final = 255
_UUID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_HEADERS: Final = {"Cache-Control": "private, no-store"}
_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "Nothing is known by the id, or nothing links the customer to the browser."},
    503: {"description": "ClickHouse or Kafka does not answer; come again."},
}

Publish = Callable[[Link], Awaitable[tuple[int, int]]]
"""Puts a link on Kafka; answers with its partition and offset."""


class Unlinking(BaseModel):
    """What to take back: a customer from a browser, which *visitor* or *client* names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visitor: str | None = Field(None, pattern=_UUID, description="The browser, by its visitor id.")
    client: str | None = Field(None, min_length=1, max_length=_LONGEST, description="The browser, by its client id.")
    customer: str = Field(min_length=1, max_length=_LONGEST, description="The customer to take from it.")
    reason: Literal["unlink", "shared_device", "wrong_customer", "mistake"] = Field(
        "unlink", description="Why, for the log."
    )
    dry_run: bool = Field(False, description="Say what would change, and change nothing.")


def routes(clickhouse: ClickHouseSettings, publish: Publish, limits: ApiSettings) -> list[BaseRoute]:
    """Make the routes; they read from *clickhouse*, so many at once, and what changes goes through *publish*."""
    places = Places(limits.questions_at_once, limits.wait_seconds)
    router = APIRouter(dependencies=[Security(HTTPBearer(auto_error=False))])

    async def why(shop: str, identifier: Annotated[str, Path(max_length=_LONGEST)]) -> Response:
        """Tell who it is and why: a person, visitor, client, visit, customer, checkout token, cart token or order."""
        try:
            async with places.one():
                known = await run_in_threadpool(known_of, identifier, shop, clickhouse)
        except ConfigurationError:
            return JSONResponse({"error": "unknown", "detail": "nothing is known by this id"}, 404, _HEADERS)
        return JSONResponse(_told(known), 200, _HEADERS)

    async def unlink(shop: str, asked: Unlinking) -> Response:
        """Take a customer from a browser: what was received until now no longer says it was theirs."""
        if (asked.visitor is None) == (asked.client is None):
            return JSONResponse({"error": "bad_value", "fields": ["client", "visitor"]}, 422, _HEADERS)
        visitor_id = asked.visitor or identifiers.visitor_id(shop, str(asked.client))
        try:
            async with places.one():
                found = await run_in_threadpool(proposal, shop, visitor_id, asked.customer, clickhouse)
        except NotLinkedError:
            detail = "nothing links this customer to this browser"
            return JSONResponse({"error": "not_linked", "detail": detail}, 404, _HEADERS)
        if asked.dry_run:
            return JSONResponse(_proposed(found), 200, _HEADERS)
        link = found.record(asked.reason)
        partition, offset = await publish(link)
        record = {"link_id": link["link_id"], "partition": partition, "offset": offset}
        return JSONResponse(_proposed(found) | {"unlinked": record}, 202, _HEADERS)

    taking = router.post(
        f"{PATH}/unlink", status_code=202, summary="Not this customer", response_model=None, responses=_ERRORS
    )
    telling = router.get(
        f"{PATH}/{{identifier:path}}", summary="Who is it, and why?", response_model=None, responses=_ERRORS
    )
    taking(unlink)
    telling(why)
    return list(router.routes)


def _told(known: Known) -> dict[str, Any]:
    return {
        "shop": known.shop_id,
        "id": known.asked,
        "known_as": known.known_as,
        "customers": list(known.customers),
        "persons": [identifiers.person_id(known.shop_id, each) for each in known.customers],
        "story": story(known),
        "browsers": [_browser(each) for each in known.devices],
        "evidence": [
            each._asdict() | {"occurred_at": _at(each.occurred_at), "received_at": _at(each.received_at)}
            for each in known.evidence
        ],
    }


def _browser(device: Device) -> dict[str, Any]:
    return {
        "visitor_id": device.visitor_id,
        "client_id": device.client_id,
        "device": device.device,
        "events": device.events,
        "first_seen_at": _at(device.first_seen_at) if device.events else None,
        "last_seen_at": _at(device.last_seen_at) if device.events else None,
        "timeline": [
            {"from": _at(start), "customer": customer or None}
            for start, customer in zip(device.starts, device.customers, strict=True)
        ],
    }


def _proposed(found: Proposal) -> dict[str, Any]:
    return {
        "shop": found.shop_id,
        "customer": found.customer_id,
        "browser": _browser(found.device),
        "evidence": [sentence for _, sentence in found.told()],
        "events": found.events,
        "visits": found.visits,
        "afterwards": found.afterwards(),
        "unlinked": None,
    }


def _at(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z"
