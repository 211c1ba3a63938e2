"""The recommenders ours are measured beside: those of `implicit`, asked as its documentation tells, and popularity."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sparse
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

from analytics.recommending.evaluation import Items, Ranking, Visit

TOP = 20


def others(train: Sequence[Visit], items: int, *, repeats: bool) -> Iterator[tuple[str, Ranking]]:
    """Fit each on *train* and yield its name and ranking; *repeats*: what was seen may come again."""
    matrix = _matrix([visit.items for visit in train], items)
    popularity = np.asarray(matrix.sum(axis=0)).ravel()
    yield "popularity", _popular(np.argsort(-popularity, kind="stable").tolist(), repeats=repeats)
    for name, kind in (("cosine", CosineRecommender), ("TF-IDF", TFIDFRecommender), ("BM25", BM25Recommender)):
        for neighbours in (20, 100, 500):
            yield f"implicit item-kNN {name} {neighbours}", _implicit(kind(K=neighbours), matrix, repeats=repeats)
    for factors in (64, 128, 256):
        model = AlternatingLeastSquares(factors=factors, regularization=0.05, alpha=10.0, random_state=1, num_threads=1)
        yield f"implicit ALS {factors}", _implicit(model, matrix, repeats=repeats)


def _matrix(rows: Sequence[Items], items: int) -> sparse.csr_matrix:
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rows])))
    columns = np.fromiter((item for row in rows for item in row), np.int32)
    matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, starts), shape=(len(rows), items))
    matrix.sum_duplicates()
    return matrix


def _popular(order: Sequence[int], *, repeats: bool) -> Ranking:
    def ranking(seen: Items, at: float) -> Items:
        return [item for item in order[: TOP + len(seen)] if repeats or item not in seen][:TOP]

    return ranking


def _implicit(model: Any, matrix: sparse.csr_matrix, *, repeats: bool) -> Ranking:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own weighting makes a matrix of a form it then warns of
        model.fit(matrix, show_progress=False)

    def ranking(seen: Items, at: float) -> Items:
        asked = _matrix([list(dict.fromkeys(seen))], matrix.shape[1])
        ids, _ = model.recommend(0, asked, N=TOP, filter_already_liked_items=not repeats, recalculate_user=True)
        return [int(item) for item in ids if item >= 0]

    return ranking
