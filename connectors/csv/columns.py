"""Which column is what: found out by their names, or told by a mapping file.

In: a header, and a `Mapping` (YAML, docs/catalog.md). Out: `Columns`, which read a row's cells by field.
"""

import re
from collections.abc import Mapping as Dictionary
from typing import Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.csv.numbers import Decimal
from connectors.csv.tables import Row
from schemas.errors import TerminalError
from schemas.wording import refusal

_Id = Literal["product_id", "handle", "parent", "variant_id", "sku", "barcode", "inventory_item_id"]
_Text = Literal["title", "description", "brand", "category", "tags", "collections", "variant_title"]
_Address = Literal["url", "image", "images", "variant_image"]
_Money = Literal["price", "sale_price", "compare_at_price", "currency"]
_State = Literal["status", "published", "availability", "preorder_at", "updated_at"]
_Stock = Literal["inventory_quantity", "inventory_tracker", "inventory_policy"]
Field = Literal[_Id, _Text, _Address, _Money, _State, _Stock]
FIELDS: Final[tuple[Field, ...]] = get_args(Field)

# Names as files of Shopify, Google, Meta, WooCommerce, BigCommerce and REES46 have them, in the order of preference.
_NAMES: Final[dict[Field, tuple[str, ...]]] = {
    "product_id": ("product id", "item group id", "parent id"),
    "handle": ("handle", "url handle", "slug"),
    "parent": ("parent", "parent sku"),
    "title": ("title", "name", "product name", "product title"),
    "description": ("body html", "description", "long description", "product description"),
    "url": ("link", "url", "product url", "permalink"),
    "status": ("status",),
    "published": ("published", "published on online store", "product visible"),
    "brand": ("vendor", "brand", "brand name", "manufacturer"),
    "category": ("categories", "type", "product type", "category", "product category", "category code"),
    "tags": ("tags",),
    "collections": ("collection", "collections"),
    "image": ("image src", "product image url", "image link", "image url", "image"),
    "images": ("additional image link", "images", "additional images"),
    "currency": ("currency", "currency code"),
    "preorder_at": ("availability date", "preorder date", "pre order date"),
    "updated_at": ("updated at", "date modified", "modified"),
    "variant_id": ("variant id", "id", "item id"),
    "sku": ("variant sku", "sku", "product code", "product code sku"),
    "variant_title": ("variant title",),
    "price": ("variant price", "price", "regular price", "default price"),
    "sale_price": ("sale price", "special price"),
    "compare_at_price": ("variant compare at price", "compare at price", "retail price"),
    "barcode": ("variant barcode", "barcode", "gtin", "ean", "upc", "gtin upc ean or isbn", "product upc ean"),
    "variant_image": ("variant image", "variant image url"),
    "inventory_item_id": ("inventory item id",),
    "inventory_quantity": (
        *("variant inventory qty", "inventory quantity", "inventory", "quantity", "stock", "stock level"),
        *("current stock level", "quantity to sell on facebook"),
    ),
    "inventory_tracker": ("variant inventory tracker", "inventory tracker", "track inventory"),
    "inventory_policy": ("variant inventory policy", "continue selling when out of stock", "backorders allowed"),
    "availability": ("availability", "in stock"),
}
_OPTION: Final = re.compile(r"^(?:option|attribute) ?(\d) (name|value|value s)$")


class Mapping(BaseModel):
    """What a file's owner says of it; everything else is found out by the columns' names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[Field, str | None] = {}
    """The header of a field's column; null: it has none, whatever the names look like."""
    constants: dict[Field, str] = {}
    """What every row means where its cell is empty."""
    options: dict[str, str] = {}
    """An option's name, and the header of the column with its values."""
    metafields: dict[str, str] = {}
    """A metafield (namespace.key), and the header of its column."""
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    encoding: str | None = None
    decimal: Decimal = "auto"
    exact_ids: bool = False
    """Long ids that end in zeros are meant so: no spreadsheet has rounded them."""


