"""Experiments as configured: YAML goes in, rows of the table `experiments` come out, and back.

    experiments:
      - shop: demo
        name: home-recommendations
        question: Do visits like this one sell more than what is popular?
        variants:                      # the first is the control
          - {name: popular, settings: {strategy: popular}}
          - {name: session_knn, settings: {strategy: session_knn}}
        people_planned: 20000

They are not part of `shops.configured`: no stream needs them, and results are read where they are, in ClickHouse.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    ValidationError,
    model_validator,
)

from schemas import wording
from schemas.errors import ConfigurationError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$")]

COLUMNS = (
    *("shop_id", "experiment", "status", "question", "salt", "traffic", "variants", "weights", "settings"),
    *("people_planned", "expected_uplift", "started_at", "ended_at", "version"),
)


class Variant(BaseModel):
    """One way of doing it. *weight* is its part among those who take part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    weight: FiniteFloat = Field(1.0, gt=0)
    settings: dict[str, JsonValue] = {}


class Experiment(BaseModel):
    """One experiment. Weights are parts of 1 once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shop: Name
    name: Name
    question: str = ""
    status: Literal["running", "stopped", "deleted"] = "running"
    salt: str = ""
    traffic: FiniteFloat = Field(1.0, gt=0, le=1)
    variants: tuple[Variant, ...] = Field(min_length=2, max_length=20)
    people_planned: int = Field(0, ge=0)
    expected_uplift: FiniteFloat = Field(0.1, gt=0)
    started_at: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    ended_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({variant.name for variant in self.variants}) != len(self.variants):
            raise ValueError("two variants have the same name")
        if self.ended_at is not None and self.ended_at < self.started_at:
            raise ValueError("it ended before it started")
        whole = sum(variant.weight for variant in self.variants)
        parts = tuple(each.model_copy(update={"weight": each.weight / whole}) for each in self.variants)
        object.__setattr__(self, "variants", parts)
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    experiments: list[Experiment] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len({(each.shop, each.name) for each in self.experiments}) != len(self.experiments):
            raise ValueError("two experiments of a shop have the same name")
        return self


def parse(content: object) -> list[Experiment]:
    """Read what a YAML file says.

    Raises:
        ConfigurationError: naming each wrong field, never its value.
    """
    try:
        return _File.model_validate(content).experiments
    except ValidationError as exc:
        raise ConfigurationError(f"wrong in the file: {wording.told(exc, 'the file')}") from None


def configured(client: Any, shop: str | None = None) -> list[Experiment]:
    """Read the experiments of *shop*, or of every shop. Raises what the driver raises."""
    sql = f"SELECT {', '.join(COLUMNS)} FROM experiments FINAL WHERE status != 'deleted'"  # noqa: S608 - our own names
    if shop is not None:
        sql += " AND shop_id = {shop:String}"
    rows = client.query(f"{sql} ORDER BY shop_id, experiment", {"shop": shop} if shop is not None else {}).result_rows
    return [_of_row(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def apply(client: Any, experiments: Sequence[Experiment]) -> None:
    """Write *experiments*; one that is applied again keeps the time it started.

    Raises:
        ConfigurationError: variants, weights or salt of a running experiment would change: who saw what would be lost.
    """
    known = {(each.shop, each.name): each for each in configured(client)}
    rows = []
    for each in experiments:
        before = known.get((each.shop, each.name))
        if before is not None and "running" in (before.status, each.status) and _plan(before) != _plan(each):
            raise ConfigurationError(
                f"experiments: {each.name} has begun, its variants, weights and salt stay; make another one instead"
            )
        if before is not None and "started_at" not in each.model_fields_set:
            each = each.model_copy(update={"started_at": before.started_at})
        if each.status == "stopped" and each.ended_at is None:
            ended = before.ended_at if before is not None and before.ended_at else datetime.now(UTC)
            each = each.model_copy(update={"ended_at": ended})
        rows.append(_row(each))
    client.insert("experiments", rows, column_names=COLUMNS)


def _plan(experiment: Experiment) -> object:
    return experiment.salt, [(variant.name, round(variant.weight, 9)) for variant in experiment.variants]


def _row(each: Experiment) -> list[object]:
    settings = [json.dumps(variant.settings, sort_keys=True) for variant in each.variants]
    variants, weights = [variant.name for variant in each.variants], [variant.weight for variant in each.variants]
    told = [each.shop, each.name, each.status, each.question, each.salt, each.traffic, variants, weights, settings]
    return [
        *(*told, each.people_planned, each.expected_uplift, each.started_at, each.ended_at),
        time.time_ns() // 1_000_000,
    ]


def _of_row(row: dict[str, Any]) -> Experiment:
    variants = [
        Variant(name=name, weight=weight, settings=json.loads(settings))
        for name, weight, settings in zip(row["variants"], row["weights"], row["settings"], strict=True)
    ]
    times = {name: row[name] and row[name].replace(tzinfo=UTC) for name in ("started_at", "ended_at")}
    kept = {name: row[name] for name in ("status", "question", "salt", "traffic", "people_planned", "expected_uplift")}
    return Experiment(shop=row["shop_id"], name=row["experiment"], variants=tuple(variants), **kept, **times)
