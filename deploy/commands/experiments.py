"""`storestream experiments apply|list|assign|results`: configure experiments, and read what came of them."""

from contextlib import closing
from pathlib import Path

import click
import yaml

from analytics.experiments import assignment, configuration, results
from analytics.experiments.configuration import Experiment
from connectors.clickhouse.client import connect, errors_translated
from deploy.commands.output import console, print_table, say
from schemas.settings import ClickHouseSettings, settings


@click.group()
def command() -> None:
    """Configure experiments, and read what came of them."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def apply(file: Path) -> None:
    """Check the experiments in FILE (YAML, a list under `experiments`) and store them."""
    try:
        experiments = configuration.parse(yaml.safe_load(file.read_text()))
    except yaml.YAMLError as exc:
        raise click.ClickException(f"{file.name}: no YAML ({type(exc).__name__})") from None
    with closing(connect(settings(ClickHouseSettings))) as client, errors_translated():
        configuration.apply(client, experiments)
    for each in experiments:
        say(f"{each.status}: {each.name} of {each.shop} ({', '.join(v.name for v in each.variants)})")


@command.command(name="list")
@click.option("--shop", help="Only this shop's.")
def list_(shop: str | None) -> None:
    """Show the experiments."""
    rows = [
        {
            "shop": each.shop,
            "experiment": each.name,
            "status": each.status,
            "variants": ", ".join(f"{variant.name} {variant.weight:.0%}" for variant in each.variants),
            "question": each.question,
        }
        for each in _configured(shop)
    ]
    print_table(rows, ("shop", "experiment", "status", "variants", "question"))


@command.command()
@click.argument("name")
@click.option("--shop", required=True, help="The shop.")
@click.option("--person", help="The person, where known.")
@click.option("--visitor", help="The browser.")
@click.option("--kept", help="The variant shown before, as the storefront remembers it.")
def assign(name: str, shop: str, **who: str | None) -> None:
    """Tell which variant of NAME somebody sees."""
    if not (who["person"] or who["visitor"]):
        raise click.UsageError("give --person or --visitor")
    found = [each for each in _configured(shop) if each.name == name]
    if not found:
        raise click.ClickException(f"{shop} has no experiment {name}")
    say(assignment.assign(found[0], **who) or "takes no part")


@command.command(name="results")
@click.argument("name")
@click.option("--shop", required=True, help="The shop.")
@click.option(
    "--segment",
    type=click.Choice(["all", "device", "source", "country", "returning"]),
    default="all",
    show_default=True,
    help="What to tell people apart by.",
)
def results_(name: str, shop: str, segment: str) -> None:
    """Compare the variants of NAME with its control, the first."""
    readings = results.read(name, shop, segment)
    for reading in readings:
        if segment != "all":
            say(f"{segment}: {reading.segment or 'unknown'}", style="bold")
        _print_arms(reading)
        _print_comparisons(reading)
        if reading.foreign_orders:
            console.print(f"{reading.foreign_orders:,} orders are not in {reading.currency}, and not in the revenue")
        console.print(f"people fit the weights with p = {reading.ratio_chance:.3f}")
        say(f"{reading.verdict}\n")
    if not readings:
        console.print("nobody has seen it yet")
    elif len(readings) > 1:
        console.print(f"{len(readings)} segments were read: by chance alone one in twenty looks different")


def _configured(shop: str | None) -> list[Experiment]:
    with closing(connect(settings(ClickHouseSettings))) as client, errors_translated():
        return configuration.configured(client, shop)


def _print_arms(reading: results.Reading) -> None:
    rows = [
        {
            "variant": arm.variant,
            "people": arm.converted.trials,
            "mixed": arm.mixed,
            "clicked": f"{arm.clicked.value:.2%}",
            "converted": f"{arm.converted.value:.2%}",
            "95 %": "{:.2%} to {:.2%}".format(*arm.converted_interval),
            f"{reading.currency} per person": f"{arm.revenue.value:.2f}",
            "95 % of it": "{:.2f} to {:.2f}".format(*arm.revenue_interval),
        }
        for arm in reading.arms
    ]
    print_table(rows, list(rows[0]))


def _print_comparisons(reading: results.Reading) -> None:
    for each in reading.comparisons:
        low, high = each.conversion.interval
        console.print(
            f"{each.variant}: conversion {results.told_uplift(each)} ({low * 100:+.2f} to {high * 100:+.2f} points), "
            f"z {each.conversion.statistic:.2f}, p {each.conversion.p:.4f}, P(B>A) {each.better:.3f}, "
            f"p at any time {each.always.p:.4f}"
        )
        low, high = each.revenue.interval
        console.print(
            f"{each.variant}: {each.revenue.value:+.2f} {reading.currency} per person ({low:+.2f} to {high:+.2f}), "
            f"Welch t {each.revenue.statistic:.2f}, p {each.revenue.p:.4f}; clicks p {each.click_through.p:.4f}"
        )
