"""Checks of a catalog's settings that need no products, and how one is copied."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError

from connectors.meta.catalog.fields import KNOWN
from schemas.catalog import CatalogFile
from schemas.catalog_records import Catalog
from schemas.errors import TerminalError
from schemas.records import EpochMillis, Shop
from schemas.wording import wrong_fields


def advice(shop: Shop, catalog: Catalog, others: Iterable[Shop] = ()) -> Iterator[str]:
    """Say what looks wrong with *catalog*, though it may be meant. *others*: the shops there are."""
    for name in (catalog["token_env"], catalog["feed_token_env"]):
        if name and not os.environ.get(name):
            yield f"{name} is not set here; the processes that write the catalog need it"
    for attribute in sorted(set(catalog["fields"]) - KNOWN):
        yield f"fields.{attribute}: Meta documents no such attribute and would ignore it"
    for other in (each for each in others if each["shop_id"] != shop["shop_id"]):
        if any(each["catalog_id"] == catalog["catalog_id"] for each in other["catalogs"]):
            yield f"catalog_id is also of shop {other['shop_id']}: runs leave what stands for no product"
    if "{country}" in catalog["id_template"] and not shop["country"]:
        yield "id_template names the country, and the shop has none"
    if not catalog["primary"]:
        return
    for destination in shop["destinations"]:
        if destination["content_type"] == "product" and destination["content_id_template"] != catalog["id_template"]:
            told = f"{destination['content_id_template']}, items {catalog['id_template']}"
            yield f"events of destination {destination['name']} name {told}: Meta would match none"


def cloned(shop: Shop, source: str, changes: Mapping[str, str], now: EpochMillis) -> tuple[Shop, CatalogFile]:
    """Return *shop* with a copy of its catalog *source*, and the copy as a person writes it. It is not the primary.

    Raises:
        TerminalError: `bad_value`: *changes* are no name, number or variable, or another catalog has them.
    """
    original = next(each for each in shop["catalogs"] if each["name"] == source)
    try:
        file = CatalogFile.model_validate(cast(dict[str, Any], original) | dict(changes) | {"primary": False})
    except ValidationError as exc:
        wrong = wrong_fields(exc, "catalog")
        raise TerminalError("bad_value", ", ".join(wrong), ", ".join(wrong.values())) from None
    for field in ("name", "catalog_id"):
        if any(each[field] == changes[field] for each in shop["catalogs"]):
            raise TerminalError("bad_value", field, "another catalog of the shop has it")
    copy = cast(Catalog, file.to_record(primary=False))
    return shop | {"catalogs": [*shop["catalogs"], copy], "updated_at": now}, file
