"""What is told of a destination that pauses."""

from types import SimpleNamespace
from typing import Any, cast

from structlog.testing import capture_logs

from connectors.meta.failures import Failure
from streams.forwarding.routes import Routes
from tests.builders import a_shop
from tests.desks import until
from tests.forwarded import FakeMeta, Ledger, a_destination, some_parcels, some_settings


async def test_a_paused_destination_is_told_of_with_metas_own_numbers() -> None:
    shops = SimpleNamespace(get=lambda _: a_shop(destinations=[a_destination(name="one")]))
    dead = Failure("token", 401, 190, 463, "trace")
    routes = Routes(FakeMeta(lambda _: dead), some_settings(), cast(Any, shops))
    routes.settle = Ledger().settle

    with capture_logs() as told:
        routes.offer(("demo", "one"), some_parcels("a"))
        await until(lambda: routes.is_paused(("demo", "one")))
    await routes.stop()

    (paused,) = [each for each in told if each["event"] == "destination paused"]
    assert (paused["log_level"], paused["destination"], paused["why"]) == ("error", "demo/one", "token")
    assert (paused["http_status"], paused["code"], paused["subcode"], paused["trace"]) == (401, 190, 463, "trace")
