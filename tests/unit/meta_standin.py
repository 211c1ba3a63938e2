"""Builders for the tests of Meta's stand-in: an event Meta would take, and a client of a stand-in in this process."""

from hashlib import sha256
from typing import Any

import httpx

from deploy.servers.meta.access import Access
from deploy.servers.meta.app import create_app
from deploy.servers.meta.standin import StandIn

NOW = 1_793_000_000.0  # 2026-10-26
TOKEN = "a-token-of-the-tests"
EVENTS = "/v26.0/1234567890/events"
GONE = object()


def hashed(text: str) -> str:
    """Hash as Meta asks for it."""
    return sha256(text.encode()).hexdigest()


def a_user(**changes: Any) -> dict[str, Any]:
    """Build somebody whom Meta can match."""
    return _changed({"em": [hashed("ada@shop.test")], "client_user_agent": "Mozilla/5.0"}, changes)


def a_purchase(**changes: Any) -> dict[str, Any]:
    """Build a purchase that Meta would take; `GONE` removes a field."""
    event = {
        "event_name": "Purchase",
        "event_time": int(NOW) - 60,
        "event_id": "order-1",
        "action_source": "website",
        "event_source_url": "https://shop.test/thanks",
        "user_data": a_user(),
        "custom_data": {"value": 12.5, "currency": "EUR"},
    }
    return _changed(event, changes)


def a_standin(**changes: Any) -> StandIn:
    """Build a stand-in at `NOW` that knows `TOKEN`."""
    settings: dict[str, Any] = {"access": Access.opened_to([TOKEN]), "clock": lambda: NOW}
    return StandIn(**(settings | changes))


def client_of(standin: StandIn | None = None, *, token: str | None = TOKEN) -> httpx.AsyncClient:
    """Build a client that bears *token*."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(create_app(standin or a_standin()))
    return httpx.AsyncClient(transport=transport, base_url="http://meta.test", headers=headers)


async def send(meta: httpx.AsyncClient, *events: dict[str, Any], to: str = EVENTS) -> httpx.Response:
    """Send *events* as JSON."""
    return await meta.post(to, json={"data": list(events)})


def code_of(response: httpx.Response) -> tuple[int, int, int | None]:
    """Read what a client decides on: HTTP status, code, subcode."""
    error = response.json()["error"]
    return response.status_code, error["code"], error.get("error_subcode")


def _changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (base | changes).items() if value is not GONE}
