"""The models: what each is counted from, and within which bounds."""

from typing import Final, Literal, NamedTuple, get_args

Model = Literal[
    "viewed_together", "bought_together", "next_item", "item_knn", "popular", "popular_in_category", "session_knn"
]
MODELS: Final[tuple[Model, ...]] = get_args(Model)

Source = Literal["viewed", "bought", "wanted"]


class Baskets(NamedTuple):
    """Bounds of one kind of basket. Pairs grow with the square of *most_products*, which is why it is there."""

    days: int = 90
    most_products: int = 30
    most_views: int = 500


class Counted(NamedTuple):
    """A model that is one statement over baskets (*source*), or over events (no source)."""

    statement: str
    source: Source | None
    parameters: dict[str, float]
    context: str = ""


BASKETS: Final[dict[Source, Baskets]] = {
    "viewed": Baskets(),
    "bought": Baskets(days=365, most_products=50),
    "wanted": Baskets(days=180, most_products=60, most_views=5_000),
}

_PAIRS: Final = {"least_baskets": 5, "least_together": 3, "shrinkage": 10.0, "least_lift": 0.0, "most": 50}
_POPULAR: Final = {"days": 21, "half_life_hours": 72.0, "most": 200}

COUNTED: Final[dict[Model, Counted]] = {
    "viewed_together": Counted("pairs", "viewed", _PAIRS),
    "bought_together": Counted(
        "pairs", "bought", _PAIRS | {"least_baskets": 2, "least_together": 2, "least_lift": 1.0}
    ),
    "next_item": Counted("next_item", "viewed", {"least_together": 2, "shrinkage": 5.0, "most": 50}),
    "item_knn": Counted("pairs", "wanted", _PAIRS | {"least_together": 2}),
    "popular": Counted("popular", None, _POPULAR, "''"),
    "popular_in_category": Counted("popular", None, _POPULAR | {"most": 50}, "category"),
}
"""`session_knn` is not among them: it reads the baskets `viewed` themselves, in memory."""

REASONS: Final[dict[str, str]] = {
    "viewed_together": "viewed together",
    "bought_together": "bought together",
    "next_item": "viewed next",
    "item_knn": "wanted by the same people",
    "session_knn": "visits like this one",
    "popular": "popular now",
    "popular_in_category": "popular in its category",
    "catalog": "new in the catalog",
}
"""Why something is recommended, in words; `catalog` is what is left where nothing else is known."""
