"""Which long ids of a file a spreadsheet has rounded: that shows in the whole column, not in one cell.

A spreadsheet keeps 15 digits of a number, so all that it has rounded end in zeros; of others few do.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from connectors.csv.columns import Columns, Field
from connectors.csv.numbers import is_long, likely_rounded, looks_rounded
from connectors.csv.tables import Row

IDS: Final[tuple[Field, ...]] = ("product_id", "variant_id", "sku", "barcode", "inventory_item_id")

Rounded = frozenset[tuple[Field, int]]
"""The columns, and the numbers of digits, of which ids that end in zeros are rounded ones."""


def rounded_ids(rows: Iterable[Row], columns: Columns) -> Rounded:
    """Judge the columns of ids; nothing is kept of the rows.

    Raises as `connectors.csv.tables.Table.rows`.
    """
    if columns.exact_ids:
        return frozenset()
    fields = [field for field in IDS if columns.has(field)]
    long, rounded = Counter[tuple[Field, int]](), Counter[tuple[Field, int]]()
    last: dict[Field, str] = {}
    for row in rows:
        for field in fields:
            text = columns.text(row, field)
            if is_long(text) and last.get(field) != text:  # a product's id stands in each of its rows
                last[field] = text
                long[field, len(text)] += 1
                rounded[field, len(text)] += looks_rounded(text)
    return frozenset(
        (field, digits)
        for (field, digits), count in rounded.items()
        if count and likely_rounded(count, long[field, digits], digits)
    )
