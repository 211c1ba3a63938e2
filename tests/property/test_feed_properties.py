"""Whatever a shop calls a product: a feed holds the very fields that batches send, in XML and in CSV."""

import csv
import json
from typing import Any
from xml.etree.ElementTree import fromstring

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.meta.catalog.availability import Stand
from connectors.meta.catalog.items import CatalogItem, payload
from connectors.meta.catalog.listing import listed
from connectors.meta.feed.writing import Form, pieces
from deploy.servers.meta.catalog.feed_rows import rows_in
from schemas.catalog_records import Catalog
from schemas.records import ProductChange
from tests.builders import NOON, a_shop
from tests.listed import a_catalog
from tests.property.shop_products import catalogs, changes, levels

GOOGLE = "{http://base.google.com/ns/1.0}"


def written(form: Form, items: list[CatalogItem], catalog: Catalog) -> bytes:
    return b"".join(pieces(form, items, catalog, a_shop()))


def read_xml(file: bytes) -> list[dict[str, list[str]]]:
    """Read with the parser of Python's own library: every text of every field."""
    rows: list[dict[str, list[str]]] = []
    for entry in fromstring(file).iter("item"):
        row: dict[str, list[str]] = {}
        for field in entry:
            row.setdefault(field.tag.removeprefix(GOOGLE), []).append(field.text or "")
        rows.append(row)
    return rows


def read_csv(file: bytes) -> list[dict[str, list[str]]]:
    header, *rows = csv.reader(lines_of(file.decode()), strict=True)
    return [
        {
            name: json.loads(text) if name == "internal_label" else [text]
            for name, text in zip(header, row, strict=True)
            if text
        }
        for row in rows
    ]


def lines_of(text: str) -> list[str]:
    """Part at line feeds alone: other line ends are part of values."""
    return [line + "\n" for line in text.split("\n")[:-1]]


def as_sent(row: dict[str, list[str]]) -> dict[str, Any]:
    """Say a row of texts with the types that batches have."""
    sent: dict[str, Any] = {name: texts[0] for name, texts in row.items()}
    if "additional_image_link" in sent:
        sent["additional_image_link"] = sent["additional_image_link"].split(",")
    if "internal_label" in sent:
        sent["internal_label"] = row["internal_label"]
    if "quantity_to_sell_on_facebook" in sent:
        sent["quantity_to_sell_on_facebook"] = int(sent["quantity_to_sell_on_facebook"])
    return sent


def by_batch(items: list[CatalogItem]) -> list[dict[str, Any]]:
    return [json.loads(payload(item, "CREATE"))["data"] for item in items]


@settings(max_examples=150, deadline=None)
@given(changes, catalogs, levels)
def test_feeds_hold_the_fields_that_batches_send(
    change: ProductChange, settings: dict[str, Any], stock: dict[str, Stand]
) -> None:
    catalog = a_catalog(**settings)
    items = listed(change, catalog, a_shop(), lambda item: stock, NOON).items

    assert [as_sent(row) for row in read_xml(written("xml", items, catalog))] == by_batch(items)
    assert [as_sent(row) for row in read_csv(written("csv", items, catalog))] == by_batch(items)


anything = st.text(st.characters(), max_size=30)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"id": anything, "title": anything, "internal_label": st.lists(anything)}), max_size=3
    )
)
def test_no_text_breaks_a_file(listed_items: list[dict[str, Any]]) -> None:
    items = [CatalogItem("1", "1", NOON, data) for data in listed_items]
    catalog = a_catalog()

    assert len(read_xml(written("xml", items, catalog))) == len(items)
    assert len(read_csv(written("csv", items, catalog))) == len(items)
    assert len(list(rows_in([written("csv", items, catalog)]))) == len(items)
