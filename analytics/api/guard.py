"""Lets nobody under /v1 without a token, and nobody to a shop that is not the token's."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from analytics.api.tokens import Tokens, may_see

GUARDED: Final = "/v1/"
_SHOPS: Final = "/v1/shops/"


class Guard:
    """Middleware: reads `Authorization: Bearer TOKEN`, never the address, which proxies write down."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        """Stand before *app*."""
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 403, or let the request through."""
        refusal = self._refusal(scope) if scope["type"] == "http" and scope["path"].startswith(GUARDED) else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        shops = self._tokens.shops_of(token.strip()) if scheme.lower() == "bearer" else frozenset()
        if not shops:
            return JSONResponse({"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"})
        path: str = scope["path"]
        shop = path.removeprefix(_SHOPS).partition("/")[0] if path.startswith(_SHOPS) else None
        if shop is not None and not may_see(shops, shop):
            return JSONResponse({"error": "forbidden", "detail": "the token is not for this shop"}, 403)
        return None
