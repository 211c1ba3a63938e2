"""Session files of the literature, told apart by their first line: visits in order of time come out.

RetailRocket events.csv         timestamp (ms),visitorid,event,itemid,...: views, cut at gaps of 30 minutes
Diginetica train-item-views.csv sessionId;userId;itemId;timeframe (ms);eventdate
YooChoose yoochoose-clicks.dat  session,ISO time,item,category, without a heading
UCI Online Retail               InvoiceNo,StockCode,...: orders of products, in the order of their lines
"""

import gzip
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

DAY_SECONDS = 86_400
GAP_SECONDS = 1_800
LEAST_SUPPORT = 5


class NamedVisit(NamedTuple):
    """A visit of products by name; *ended_at* in seconds since 1970."""

    ended_at: float
    products: list[str]


class SessionFile(NamedTuple):
    """What a file holds. *repeats*: a visit may hold a product twice, so what was seen may be recommended again."""

    name: str
    repeats: bool
    visits: list[NamedVisit]


class Split(NamedTuple):
    """Visits to learn from, and later ones to measure with, of products both know."""

    train: list[NamedVisit]
    test: list[NamedVisit]


def read(path: Path) -> SessionFile:
    """Read one file; `.gz` is unpacked. Raises ValueError where its first line is of none of the formats."""
    with _opened(path) as file:
        heading = file.readline().lower()
    with _opened(path) as file:
        if heading.startswith("invoiceno"):
            return SessionFile("UCI Online Retail", False, _visits(_online_retail(file)))
        if heading.startswith("timestamp,visitorid"):
            return SessionFile("RetailRocket", True, _visits(_retail_rocket(file)))
        if heading.startswith("sessionid;"):
            return SessionFile("Diginetica", True, _visits(_diginetica(file)))
        if heading.count(",") == 3 and heading.split(",")[1].rstrip().endswith("z"):
            return SessionFile("YooChoose", True, _visits(_yoochoose(file)))
    raise ValueError(f"{path.name} is of no known format")


def _opened(path: Path) -> Any:
    return gzip.open(path, "rt") if path.suffix == ".gz" else path.open()


def split(visits: Sequence[NamedVisit], test_days: float, *, before_days: float = 0.0) -> Split:
    """Hold out the last *test_days*, *before_days* before the end; then drop rare products and short visits."""
    end = max(visit.ended_at for visit in visits) - before_days * DAY_SECONDS
    cut = end - test_days * DAY_SECONDS
    train = [visit for visit in visits if visit.ended_at <= cut]
    size = -1
    while size != sum(len(visit.products) for visit in train):
        size = sum(len(visit.products) for visit in train)
        support = Counter(product for visit in train for product in set(visit.products))
        train = _of(train, {product for product, visits in support.items() if visits >= LEAST_SUPPORT})
    known = {product for visit in train for product in visit.products}
    return Split(train, _of([visit for visit in visits if cut < visit.ended_at <= end], known))


def _of(visits: Sequence[NamedVisit], products: set[str]) -> list[NamedVisit]:
    kept = (NamedVisit(visit.ended_at, [each for each in visit.products if each in products]) for visit in visits)
    return [visit for visit in kept if len(visit.products) > 1]


def _visits(rows: Any) -> list[NamedVisit]:
    """Gather *rows* of (visit, product, at); what follows itself is once, as in the papers."""
    grouped = rows.sort_values("at", kind="stable").groupby("visit", sort=False)
    visits = []
    for _, group in grouped:
        products = [str(each) for each in group["product"]]
        once = [each for place, each in enumerate(products) if place == 0 or each != products[place - 1]]
        visits.append(NamedVisit(float(group["at"].iloc[-1]), once))
    return sorted(visits, key=lambda visit: visit.ended_at)


def _online_retail(file: Any) -> Any:
    rows = pd.read_csv(file, dtype={"InvoiceNo": str, "StockCode": str})
    rows = rows[~rows["InvoiceNo"].str.startswith("C") & (rows["Quantity"] > 0) & (rows["UnitPrice"] > 0)]
    rows = rows.drop_duplicates(["InvoiceNo", "StockCode"])
    return _rows(rows["InvoiceNo"], rows["StockCode"], _seconds(rows["InvoiceDate"]))


def _retail_rocket(file: Any) -> Any:
    rows = pd.read_csv(file)
    rows = rows[rows["event"] == "view"].sort_values(["visitorid", "timestamp"], kind="stable")
    at = rows["timestamp"] / 1000
    new = (rows["visitorid"] != rows["visitorid"].shift()) | (at - at.shift() > GAP_SECONDS)
    return _rows(new.cumsum(), rows["itemid"], at)


def _diginetica(file: Any) -> Any:
    rows = pd.read_csv(file, sep=";")
    return _rows(rows["sessionId"], rows["itemId"], _seconds(rows["eventdate"]) + rows["timeframe"] / 1000)


def _yoochoose(file: Any) -> Any:
    rows = pd.read_csv(file, header=None, names=["visit", "at", "product", "category"], usecols=[0, 1, 2])
    return _rows(rows["visit"], rows["product"], _seconds(rows["at"]))


def _seconds(times: Any) -> Any:
    return (pd.to_datetime(times, utc=True) - pd.Timestamp(0, tz="UTC")).dt.total_seconds()


def _rows(visit: Any, product: Any, at: Any) -> Any:
    return pd.DataFrame({"visit": visit, "product": product, "at": at})
