"""`storestream recommendations build|profiles|show`: make recommendations, and see what would be shown."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, get_args

import click

from analytics.lookups import look_up
from analytics.recommending.building import build as build_models
from analytics.recommending.choosing import Recommendation
from analytics.recommending.models import MODELS, Model, Placement
from analytics.recommending.profiles import refresh_profiles
from analytics.recommending.serving import Query, Recommender
from deploy.commands.output import print_table, say
from schemas.settings import ClickHouseSettings, settings


@click.group()
def command() -> None:
    """Build recommendations and profiles, and show what would be recommended."""


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--model", "models", multiple=True, type=click.Choice(MODELS), help="Only this model; may be repeated.")
@click.option("--until", type=click.DateTime(), help="Only what happened before, in UTC.  [default: now]")
@click.option("--whole-history", is_flag=True, help="Read everything instead of each model's last days.")
def build(shop: str, models: tuple[Model, ...], until: datetime | None, whole_history: bool) -> None:
    """Build a new generation of each model, and switch over to it."""
    clickhouse, before = settings(ClickHouseSettings), until.replace(tzinfo=UTC) if until else None
    built = build_models(clickhouse, shop, models or MODELS, until=before, whole_history=whole_history)
    rows = [{"model": each.model, "rows": each.rows, "seconds": round(each.seconds, 2)} for each in built]
    print_table(rows, ("model", "rows", "seconds"))
    if not any(each.rows for each in built):
        say(f"nothing to recommend: ClickHouse knows too little of {shop}")


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--everybody", is_flag=True, help="All persons, not only those something happened to since.")
def profiles(shop: str, everybody: bool) -> None:
    """Refresh the profiles of whom something happened to since the last time."""
    done = refresh_profiles(settings(ClickHouseSettings), shop, everybody=everybody)
    say(f"{done.persons} profiles in {done.seconds:.2f} s")


@command.command()
@click.option("--shop", required=True, help="The shop.")
@click.option("--product", help="The product looked at.")
@click.option("--session", help="The visit at hand.")
@click.option("--person", help="The person, or the browser, at hand.")
@click.option(
    "--placement", type=click.Choice(get_args(Placement)), default="product", show_default=True, help="Where."
)
@click.option("-n", type=click.IntRange(1, 100), default=10, show_default=True, help="How many products.")
@click.option("--strategy", type=click.Choice(MODELS), help="The model to ask first.")
def show(**about: Any) -> None:
    """Show what would be recommended, and why."""
    asked = Query(**about)
    with closing(Recommender(settings(ClickHouseSettings))) as recommender:
        try:
            chosen = recommender.recommend(asked)
        except ValueError:
            raise click.UsageError("session and person are UUIDs") from None
    if chosen:
        print_table(_lines(chosen, _titles(asked.shop, chosen)), ("product", "title", "score", "model", "reason"))
    else:
        told = f"nothing to recommend at {asked.shop}: no build yet, and no product in its catalog is for sale"
        say(told)


def _titles(shop: str, chosen: Sequence[Recommendation]) -> dict[str, str]:
    products = sorted({name for each in chosen for name in (each.product_id, *each.because)})
    return {row["product_id"]: row["name"] for row in look_up("titles", shop=shop, products=products)}


def _lines(chosen: Sequence[Recommendation], titles: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {
            "product": each.product_id,
            "title": titles.get(each.product_id, ""),
            "score": f"{each.score:.4f}",
            "model": each.model,
            "reason": each._replace(because=tuple(titles.get(name, name) for name in each.because)).reason,
        }
        for each in chosen
    ]
