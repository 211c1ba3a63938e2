"""A whole file → what each product became, with what only the file as a whole shows: SKUs and products told twice."""

from collections.abc import Iterator
from itertools import groupby

from connectors.csv.columns import Columns
from connectors.csv.mapping import Import, Outcome, to_outcome
from connectors.csv.problems import Code, Problem
from connectors.csv.rounding import rounded_ids
from connectors.csv.tables import Row, Table


def read_products(table: Table, columns: Columns, run: Import) -> Iterator[Outcome]:
    """Yield the products in the file's order; the same file and *run* give the same, however often.

    Raises:
        TerminalError: the file stops being CSV.
    """
    run = run._replace(rounded=rounded_ids(table.rows(), columns))
    products: dict[str, int] = {}
    skus: dict[str, int] = {}
    for product_id, rows in _grouped(table.rows(), columns):
        outcome = to_outcome(product_id, rows, columns, run)
        more = []
        if product_id in products:
            more.append(_problem(outcome, "duplicate_product", columns.header_of("handle"), product_id))
        products.setdefault(product_id, outcome.first_row)
        for variant in outcome.change["product"]["variants"] if outcome.change and outcome.change["product"] else ():
            sku = variant["sku"]
            if sku and sku in skus:
                more.append(_problem(outcome, "duplicate_sku", columns.header_of("sku"), sku))
            elif sku:
                skus[sku] = outcome.first_row
        yield outcome._replace(change=None, problems=outcome.problems + more) if more else outcome


def _grouped(rows: Iterator[Row], columns: Columns) -> Iterator[tuple[str, list[Row]]]:
    """Put the rows of one product together: they follow one another and share its id or handle, or leave it empty.

    WooCommerce names a variation's product under `Parent`, by its SKU or as `id:7`.
    """
    last, by_sku = "", dict[str, str]()

    def key(row: Row) -> str:
        nonlocal last
        sku, parent = columns.text(row, "sku"), columns.text(row, "parent")
        of = parent.removeprefix("id:") if parent.startswith("id:") else by_sku.get(parent, "")
        said = columns.text(row, "product_id") or columns.text(row, "handle") or of
        if not said and (columns.text(row, "title") or not last):
            said = columns.text(row, "variant_id") or sku or f"row {row.number}"
        last = said or last
        if sku and not parent and columns.has("parent"):
            by_sku[sku] = last
        return last

    for product_id, together in groupby(rows, key):
        yield product_id, list(together)


def _problem(outcome: Outcome, code: Code, column: str, value: str) -> Problem:
    return Problem(outcome.first_row, code, column, value, outcome.product_id)
