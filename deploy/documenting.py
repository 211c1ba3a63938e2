"""Keeps the tables of docs/operations.md equal to the code: `python -m deploy.documenting` writes them anew."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from schemas import settings
from schemas.topics import TOPICS

PAGE: Final = Path(__file__).parents[1] / "docs" / "operations.md"
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


def topics_table() -> str:
    """Return the declared topics as a table of Markdown."""
    return _table(
        ("topic", "key", "value", "written by", "read by", "partitions", "kept"),
        (
            (
                f"`{topic.name}`",
                topic.key.replace("|", "\\|"),
                f"[{topic.value}](../schemas/avro/storestream.{topic.value}.avsc)",
                topic.writer,
                ", ".join(topic.readers),
                str(topic.partitions or "`STORESTREAM_PARTITIONS`"),
                _kept(topic.retention, compacted=topic.compacted),
            )
            for topic in TOPICS
        ),
    )


def settings_table() -> str:
    """Return every setting as a table of Markdown."""
    return _table(
        ("variable", "default", "meaning"),
        (
            (f"`{variable}`", _default(section, name), section.model_fields[name].description or "")
            for section in SECTIONS
            for name, variable in zip(section.model_fields, variables_of(section), strict=True)
        ),
    )


def rewritten(page: str) -> str:
    """Return *page* with what stands between its marks as the code has it now. Raises: `ValueError` without marks."""
    for mark, table in (("topics", topics_table()), ("settings", settings_table())):
        begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"{mark} is marked {page.count(begin)} times")
        before, _, rest = page.partition(begin)
        page = before + begin + table + end + rest.partition(end)[2]
    return page


def _kept(retention: timedelta | None, *, compacted: bool) -> str:
    how_long = "for ever" if retention is None else f"{retention.days} days"
    return f"{how_long}, the latest of each key" if compacted else how_long


def _default(section: type[BaseSettings], name: str) -> str:
    field = section.model_fields[name]
    if field.is_required():
        return "must be set"
    return f"`{field.default}`" if field.default not in (None, "") else "empty"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
