"""Which time series the code declares, read from its text: importing every module would start registering."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SUFFIXES: Final = {
    "Counter": ("_total",),
    "CounterMetricFamily": ("_total",),
    "Gauge": ("",),
    "GaugeMetricFamily": ("",),
    "Histogram": ("_bucket", "_sum", "_count"),
    "Summary": ("_sum", "_count"),
}
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def declared_series() -> set[str]:
    """Name every series that a metric of ours becomes on /metrics."""
    return {
        name.removesuffix("_total") + suffix
        for folder in ("streams", "connectors", "deploy", "analytics")
        for path in (ROOT / folder).rglob("*.py")
        if "prometheus_client" in (text := path.read_text())
        for kind, name in _metrics(ast.parse(text))
        for suffix in SUFFIXES[kind]
    }


def _metrics(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in SUFFIXES and isinstance(node.args[0].value, str):
                yield called, node.args[0].value


def series_in(expression: str | None) -> set[str]:
    """Name the series a PromQL *expression* reads: what is no function, label, number or grouping."""
    plain = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expression or "")
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", plain)
    return {
        match.group()
        for match in _WORD.finditer(plain)
        if not plain[match.end() :].lstrip().startswith("(") and match.group() not in ("and", "or", "unless", "bool")
    }
