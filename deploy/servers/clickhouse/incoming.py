"""An HTTP request comes in, the `Job` it asks for goes out: who, with which parameters, which statement."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from deploy.servers.clickhouse.access import user_of
from deploy.servers.clickhouse.body import read_body
from deploy.servers.clickhouse.codecs import Decoder, decoder_for
from deploy.servers.clickhouse.execution import Execution, Job
from deploy.servers.clickhouse.external import ExternalTable, read_form, take_external
from deploy.servers.clickhouse.frames import BlockDecoder
from deploy.servers.clickhouse.parameters import parameters_of
from deploy.servers.clickhouse.request import statement_of


async def read_job(request: Request, execution: Execution, *, password: str, max_body_bytes: int) -> Job:
    """Read all of *request*; the caller ends the job's `running` and closes its `body`.

    Raises: `QueryError`, having closed the body.
    """
    values = dict(request.query_params)
    headers = request.headers
    user = user_of(headers, values, password=password)
    decoders = _decoders(headers.get("content-encoding", ""), values)
    body = await read_body(_pieces(request), decoders, folder=execution.engine.folder, max_bytes=max_body_bytes)
    try:
        external: tuple[ExternalTable, ...] = ()
        if headers.get("content-type", "").startswith("multipart/form-data"):
            fields, files = await asyncio.to_thread(read_form, headers["content-type"], body)
            values |= fields
            external = take_external(files, values)
        if "x-clickhouse-database" in headers:
            values.setdefault("database", headers["x-clickhouse-database"])
        asked_format = values.get("default_format") or headers.get("x-clickhouse-format")
        statement = statement_of(values.get("query", ""), body, default_format=asked_format)
        return Job(
            user=user,
            statement=statement,
            parameters=parameters_of(values),
            running=execution.running.begin(values.get("query_id", "")),
            default_format=asked_format or "TabSeparated",
            body=body,
            changes=request.method == "POST",
            external=external,
        )
    except BaseException:
        body.close()
        raise


def _decoders(coding: str, values: dict[str, str]) -> list[Decoder]:
    outer = decoder_for(coding)
    decoders = [outer] if outer is not None else []
    if values.get("decompress") in ("1", "true"):
        decoders.append(BlockDecoder())
    return decoders


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield piece
