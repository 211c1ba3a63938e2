"""Which time series the code declares, with their labels, read from its text: importing all would start registering."""

import ast
import re
from collections.abc import Iterable, Iterator
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
TARGET: Final = frozenset({"job", "instance"})
"""Labels that Prometheus itself gives to each series: https://prometheus.io/docs/concepts/jobs_instances/."""
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_MATCHER = re.compile(r"([a-zA-Z_]+)\s*(?:=~|!~|!=|=)\s*\"")
_SHOWN = re.compile(r"\$labels\.([a-zA-Z_]+)|\{\{([a-zA-Z_]+)\}\}")


def declared_series() -> dict[str, frozenset[str]]:
    """Name every series that a metric of ours becomes on /metrics, with its labels."""
    return {
        name.removesuffix("_total") + suffix: labels | ({"le"} if suffix == "_bucket" else set())
        for folder in ("streams", "connectors", "deploy", "analytics", "schemas")
        for path in (ROOT / folder).rglob("*.py")
        if "prometheus_client" in (text := path.read_text())
        for kind, name, labels in _metrics(ast.parse(text))
        for suffix in SUFFIXES[kind]
    }


def _metrics(tree: ast.Module) -> Iterator[tuple[str, str, frozenset[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in SUFFIXES and isinstance(node.args[0].value, str):
                yield called, node.args[0].value, _labels(node)


def _labels(call: ast.Call) -> frozenset[str]:
    named = [each.value for each in call.keywords if each.arg in ("labels", "labelnames")]
    for node in [*call.args[2:3], *named]:
        if isinstance(node, ast.Tuple | ast.List):
            return frozenset(str(each.value) for each in node.elts if isinstance(each, ast.Constant))
    return frozenset()


def labels_in(expression: str, *shown: str) -> set[str]:
    """Name the labels that a PromQL *expression* groups and matches by, and that the texts *shown* name."""
    grouped = (label.strip() for found in _GROUPING.findall(expression) for label in found.split(","))
    named = (first or second for text in shown for first, second in _SHOWN.findall(text))
    return {*filter(None, grouped), *_MATCHER.findall(expression), *named}


def labels_of(series: Iterable[str]) -> set[str]:
    """Name the labels that any of *series* has, and those of every target."""
    declared = declared_series()
    return set(TARGET).union(*(declared.get(each, ()) for each in series))


def series_in(expression: str | None) -> set[str]:
    """Name the series a PromQL *expression* reads: what is no function, label, number or grouping."""
    plain = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", expression or "")
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", plain)
    return {
        match.group()
        for match in _WORD.finditer(plain)
        if not plain[match.end() :].lstrip().startswith("(") and match.group() not in ("and", "or", "unless", "bool")
    }
