"""Variants as rows of CSV, JSON lines and Parquet, written as they come."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from archc.analysis.latency.estimate import GRADES
from archc.space.clock import MISSING
from archc.space.dimensions import Grid
from archc.space.engine import VERDICTS, Batch
from archc.space.question import FIGURES

SUFFIXES = (".csv", ".jsonl", ".parquet")

Write = Callable[[Batch, Any, Any], None]
"""Takes a batch, which of its variants to write, and which of these are on the front."""


def heads(grid: Grid) -> list[str]:
    """The columns: the variant's number, its parameters, every exact figure, the grade of the
    estimate of time, the verdict, whether the spec's budgets hold, and whether it is on the
    front."""
    names = [each.name for each in grid.dimensions]
    return ["variant", *names, *FIGURES, "latency.grade", "verdict", "within_budgets", "front"]


Texts = list[tuple[int, list[str]]]
"""Of each parameter how many variants share a value in a row, and its values."""


def _texts(grid: Grid) -> Texts:
    found: Texts = []
    stride = 1
    for each in reversed(grid.dimensions):
        found.append((stride, [each.text(index) for index in range(each.size)]))
        stride *= each.size
    return found[::-1]


def _records(texts: Texts, batch: Batch, chosen: Any, front: Any) -> Iterator[list[object]]:
    figures = [batch.figures.get(name) for name in FIGURES]
    columns = [None if each is None else each[chosen].tolist() for each in figures]
    rows, verdicts = batch.rows[chosen].tolist(), batch.verdicts[chosen].tolist()
    grades = batch.grades[chosen].tolist()
    within, marked = batch.within[chosen].tolist(), front.tolist()
    numbers = batch.rows[chosen]
    parameters = [
        [values[index] for index in (numbers // stride % len(values)).tolist()]
        for stride, values in texts
    ]
    for place, row in enumerate(rows):
        values = [None if each is None else each[place] for each in columns]
        yield [
            row,
            *[values[place] for values in parameters],
            *[None if value == MISSING else value for value in values],
            None if grades[place] == MISSING else GRADES[grades[place]][0],
            VERDICTS[verdicts[place]],
            within[place],
            marked[place],
        ]


@contextmanager
def csv_rows(grid: Grid, file: TextIO) -> Iterator[Write]:
    texts = _texts(grid)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(heads(grid))

    def write(batch: Batch, chosen: Any, front: Any) -> None:
        for record in _records(texts, batch, chosen, front):
            writer.writerow([int(v) if isinstance(v, bool) else v for v in record])

    yield write


@contextmanager
def json_rows(grid: Grid, file: TextIO) -> Iterator[Write]:
    names, texts = heads(grid), _texts(grid)

    def write(batch: Batch, chosen: Any, front: Any) -> None:
        for record in _records(texts, batch, chosen, front):
            file.write(json.dumps(dict(zip(names, record, strict=True))) + "\n")

    yield write


@contextmanager
def parquet_rows(grid: Grid, file: Any) -> Iterator[Write]:
    """Figures as int64, or as texts where they may be larger.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    names, texts = heads(grid), _texts(grid)
    kinds = {name: pa.int64() for name in names}
    kinds |= {each.name: pa.string() for each in grid.dimensions}
    kinds |= {"latency.grade": pa.string(), "verdict": pa.string()}
    kinds |= {"within_budgets": pa.bool_(), "front": pa.bool_()}
    schema = pa.schema([(name, kinds[name]) for name in names])
    writer = pq.ParquetWriter(file, schema)

    def write(batch: Batch, chosen: Any, front: Any) -> None:
        records = list(_records(texts, batch, chosen, front))
        if records:
            columns: Sequence[Sequence[object]] = list(zip(*records, strict=True))
            writer.write_table(
                pa.table(
                    [
                        pa.array(column, kinds[name])
                        for name, column in zip(names, columns, strict=True)
                    ],
                    schema=schema,
                )
            )

    with writer:
        yield write
