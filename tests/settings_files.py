"""What .env.example says and which variables the settings read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from schemas import settings

ROOT: Final = Path(__file__).parents[1]
SECTIONS: Final = tuple(
    each
    for each in vars(settings).values()
    if isinstance(each, type) and issubclass(each, BaseSettings) and each is not BaseSettings
)


def variables_of(section: type[BaseSettings]) -> list[str]:
    """Name the environment variables of *section*, in order."""
    prefix = section.model_config.get("env_prefix", "")
    return [
        field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()
        for name, field in section.model_fields.items()
    ]


def env_example(changes: Mapping[str, str] = {}) -> dict[str, str]:
    """Read .env.example as compose does, with *changes*; `${OTHER}` is filled in from the lines above."""
    found: dict[str, str] = {}
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert name not in found, f"{name} stands twice"
            found[name] = changes.get(name) or re.sub(r"\$\{(\w+)\}", lambda match: found[match.group(1)], value)
    return found | dict(changes)
