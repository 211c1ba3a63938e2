"""
Limits on the calls of one catalog: a call is counted before it is answered, and told how much is used up after.

Meta counts calls of a rolling hour and refuses with 80014 (batches) or 80009 (all else); see
https://developers.facebook.com/docs/graph-api/overview/rate-limiting. Without a quota nothing is limited nor said.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response

from deploy.servers.meta import behaviours as b
from deploy.servers.meta.calls import Answer, Call, usage_headers
from deploy.servers.meta.catalog.catalogs import Calls, Catalog
from deploy.servers.meta.graph import GraphError

_BUCKETS: Final = {80014: "catalog_batch", 80009: "catalog_management"}
CatalogAnswer = Callable[[Call, Catalog], Awaitable[Response]]


def counted(name: str, code: int, answer: CatalogAnswer) -> Answer:
    """Let *answer* answer calls of a catalog under the quota *name*; those over it are refused with *code*."""

    async def limited(call: Call) -> Response:
        standin = call.standin
        standin.access.check_catalog(call.object_id, call.token)
        catalog = standin.catalogs.of(call.object_id, standin.clock())
        return await under_quota(call, catalog, name, code, answer)

    return limited


async def under_quota(call: Call, catalog: Catalog, name: str, code: int, answer: CatalogAnswer) -> Response:
    """Count *call*, then have it answered."""
    catalog.calls[call.edge] += 1
    quota = call.standin.stage.hit(b.Quota, name, catalog.catalog_id)
    if quota is None:
        return await answer(call, catalog)
    calls, now = catalog.limited.setdefault(name, Calls()), call.standin.clock()
    used = calls.count(quota, now)
    percent = 100 * used // quota.calls
    headers = usage_headers(percent, calls.minutes_to_regain(quota, now), kind=_BUCKETS[code])
    if used > quota.calls:
        raise GraphError(code, f"(#{code}) There have been too many calls to this catalog", headers=headers)
    response = await answer(call, catalog)
    response.headers.update(headers)
    return response
