"""docs/first-hour.md is a transcript: this asks everything in it again, of a made-up shop that is always the same.

python -m tests.first_hour    # writes the page anew
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from analytics.migrate import migrate
from connectors.clickhouse.client import connect
from deploy.cli import storestream
from deploy.servers.clickhouse.local import running_clickhouse
from schemas.settings import ClickHouseSettings, settings
from tests.benchmarks.shop_years import fill

PAGE: Final = Path(__file__).parents[1] / "docs" / "first-hour.md"
EVENTS: Final = 20_000
UNTIL: Final = "2026-11-01"
WIDTH: Final = "118"
_COMMAND: Final = "    $ storestream "


def rewritten(page: str, run: Callable[[str], str]) -> str:
    """Return *page* with what stands below each command as *run* prints it now."""
    lines: list[str] = []
    answering = False
    for line in page.splitlines():
        if line.startswith(_COMMAND):
            answering = True
            told = run(line.removeprefix(_COMMAND)).rstrip().splitlines()
            lines += [line, *(f"    {each.rstrip()}".rstrip() for each in told)]
        elif not answering or not line.startswith("    "):
            answering = False
            lines.append(line)
    return "\n".join(lines) + "\n"


@contextmanager
def shop(clickhouse: ClickHouseSettings) -> Iterator[Callable[[str], str]]:
    """Make the shop in an empty database; gives a function that runs `storestream` on it and returns what it prints."""
    migrate(clickhouse)
    with closing(connect(clickhouse)) as client:
        fill(client, EVENTS, UNTIL)
    surroundings = {"CLICKHOUSE_URL": clickhouse.url.get_secret_value(), "COLUMNS": WIDTH}

    def run(command: str) -> str:
        settings.cache_clear()
        result = CliRunner().invoke(storestream, command.split(), env=surroundings, catch_exceptions=False)
        settings.cache_clear()
        assert result.exit_code == 0, result.output
        return result.output

    yield run


def main() -> None:
    """Write the page anew."""
    os.environ["COLUMNS"] = WIDTH
    with tempfile.TemporaryDirectory() as folder, running_clickhouse(Path(folder)) as server:
        clickhouse = ClickHouseSettings.model_validate({"CLICKHOUSE_URL": f"{server.url}/first_hour"})
        with shop(clickhouse) as run:
            PAGE.write_text(rewritten(PAGE.read_text(), run))


if __name__ == "__main__":
    main()
