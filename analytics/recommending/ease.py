"""EASE: baskets go in, what goes with what comes out, each product's part alone (Steck, WWW 2019).

Pairs count what is together; EASE says what a product adds once the others of the basket are known, by one matrix
inverse: https://arxiv.org/abs/1905.03375. Time grows with the cube of the products: only the most frequent take part.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

MOST_PRODUCTS: Final = 4_000
LEAST_BASKETS: Final = 2
PENALTY: Final = 200.0
MOST: Final = 50

_CODES_AT_ONCE: Final = 16_000_000


class Weighed(NamedTuple):
    """One line: beside *context* show *product*. *held* and *other_held* are how many baskets had each."""

    context: str
    rank: int
    product: str
    weight: float
    together: int
    held: int
    other_held: int


def weigh(baskets: Sequence[Sequence[str]], *, penalty: float = PENALTY, most: int = MOST) -> Iterator[Weighed]:
    """Yield for each product what speaks most for it, the best first; only what has a positive weight."""
    held = Counter(product for basket in baskets for product in set(basket))
    names = sorted(name for name, count in held.most_common(MOST_PRODUCTS) if count >= LEAST_BASKETS)
    if not names:
        return
    gram = _gram(baskets, {name: number for number, name in enumerate(names)})
    weights = _weights(gram, penalty)
    for number, name in enumerate(names):
        # The best few, then in order; equal weights by name.
        near = np.sort(np.argpartition(-weights[number], min(most, len(names) - 1))[:most])
        best = near[np.argsort(-weights[number, near], kind="stable")]
        for rank, other in enumerate(best[weights[number, best] > 0].tolist(), start=1):
            counts = int(gram[number, other]), int(gram[number, number]), int(gram[other, other])
            yield Weighed(name, rank, names[other], float(weights[number, other]), *counts)


def _gram(baskets: Sequence[Sequence[str]], numbers: dict[str, int]) -> NDArray[np.float64]:
    """Count in how many baskets each pair is; the diagonal counts the baskets of one product."""
    by_size: dict[int, list[list[int]]] = defaultdict(list)
    for basket in baskets:
        known = sorted({numbers[product] for product in basket if product in numbers})
        by_size[len(known)].append(known)
    count = len(numbers)
    gram = np.zeros(count * count)
    for size, same in by_size.items():
        step = max(1, _CODES_AT_ONCE // max(size * size, 1))
        for begin in range(0, len(same) if size else 0, step):
            rows = np.array(same[begin : begin + step], np.int64)
            codes = (rows[:, :, None] * count + rows[:, None, :]).ravel()
            gram += np.bincount(codes, minlength=count * count)
    return gram.reshape(count, count)


def _weights(gram: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """Solve min |X - XB|^2 + penalty |B|^2 with a diagonal of zeros; row: what is known, column: what follows."""
    inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
    weights: NDArray[np.float64] = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights
