"""The models: what each is counted from, and within which bounds."""

from typing import Final, Literal, NamedTuple, get_args

Model = Literal[
    "viewed_together",
    "bought_together",
    "next_item",
    "item_knn",
    "ease",
    "popular",
    "popular_in_category",
    "session_knn",
]
MODELS: Final[tuple[Model, ...]] = get_args(Model)

Source = Literal["viewed", "bought", "wanted"]


Placement = Literal["product", "cart", "home", "next"]

CHAINS: Final[dict[Placement, tuple[str, ...]]] = {
    "product": ("viewed_together", "item_knn", "next_item", "bought_together", "popular_in_category"),
    "cart": ("ease", "bought_together", "item_knn", "viewed_together", "session_knn", "popular_in_category"),
    "home": ("session_knn", "item_knn", "viewed_together", "popular_in_category"),
    "next": ("session_knn", "next_item", "viewed_together", "item_knn", "popular_in_category"),
}
"""Which models answer where, the best first; `popular` and `catalog` follow everywhere, so that there is an answer."""


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
    "bought": Baskets(days=365, most_products=100),
    "wanted": Baskets(days=180, most_products=60, most_views=5_000),
}

# The score of a pair: each basket counts by_size less, divided by the frequencies and a constant against chance.
_COSINE: Final = {"by_size": 0.0, "context_power": 0.5, "other_power": 0.5, "shrinkage": 10.0}
# RP3-beta, a walk from product to basket to product: https://doi.org/10.1145/2955101.
_WALK: Final = {"by_size": 1.0, "context_power": 0.8, "other_power": 0.4, "shrinkage": 0.0}
_PAIRS: Final = {"least_baskets": 5, "least_together": 3, "least_lift": 0.0, "most": 50}
_ORDERS: Final = {"least_baskets": 2, "least_together": 2, "least_lift": 1.0}
_POPULAR: Final = {"days": 21, "half_life_hours": 72.0, "most": 200}

COUNTED: Final[dict[Model, Counted]] = {
    "viewed_together": Counted("pairs", "viewed", _PAIRS | _COSINE),
    "bought_together": Counted("pairs", "bought", _PAIRS | _COSINE | _ORDERS),
    "next_item": Counted("next_item", "viewed", {"least_together": 2, "shrinkage": 5.0, "most": 50}),
    "item_knn": Counted("pairs", "wanted", _PAIRS | _WALK | {"least_together": 2}),
    "popular": Counted("popular", None, _POPULAR, "''"),
    "popular_in_category": Counted("popular", None, _POPULAR | {"most": 50}, "category"),
}
"""Two are not among them: `ease` is made in Python from baskets `bought`; `session_knn` reads `viewed` in memory."""

LISTED: Final[tuple[Model, ...]] = (*COUNTED, "ease")
"""The models that have rows in `recommendations`."""

REASONS: Final[dict[str, str]] = {
    "viewed_together": "viewed together",
    "bought_together": "bought together",
    "next_item": "viewed next",
    "ease": "goes well",
    "item_knn": "wanted by the same people",
    "session_knn": "visits like this one",
    "popular": "popular now",
    "popular_in_category": "popular in its category",
    "catalog": "new in the catalog",
}
"""Why something is recommended, in words; `catalog` is what is left where nothing else is known."""
