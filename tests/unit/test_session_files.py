"""The session files of the literature are told apart and read alike."""

import gzip
from pathlib import Path

import pytest

from tests.benchmarks.session_files import DAY_SECONDS, NamedVisit, read, split


def test_retail_rocket_is_cut_into_visits_at_gaps_and_only_views_count(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(
        "timestamp,visitorid,event,itemid,transactionid\n"
        "3000,1,view,b,\n1000,1,view,a,\n2000,1,addtocart,c,\n2500,2,view,z,\n1803000,1,view,d,\n3603001,1,view,e,\n"
    )
    found = read(file)

    assert (found.name, found.repeats) == ("RetailRocket", True)
    assert found.visits == [
        NamedVisit(2.5, ["z"]),
        NamedVisit(1803.0, ["a", "b", "d"]),
        NamedVisit(3603.001, ["e"]),
    ]


def test_yoochoose_diginetica_and_online_retail_are_read(tmp_path: Path) -> None:
    (tmp_path / "yoochoose-clicks.dat").write_text(
        "1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:51:10.000Z,214536502,0\n"
        "1,2014-04-07T10:54:09.868Z,214536500,0\n"
    )
    (tmp_path / "train-item-views.csv").write_text(
        "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n1;NA;31331;1031018;2016-05-09\n"
    )
    with gzip.open(tmp_path / "online_retail.csv.gz", "wt") as file:
        file.write(
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            "536365,85123A,X,6,2010-12-01 08:26:00,2.55,17850.0,UK\n536365,85123A,X,1,2010-12-01 08:26:00,2.55,1,UK\n"
            "536365,71053,Y,6,2010-12-01 08:26:00,3.39,17850.0,UK\nC536379,D,Z,-1,2010-12-01 09:41:00,27.50,1,UK\n"
        )
    yoochoose, diginetica, retail = (
        read(tmp_path / name) for name in ("yoochoose-clicks.dat", "train-item-views.csv", "online_retail.csv.gz")
    )

    assert yoochoose.visits == [NamedVisit(1396868049.868, ["214536502", "214536500"])]
    assert [visit.products for visit in diginetica.visits] == [["81766", "31331"]]
    assert diginetica.visits[0].ended_at == pytest.approx(1462753031.018)
    assert (retail.repeats, retail.visits) == (False, [NamedVisit(1291191960.0, ["85123A", "71053"])])


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")

    with pytest.raises(ValueError, match=r"other\.csv is of no known format"):
        read(tmp_path / "other.csv")


def test_a_split_is_by_time_and_holds_only_products_both_know_well() -> None:
    old = [NamedVisit(float(day * DAY_SECONDS), ["a", "b", "c"][: 3 if day < 3 else 2]) for day in range(10)]
    late = [NamedVisit(11.5 * DAY_SECONDS, ["a", "new", "b"]), NamedVisit(12.0 * DAY_SECONDS, ["a", "new"])]
    train, test = split([*old, *late], test_days=2)

    assert [visit.products for visit in train] == [["a", "b"]] * 10
    assert [visit.products for visit in test] == [["a", "b"]]
