"""Choose ports on 127.0.0.1: a preferred one comes in, one that is free goes out."""

import os
import random
import socket
from collections.abc import Collection
from typing import Final

from schemas.errors import ConfigurationError

LOOPBACK: Final = "127.0.0.1"
# Below the range the system itself takes ports for outgoing connections from, so that none is taken in between.
_USUAL: Final = "20000-31999"


def free_port(preferred: int | None = None, *, except_for: Collection[int] = ()) -> int:
    """Return *preferred* if it can be listened on, else another of `$STORESTREAM_PORTS` that can, none of *except_for*.

    Two who start servers side by side had better each have a range of their own: between choosing a port and listening
    on it there is time to choose it again.

    Raises:
        ConfigurationError: `$STORESTREAM_PORTS` is no range, such as `20000-31999`, or none of 200 tried is free.
    """
    if preferred is not None and preferred not in except_for and is_free(preferred):
        return preferred
    ports = _range()
    for port in random.sample(ports, min(200, len(ports))):
        if port not in except_for and is_free(port):
            return port
    raise ConfigurationError(f"no free port found on {LOOPBACK}: STORESTREAM_PORTS says which may be taken ({_USUAL})")


def _range() -> range:
    told = os.environ.get("STORESTREAM_PORTS") or _USUAL
    first, _, last = told.partition("-")
    if not (first.isdecimal() and last.isdecimal() and 0 < int(first) <= int(last) < 65_536):
        raise ConfigurationError(f"STORESTREAM_PORTS must be a range of ports, such as {_USUAL}")
    return range(int(first), int(last) + 1)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on *port* now."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do; closed connections linger
        try:
            attempt.bind((LOOPBACK, port))
            attempt.listen()
        except OSError:
            return False
    return True


def is_open(port: int) -> bool:
    """Tell whether something listens on *port*."""
    with socket.socket() as attempt:
        attempt.settimeout(0.5)
        return attempt.connect_ex((LOOPBACK, port)) == 0