class Columns:
    """Reads rows by field."""

    def __init__(self, header: tuple[str, ...], mapping: Mapping) -> None:
        """Find the columns.

        Raises:
            TerminalError: *mapping* names a column that is not there, or no column is known.
        """
        self.header = header
        self.exact_ids = mapping.exact_ids
        self._constants = mapping.constants
        told = [*(each for each in mapping.columns.values() if each), *mapping.options.values()]
        if missing := sorted({*told, *mapping.metafields.values()} - set(header)):
            raise TerminalError("missing_field", "mapping", f"no such columns: {', '.join(missing)}")
        self.found = _detected(header, told) | {field: each for field, each in mapping.columns.items() if each}
        for field in [field for field, each in mapping.columns.items() if each is None]:
            self.found.pop(field, None)
        if not self.found:
            raise TerminalError("missing_field", "header", "none of its columns is known: name them in a mapping")
        self._places = {field: header.index(name) for field, name in self.found.items()}
        self._options = {name: header.index(column) for name, column in mapping.options.items()}
        self._pairs = [] if mapping.options else _option_pairs(header)
        self._metafields = {name: header.index(column) for name, column in mapping.metafields.items()}

    def text(self, row: Row, field: Field) -> str:
        """Return a cell, or the constant where it is empty, or nothing."""
        return self.written(row, field) or self._constants.get(field, "")

    def written(self, row: Row, field: Field) -> str:
        """Return a cell as it stands in the file."""
        place = self._places.get(field)
        return row.cells[place] if place is not None else ""

    def has(self, field: Field) -> bool:
        """Tell whether any row can say *field*."""
        return field in self._places or field in self._constants

    def header_of(self, field: Field) -> str:
        """Name the column of *field*, for a report; the field itself where it has none."""
        return self.found.get(field, field)

    def options(self, row: Row, names: Dictionary[int, str]) -> dict[str, str]:
        """Return the options of a row; *names* are those of the product's first row, by pair."""
        told = {name: row.cells[place] for name, place in self._options.items() if row.cells[place]}
        paired = {
            names.get(number) or f"option{number}": row.cells[place]
            for number, _, place in self._pairs
            if row.cells[place]
        }
        return told | paired

    def option_names(self, row: Row) -> dict[int, str]:
        """Return the options' names where this row says them."""
        return {number: row.cells[name] for number, name, _ in self._pairs if name is not None and row.cells[name]}

    def metafields(self, row: Row) -> dict[str, str]:
        """Return the metafields that the mapping names."""
        return {name: row.cells[place] for name, place in self._metafields.items() if row.cells[place]}


def parse_mapping(content: object) -> Mapping:
    """Check a mapping as YAML gave it. Raises `TerminalError` naming each wrong field."""
    try:
        return Mapping.model_validate({} if content is None else content)
    except ValidationError as exc:
        raise refusal(exc, "mapping") from None


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def _detected(header: tuple[str, ...], taken: list[str]) -> dict[Field, str]:
    by_name = {_normal(name): name for name in reversed(header) if name and name not in taken}
    found: dict[Field, str] = {}
    for field, names in _NAMES.items():
        if column := next((by_name[name] for name in names if name in by_name), None):
            found[field] = column
    return found


def _option_pairs(header: tuple[str, ...]) -> list[tuple[int, int | None, int]]:
    """Find `Option1 Name` with `Option1 Value`, and WooCommerce's `Attribute 1 name` with `Attribute 1 value(s)`."""
    places: dict[tuple[int, str], int] = {}
    for place, name in enumerate(header):
        if match := _OPTION.match(_normal(name)):
            places[int(match[1]), match[2][:5].strip()] = place
    values = sorted((number, place) for (number, kind), place in places.items() if kind == "value")
    return [(number, places.get((number, "name")), place) for number, place in values]
