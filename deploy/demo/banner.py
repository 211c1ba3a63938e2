"""The demo's experiment: does a note on free shipping in the cart sell more? Half of the browsers see it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from analytics.experiments import configuration, results
from analytics.experiments.assignment import assign
from analytics.experiments.configuration import Experiment, Variant
from analytics.experiments.results import Reading
from connectors.clickhouse.client import connect, errors_translated
from schemas.identifiers import visitor_id
from schemas.settings import ClickHouseSettings

EXPERIMENT: Final = "free-shipping-note"
QUESTION: Final = "Does a note on free shipping in the cart sell more?"
WITHOUT_NOTE: Final = "without"
WITH_NOTE: Final = "with_note"
_SHOP: Final = "demo"
_DAYS: Final = 5
"""It began before the shoppers' days."""


def the_experiment() -> Experiment:
    """Describe it as a shop would in YAML."""
    return Experiment(
        shop=_SHOP,
        name=EXPERIMENT,
        question=QUESTION,
        variants=(Variant(name=WITHOUT_NOTE), Variant(name=WITH_NOTE)),
        people_planned=250,
        expected_uplift=0.3,
        started_at=datetime.now(UTC) - timedelta(days=_DAYS),
    )


def begin(clickhouse: ClickHouseSettings) -> None:
    """Store it, so that what came of it can be read. Raises as `configuration.apply`."""
    with closing(connect(clickhouse)) as client, errors_translated():
        configuration.apply(client, [the_experiment()])


def read(clickhouse: ClickHouseSettings) -> list[Reading]:
    """Read what came of it; none where nobody saw it. Raises as `results.read`."""
    return results.read(EXPERIMENT, _SHOP, clickhouse=clickhouse)


@cache
def _settled() -> Experiment:
    return the_experiment()


def variant_of(client_id: str) -> str:
    """Tell what the browser *client_id* sees, as the shop's theme would decide."""
    return assign(_settled(), visitor=visitor_id(_SHOP, client_id)) or WITHOUT_NOTE
