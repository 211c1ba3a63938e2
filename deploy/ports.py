"""Choose ports on 127.0.0.1: a preferred one comes in, one that is free goes out."""

import random
import socket
from collections.abc import Collection
from typing import Final

LOOPBACK: Final = "127.0.0.1"
# Below the range the system itself takes ports for outgoing connections from, so that none is taken in between.
_RANGE: Final = range(20_000, 32_000)


def free_port(preferred: int | None = None, *, except_for: Collection[int] = ()) -> int:
    """Return *preferred* if it can be listened on, else another that can, none of *except_for*.

    Raises: `OSError` if none of 200 tried is free.
    """
    if preferred is not None and preferred not in except_for and is_free(preferred):
        return preferred
    for port in random.sample(_RANGE, 200):
        if port not in except_for and is_free(port):
            return port
    raise OSError(f"no free port found on {LOOPBACK}")


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
