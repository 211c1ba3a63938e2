"""Lets nobody under /v1 without a token, nobody to a shop that is not its, and lets who only reads change nothing."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from analytics.api.tokens import Rights, Tokens, is_among

GUARDED: Final = "/v1/"
_SHOPS: Final = "/v1/shops/"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Middleware: reads `Authorization: Bearer TOKEN`, never the address, which proxies write down."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        """Stand before *app*."""
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or 403, or let the request through."""
        if scope["type"] == "http" and scope["path"].startswith(GUARDED):
            refusal = self._refusal(scope)
            _take_for_json(scope)
        else:
            refusal = None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        rights = self._tokens.rights_of(token.strip()) if scheme.lower() == "bearer" else Rights()
        if not rights.read:
            return JSONResponse({"error": "unauthorized"}, 401, {"WWW-Authenticate": "Bearer"})
        path: str = scope["path"]
        shop = path.removeprefix(_SHOPS).partition("/")[0] if path.startswith(_SHOPS) else None
        if shop is not None and not is_among(rights.read, shop):
            return JSONResponse({"error": "forbidden", "detail": "the token is not for this shop"}, 403)
        if scope["method"] not in READING and not is_among(rights.change, shop or ""):
            return JSONResponse({"error": "forbidden", "detail": "the token may read, and change nothing"}, 403)
        return None


def _take_for_json(scope: Scope) -> None:
    """Take a body for JSON whatever type it names, as `curl -d` does; no page of a stranger's has the token."""
    kept = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    scope["headers"] = [*kept, (b"content-type", b"application/json")]
