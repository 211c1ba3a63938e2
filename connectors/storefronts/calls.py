"""Patient requests to a shop system's API: waits when told to, tries again what may work, gives up in bounded time."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any, Final

import httpx
import orjson

from schemas.errors import TerminalError, TransientError

TIMEOUT_SECONDS: Final = 20.0
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 60.0
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

# It logs a line for every request, with its URL.
logging.getLogger("httpx").setLevel(logging.WARNING)

Sleep = Callable[[float], Awaitable[None]]
Send = Callable[[], Awaitable[httpx.Response]]


def http_client(transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Make the client that all calls of a process share; *transport* is for tests."""
    return httpx.AsyncClient(
        timeout=TIMEOUT_SECONDS,
        transport=transport,
        follow_redirects=False,
        headers={"User-Agent": "storestream", "Accept": "application/json"},
    )


class Caller:
    """Makes requests; *attempts* of each, and never a pause longer than *patience_seconds*."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        attempts: int = 5,
        patience_seconds: float = LONGEST_PAUSE_SECONDS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Take the connection pool; *sleep* is for tests."""
        self._http = http
        self._attempts = attempts
        self._patience = patience_seconds
        self._sleep = sleep

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> httpx.Response:
        """Return a 2xx or a 404.

        Raises:
            TransientError: it did not answer, or asked for more time than there is.
            TerminalError: `not_fetched`, it refuses; the detail is the status.
        """
        pair = httpx.BasicAuth(*auth) if auth else httpx.USE_CLIENT_DEFAULT
        return await self.send(lambda: self._http.get(url, params=params, headers=headers, auth=pair))

    async def post(self, url: str, content: bytes, *, headers: Mapping[str, str]) -> httpx.Response:
        """Post JSON; only what may be said twice. Returns and raises as `get`."""
        told = {"Content-Type": "application/json", **headers}
        return await self.send(lambda: self._http.post(url, content=content, headers=told))

    async def send(self, request: Send) -> httpx.Response:
        """Make the *request* until it is answered for good. Returns and raises as `get`."""
        for attempt in range(1, self._attempts + 1):
            try:
                answer = await request()
            except httpx.HTTPError as exc:
                pause, problem = _backoff(attempt), type(exc).__name__
            else:
                if answer.is_success or answer.status_code == httpx.codes.NOT_FOUND:
                    if pause_told := _told(answer.headers, exhausted_only=True):
                        await self._sleep(min(pause_told, self._patience))
                    return answer
                if answer.status_code not in _AGAIN:
                    raise TerminalError("not_fetched", "status", _refusal(answer.status_code))
                pause = _told(answer.headers, exhausted_only=False) or _backoff(attempt)
                problem = f"status {answer.status_code}"
            if attempt == self._attempts or pause > self._patience:
                raise TransientError(f"the shop's API did not answer: {problem}", pause)
            await self._sleep(pause)
        raise TransientError("the shop's API did not answer")


def _refusal(status: int) -> str:
    what = {401: " the key or token", 403: " what the key or token asks for"}.get(status, "")
    return f"the shop's API refused{what} with {status}"


def parsed(answer: httpx.Response) -> Any:
    """Read an answer's JSON. Raises `TransientError` when it is none, as a proxy or a cut connection makes it."""
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        raise TransientError("the shop's API answered with no JSON") from None


def _backoff(attempt: int) -> float:
    return FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)  # noqa: S311 - only spreads load


def _told(headers: Mapping[str, str], *, exhausted_only: bool) -> float:
    """Return the seconds that the headers ask for.

    BigCommerce: https://developer.bigcommerce.com/docs/start/best-practices/api-rate-limits.
    """
    reset = _number(headers.get("x-rate-limit-time-reset-ms")) / 1000
    if exhausted_only:
        return reset if headers.get("x-rate-limit-requests-left") == "0" else 0.0
    return max(reset, _number(headers.get("retry-after")))


def _number(text: str | None) -> float:
    try:
        number = float(text or "")
    except ValueError:
        return 0.0
    return number if 0.0 < number < inf else 0.0
