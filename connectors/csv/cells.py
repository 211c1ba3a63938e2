"""Single cells become values; what cannot be one is noted, and the value left out."""

from typing import Final, NamedTuple

from connectors.csv.columns import Columns, Field
from connectors.csv.numbers import BadNumber, Decimal, count, is_mangled, looks_rounded, money
from connectors.csv.problems import Faults
from connectors.csv.rounding import Rounded
from connectors.csv.tables import Row
from schemas.bodies import moment
from schemas.product_values import image_url
from schemas.records import EpochMillis

_YES: Final = frozenset({"true", "yes", "y", "1", "continue", "in stock", "available", "shopify", "on", "published"})
_NO: Final = frozenset({"false", "no", "n", "0", "-1", "deny", "out of stock", "discontinued", "disabled", "off"})


class Named(NamedTuple):
    """A cell that says in which currency it is: one of *currencies*."""

    row: int
    column: str
    text: str
    currencies: frozenset[str]


class Prices(NamedTuple):
    """What a variant costs, what it cost before, and its cells that say in which currency."""

    price: float | None
    before: float | None
    named: list[Named]


class Cells:
    """The cells of one row, read as what their fields are."""

    def __init__(self, columns: Columns, row: Row, faults: Faults, decimal: Decimal, rounded: Rounded) -> None:
        """Take the row, and where to note what is wrong with it."""
        self._columns = columns
        self._rounded = rounded
        self._decimal = decimal
        self._faults = faults
        self.row = row

    def text(self, field: Field) -> str:
        """Return what stands there."""
        return self._columns.text(self.row, field)

    def identifier(self, field: Field) -> str | None:
        """Return an id, a SKU or a barcode; one that a spreadsheet has ruined is noted and left out."""
        text = self.text(field)
        was_rounded = looks_rounded(text) and (field, len(text)) in self._rounded
        if not is_mangled(text) and not was_rounded:
            return text[:255] or None
        self._faults.note(self.row.number, "mangled_number", self._columns.header_of(field), text)
        return None

    def prices(self) -> Prices:
        """Read price, sale price and the price before; the lower of price and sale price is what is paid."""
        named: list[Named] = []
        price, sale, before = (self._amount(field, named) for field in ("price", "sale_price", "compare_at_price"))
        if sale and (price is None or sale < price):
            price, before = sale, before or price
        if code := self._columns.written(self.row, "currency").upper():
            named.append(Named(self.row.number, self._columns.header_of("currency"), code, frozenset({code})))
        return Prices(price, before or None, named)

    def whole(self, field: Field) -> int | None:
        """Read a count."""
        text = self.text(field)
        try:
            return count(text, self._decimal) if text else None
        except BadNumber as exc:
            self._faults.note(self.row.number, exc.fault, self._columns.header_of(field), text)
        return None

    def flag(self, field: Field) -> bool | None:
        """Read yes or no; anything else is neither."""
        text = self.text(field).lower().replace("_", " ")
        return True if text in _YES else False if text in _NO else None

    def time(self, field: Field) -> EpochMillis | None:
        """Read a time."""
        text = self.text(field)
        read = moment(text)
        if text and read is None:
            self._faults.note(self.row.number, "bad_time", self._columns.header_of(field), text)
        return read

    def image(self, field: Field) -> str | None:
        """Read an image's address, made whole."""
        return self._whole_address(field, self.text(field))

    def picture(self) -> str | None:
        """Read the variant's own image; without a column for it, its row's image is its own."""
        return self.image("variant_image" if self._columns.has("variant_image") else "image")

    def is_tracked(self) -> bool | None:
        """Tell whether stock is counted: Shopify names who counts, and nobody where it does not."""
        if not self._columns.has("inventory_tracker"):
            return None
        return bool(self.text("inventory_tracker")) and self.flag("inventory_tracker") is not False

    def images(self, field: Field) -> list[str]:
        """Read a list of addresses."""
        listed = (self._whole_address(field, each.strip()) for each in self.text(field).split(","))
        return [each for each in listed if each]

    def _whole_address(self, field: Field, text: str) -> str | None:
        url = image_url(text)
        if text and url is None:
            self._faults.note(self.row.number, "bad_image", self._columns.header_of(field), text)
        return url

    def _amount(self, field: Field, named: list[Named]) -> float | None:
        text, column = self.text(field), self._columns.header_of(field)
        if not text:
            return None
        try:
            amount, currencies = money(text, self._decimal)
        except BadNumber as exc:
            self._faults.note(self.row.number, exc.fault, column, text)
            return None
        if currencies is not None:
            named.append(Named(self.row.number, column, text, currencies))
        if amount < 0:
            self._faults.note(self.row.number, "negative_price", column, text)
            return None
        return amount
