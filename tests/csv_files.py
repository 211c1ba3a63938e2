"""CSV files of products, written and looked over."""

from pathlib import Path
from typing import Any

from connectors.csv.columns import parse_mapping
from deploy.importing import Checked, File, check, open_file
from schemas.records import Product
from tests.builders import a_shop


def a_file(folder: Path, text: str | bytes, *, mapping: dict[str, Any] | None = None, **shop: Any) -> File:
    path = folder / "products.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_file(path, parse_mapping(mapping), a_shop(**shop))


def checked(folder: Path, text: str | bytes, **options: Any) -> Checked:
    return check(a_file(folder, text, **options), most=1_000)


def the_product(found: Checked) -> Product:
    (outcome,) = found.first
    assert outcome.change is not None, outcome.problems
    assert outcome.change["product"] is not None
    return outcome.change["product"]


def codes(found: Checked) -> set[tuple[int, str]]:
    return {(problem.row, problem.code) for problem in found.problems}
