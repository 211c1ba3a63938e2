"""What .env.example says."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]


def env_example(changes: Mapping[str, str] = {}) -> dict[str, str]:
    """Read .env.example as compose does, with *changes*; `${OTHER}` is filled in from the lines above."""
    found: dict[str, str] = {}
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert name not in found, f"{name} stands twice"
            found[name] = changes.get(name) or re.sub(r"\$\{(\w+)\}", lambda match: found[match.group(1)], value)
    return found | dict(changes)
