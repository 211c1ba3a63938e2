"""The HTTP application: one list of routes per API of Meta's, and the control door."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from deploy.servers.meta import control, conversions_api
from deploy.servers.meta.catalog import batch_api, feeds_api, health_api, inspection, items_api, nodes, uploads_api
from deploy.servers.meta.graph import json_response, new_trace, unknown_path
from deploy.servers.meta.standin import StandIn


def create_app(standin: StandIn) -> Starlette:
    """Serve *standin*."""
    apis = (control, inspection, conversions_api, batch_api, items_api, feeds_api, uploads_api, health_api, nodes)
    return Starlette(
        routes=[route for api in apis for route in api.routes(standin)],
        exception_handlers={control.WrongControl: control.wrong_control, HTTPException: _no_such_path},
    )


def _no_such_path(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/_"):
        status = error.status_code if isinstance(error, HTTPException) else 500
        return json_response({"error": {"field": "path", "problem": "no such control"}}, status=status)
    return unknown_path().response(new_trace())
