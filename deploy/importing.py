"""Imports a CSV file of products: look at it, check it, and only when told, publish it, from where it stopped."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from connectors.csv.columns import Columns, Mapping
from connectors.csv.mapping import Import, Outcome
from connectors.csv.problems import Code, Problem
from connectors.csv.reading import read_products
from connectors.csv.tables import Table, open_table
from deploy.checkpoints import Checkpoint
from schemas.records import ProductChange, Shop

BATCH: Final = 200

Publish = Callable[[Sequence[ProductChange]], Awaitable[list[ProductChange]]]
"""Returns once Kafka has the changes, with those that are too large for a record."""


class File(NamedTuple):
    """A CSV file that has been opened, for one shop. *digest* is of its bytes, its mapping and the shop's settings."""

    table: Table
    columns: Columns
    mapping: Mapping
    shop: Shop
    digest: str

    def outcomes(self, began_at: int) -> Iterator[Outcome]:
        """Read its products as told at *began_at* (milliseconds)."""
        return read_products(self.table, self.columns, Import(self.shop, began_at, self.digest, self.mapping.decimal))


class Checked(NamedTuple):
    """What a look over the whole file found."""

    products: int
    importable: int
    problems: list[Problem]
    first: list[Outcome]

    def counts(self) -> Counter[Code]:
        """Count the problems of each kind."""
        return Counter(problem.code for problem in self.problems)


class Imported(NamedTuple):
    """What an import did. *resumed_at*: how many products an earlier run had dealt with."""

    published: int
    left_out: int
    too_large: int
    resumed_at: int


def open_file(path: Path, mapping: Mapping, shop: Shop) -> File:
    """Open *path* and find its columns. Raises `TerminalError` when it is no CSV or *mapping* does not fit it."""
    table = open_table(path, delimiter=mapping.delimiter, encoding=mapping.encoding)
    digest = sha256(mapping.model_dump_json().encode())
    digest.update(f"{shop['shop_id']}|{shop['currency']}|{shop['domains']}".encode())
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            digest.update(piece)
    return File(table, Columns(table.header, mapping), mapping, shop, digest.hexdigest())


def check(file: File, *, most: int) -> Checked:
    """Read the whole *file* and publish nothing; keep the first *most* products to be shown."""
    products = importable = 0
    problems: list[Problem] = []
    first: list[Outcome] = []
    for outcome in file.outcomes(0):
        products += 1
        importable += outcome.change is not None
        problems += outcome.problems
        if len(first) < most:
            first.append(outcome)
    return Checked(products, importable, problems, first)


async def run(file: File, publish: Publish, checkpoint: Checkpoint, told: Callable[[int], None]) -> Imported:
    """Publish what can be imported, and tell how many products are dealt with after every batch.

    Interrupted, it goes on behind the last batch that Kafka has; what it repeats has the same version and delivery id.
    """
    saved = checkpoint.read()
    saved = saved if saved is not None and saved.get("digest") == file.digest else None
    began_at, done = (saved["began_at"], saved["done"]) if saved else (time.time_ns() // 1_000_000, 0)
    resumed_at, published, left_out, too_large = done, 0, 0, 0
    for batch in _batches(islice(file.outcomes(began_at), done, None)):
        changes = [outcome.change for outcome in batch if outcome.change is not None]
        refused = len(await publish(changes))
        done += len(batch)
        published, left_out = published + len(changes) - refused, left_out + len(batch) - len(changes)
        too_large += refused
        checkpoint.save({"digest": file.digest, "began_at": began_at, "done": done})
        told(done)
    checkpoint.clear()
    return Imported(published, left_out, too_large, resumed_at)


def _batches(outcomes: Iterable[Outcome]) -> Iterator[list[Outcome]]:
    remaining = iter(outcomes)
    while batch := list(islice(remaining, BATCH)):
        yield batch
