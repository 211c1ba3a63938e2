"""The HTTP port: requests of any ClickHouse client come in, its answers go out.

https://clickhouse.com/docs/interfaces/http. Everything that blocks runs on three lanes of threads: one for inserted
rows (one writer is fastest), a few for statements, one for KILL QUERY, which must not wait behind what it kills.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.servers.clickhouse.engine import Engine
from deploy.servers.clickhouse.errors import QueryError, from_engine
from deploy.servers.clickhouse.execution import Answer, Execution, Job
from deploy.servers.clickhouse.incoming import read_job
from deploy.servers.clickhouse.replies import PiecewiseResponse, coding_for, failure, result_headers, whole
from deploy.servers.clickhouse.streams import ResultStream

_THREADS: Final = 4
_SMALL_BYTES: Final = 65_536
_METHODS: Final = ["GET", "POST", "HEAD"]
T = TypeVar("T")

log = logging.getLogger(__name__)


def create_app(engine: Engine, *, password: str, max_body_bytes: int) -> Starlette:
    """Build the app around *engine*."""
    port = _Port(Execution(engine), password=password, max_body_bytes=max_body_bytes)
    fine = _always("Ok.\n", engine)
    return Starlette(
        routes=[
            Route("/ping", fine, methods=_METHODS),
            Route("/replicas_status", fine, methods=_METHODS),
            Route("/", port.answer, methods=_METHODS),
        ],
        # A page in a browser can make any name point to 127.0.0.1; it cannot choose the Host header.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        lifespan=port.lifespan,
    )


def _always(text: str, engine: Engine) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(text, headers=_common_headers(engine))

    return answer


class _Port:
    def __init__(self, execution: Execution, *, password: str, max_body_bytes: int) -> None:
        self._execution = execution
        self._password = password
        self._max_body_bytes = max_body_bytes
        self._rows = ThreadPoolExecutor(1, "rows")
        self._statements = ThreadPoolExecutor(_THREADS, "statements")
        self._kills = ThreadPoolExecutor(1, "kills")

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        headers = _common_headers(self._execution.engine)
        if request.method == "HEAD" or (request.method == "GET" and "query" not in request.query_params):
            return PlainTextResponse("Ok.\n", headers=headers)
        try:
            job = await read_job(request, self._execution, password=self._password, max_body_bytes=self._max_body_bytes)
        except QueryError as exc:
            return failure(exc, headers, self._execution.engine.version)
        headers["X-ClickHouse-Query-Id"] = job.running.query_id
        gone = asyncio.create_task(_until_gone(request))
        try:
            answer = await self._run(job, gone)
        except QueryError as exc:
            return self._end(job, gone, failure(exc, headers, self._execution.engine.version))
        except Exception as exc:  # the edge: a client is told in ClickHouse's words, and the query has ended
            log.error("query %s failed: %s", job.running.query_id, type(exc).__name__)
            told = from_engine(RuntimeError(type(exc).__name__))
            return self._end(job, gone, failure(told, headers, self._execution.engine.version))
        headers |= result_headers(answer, job.parameters)
        coding = coding_for(request.headers.get("accept-encoding", ""), job.parameters)
        if isinstance(answer.body, ResultStream):
            return PiecewiseResponse(self._pieces(job, answer.body, gone), headers, coding=coding)
        body = answer.body
        if len(body) < _SMALL_BYTES:  # not worth a thread
            return self._end(job, gone, whole(body, headers, coding))
        response = await _in(self._statements, lambda: whole(body, headers, coding))
        return self._end(job, gone, response)

    async def _run(self, job: Job, gone: asyncio.Task[None]) -> Answer:
        lane = self._kills if job.statement.word == "KILL" else self._statements
        lane = self._rows if job.statement.rows is not None else lane
        work = asyncio.ensure_future(_in(lane, lambda: self._execution.run(job)))
        if job.stops_with_client:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await _in(self._kills, lambda: self._execution.running.kill(job.running))
        return await work

    async def _pieces(self, job: Job, stream: ResultStream, gone: asyncio.Task[None]) -> AsyncGenerator[bytes, None]:
        try:
            while not gone.done() and (piece := await _in(self._statements, stream.next_piece)):
                yield piece
        finally:
            await asyncio.shield(_in(self._statements, stream.close))
            self._end(job, gone, Response())

    def _end(self, job: Job, gone: asyncio.Task[None], response: Response) -> Response:
        gone.cancel()
        self._execution.running.end(job.running)
        job.body.close()
        return response

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncGenerator[None, None]:
        """Live until the server stops; then stop what still runs and close the engine."""
        yield
        await _in(self._kills, self._execution.close)
        for lane in (self._rows, self._statements, self._kills):
            lane.shutdown(wait=False, cancel_futures=True)


async def _in(lane: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(lane, work)


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _common_headers(engine: Engine) -> dict[str, str]:
    return {
        "X-ClickHouse-Server-Display-Name": socket.gethostname(),
        "X-ClickHouse-Timezone": engine.timezone,
    }
