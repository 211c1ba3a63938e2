"""
Resetting a connection without an answer: ASGI has no word for it, so uvicorn's protocol lends its transport.

Outside of uvicorn (a test over ASGI) the reset is raised as `ConnectionResetError`.
"""

import socket
import struct
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_ABORT: Final = "storestream.abort"


class AbortableProtocol(HttpToolsProtocol):
    """HTTP whose application can reset the connection."""

    def on_message_begin(self) -> None:
        """Put the way to reset into the scope of the request."""
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: {"call": self._reset}}

    def _reset(self) -> None:
        if self.transport.is_closing():  # the client has hung up itself
            return
        # Lingering for 0 s makes closing send RST: the client sees a reset, not an orderly end.
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class NoAnswer(Response):
    """Reset the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset, then wait until the server has noticed, or it would answer with a 500."""
        abort = scope.get("extensions", {}).get(_ABORT)
        if abort is None:
            raise ConnectionResetError("the stand-in was told to reset after accepting")
        abort["call"]()
        while (await receive())["type"] != "http.disconnect":
            pass
