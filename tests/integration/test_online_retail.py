"""The questions about orders on a public year of a real shop, beside pandas: UCI's Online Retail.

541,909 lines, 25,900 invoices, 4,372 customers; an invoice that begins with C is a cancellation.
https://archive.ics.uci.edu/dataset/352/online+retail
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.tables import query as table
from connectors.clickhouse.inserts import Inserter
from connectors.clickhouse.rows import COLUMNS
from connectors.clickhouse.rows.values import NIL
from schemas.settings import ClickHouseSettings
from tests.integration.weeks_database import empty_database

pytestmark = pytest.mark.integration

SHARED = Path(os.environ.get("STORESTREAM_SHARED", Path(__file__).parents[3] / "shared"))
FILE = SHARED / "datasets" / "online_retail.csv.gz"
YEAR = {"shop": "retail", "until": "2011-12-10", "days": 500}


@pytest.fixture(scope="module")
def lines() -> Any:
    if not FILE.exists():
        pytest.skip("the public data set is not here: STORESTREAM_SHARED names its folder")
    read = pd.read_csv(FILE, dtype={"InvoiceNo": str, "StockCode": str}, parse_dates=["InvoiceDate"])
    read["money"] = (read["Quantity"] * read["UnitPrice"]).round(4)
    return read


@pytest.fixture(scope="module")
def invoices(lines: Any) -> Any:
    """One row an invoice, as an order: its total, units, customer and whether it is a cancellation."""
    grouped = lines.groupby("InvoiceNo", sort=True)
    made = grouped.agg(at=("InvoiceDate", "min"), value=("money", "sum"), customer=("CustomerID", "first"))
    made["units"] = lines["Quantity"].clip(lower=0).groupby(lines["InvoiceNo"]).sum()
    made["products"] = grouped["StockCode"].agg(list)
    made["quantities"] = lines["Quantity"].clip(lower=0).groupby(lines["InvoiceNo"]).agg(list)
    made["cancelled"] = made.index.str.startswith("C")
    return made


@pytest.fixture(scope="module")
def clickhouse(clickhouse_url: str, invoices: Any) -> Iterator[ClickHouseSettings]:
    with empty_database(clickhouse_url) as made:
        inserter = Inserter(made)
        rows = [order_row(each) for each in invoices.itertuples()]
        inserter.insert("orders", rows, "1")
        inserter.insert("orders", rows, "2")
        inserter.close()
        yield made


def order_row(invoice: Any) -> list[Any]:
    """Write an invoice as the archive writes an order."""
    customer = "" if pd.isna(invoice.customer) else str(int(invoice.customer))
    empty = [""] * len(invoice.products)
    told = {
        "shop_id": "retail",
        "order_id": invoice.Index,
        "status": "cancelled" if invoice.cancelled else "paid",
        "ordered_at": invoice.at.timestamp(),
        "updated_at": invoice.at.timestamp(),
        "customer_id": customer,
        "value": f"{invoice.value:.4f}",
        "currency": "GBP",
        "totals": {},
        "items.product_id": invoice.products,
        "items.price": [None] * len(empty),
        "items.quantity": invoice.quantities,
        "version": 1,
        "is_deleted": 0,
    }
    default = {"visitor_id": NIL, "session_id": NIL, "seen_in_webhook_at": None, "seen_in_pixel_at": None}
    lists = {name: empty for name in COLUMNS["orders"] if name.startswith("items.")}
    return [(dict.fromkeys(COLUMNS["orders"], "") | default | lists | told)[name] for name in COLUMNS["orders"]]


def test_the_data_set_is_the_one_everybody_knows(lines: Any, invoices: Any) -> None:
    assert len(lines) == 541_909
    assert len(invoices) == 25_900
    assert lines["CustomerID"].nunique() == 4_372


def test_revenue_by_month_is_that_of_pandas(invoices: Any, clickhouse: ClickHouseSettings) -> None:
    sold = invoices[~invoices["cancelled"]]
    by_month = sold.groupby(sold["at"].dt.to_period("M"))

    rows = table("revenue", clickhouse, every="month", **YEAR).to_pandas()

    assert rows["period"].astype(str).str[:7].tolist() == [str(each) for each in by_month.groups]
    assert rows["orders_made"].tolist() == by_month.size().tolist()
    assert rows["orders_made"].sum() + rows["cancelled"].sum() == 25_900
    assert rows["cancelled"].sum() == invoices["cancelled"].sum()
    assert rows["revenue"].astype(float).tolist() == pytest.approx(by_month["value"].sum().tolist(), abs=0.5)
    assert rows["units"].tolist() == by_month["units"].sum().tolist()
    assert rows["buyers"].tolist() == by_month["customer"].nunique().tolist()


def test_retention_of_buyers_is_that_of_pandas(invoices: Any, clickhouse: ClickHouseSettings) -> None:
    sold = invoices[~invoices["cancelled"]].dropna(subset=["customer"])
    month = sold["at"].dt.year * 12 + sold["at"].dt.month
    first = month.groupby(sold["customer"]).transform("min")
    expected = sold.groupby([first, month - first])["customer"].nunique().tolist()

    rows = table("retention", clickhouse, every="month", activity="order", **YEAR).to_pandas()

    assert rows["people"].tolist() == expected
    assert rows[rows["number"] == 0]["people"].sum() == sold["customer"].nunique()


def test_lifetime_value_and_rfm_count_each_customer_once(invoices: Any, clickhouse: ClickHouseSettings) -> None:
    sold = invoices[~invoices["cancelled"]].dropna(subset=["customer"])

    worth = table("lifetime_value", clickhouse, every="month", **YEAR).to_pandas()
    segments = table("rfm", clickhouse, **YEAR).to_pandas()

    assert worth["buyers"].sum() == segments["people"].sum() == sold["customer"].nunique()
    assert worth["orders_made"].sum() == segments["orders_of_them"].sum() == len(sold)
    for rows in (worth, segments):
        assert float(rows["revenue"].sum()) == pytest.approx(sold["value"].sum(), abs=1)
    spent = sold.groupby("customer")["value"].sum()
    fifth = (spent.rank(method="min") - 1) * 5 // len(spent)
    assert segments["share_of_net"].sum() == pytest.approx(1, abs=1e-3)
    assert segments.set_index("segment")["people"]["champions"] <= (fifth >= 3).sum()
