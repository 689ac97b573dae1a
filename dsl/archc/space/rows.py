"""Variants as rows of CSV, JSON lines and Parquet, written as they come."""

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Protocol

from archc.analysis.latency.estimate import GRADES
from archc.files.temporary import temporary
from archc.space.clock import MISSING
from archc.space.dimensions import Grid
from archc.space.engine import VERDICTS, Batch
from archc.space.question import FIGURES

SUFFIXES = (".csv", ".jsonl", ".parquet")


class Rows(Protocol):
    """A file of variants."""

    def write(self, batch: Batch, chosen: Any, front: Any) -> None:
        """Write variants of a batch.

        Args:
            batch: it.
            chosen: their indices.
            front: the numbers of variants, those of the batch among them that may be on the front.
        """

    def end(self, front: Any) -> None:
        """Mark the front, by numbers; what follows the last variant."""


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


def _records(texts: Texts, batch: Batch, chosen: Any) -> Iterator[list[object]]:
    """The values of each variant; none is marked as on the front."""
    figures = [batch.figures.get(name) for name in FIGURES]
    columns = [None if each is None else each[chosen].tolist() for each in figures]
    rows, verdicts = batch.rows[chosen].tolist(), batch.verdicts[chosen].tolist()
    grades = batch.grades[chosen].tolist()
    within = batch.within[chosen].tolist()
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
            False,
        ]


class _Lines:
    """Lines of text, in which the front is marked once it is known."""

    def __init__(self, file: IO[bytes], grid: Grid) -> None:
        self.file, self.texts = file, _texts(grid)
        self.at = 0
        self.ends: dict[int, int] = {}
        """Of variants that may be on the front: where their lines end."""

    def put(self, text: str) -> None:
        data = text.encode()
        self.file.write(data)
        self.at += len(data)

    def line(self, record: Sequence[object]) -> None:
        raise NotImplementedError

    def write(self, batch: Batch, chosen: Any, front: Any) -> None:
        import numpy as np

        numbers = batch.rows[chosen]
        may = np.isin(numbers, front).tolist()
        for place, record in enumerate(_records(self.texts, batch, chosen)):
            self.line(record)
            if may[place]:
                self.ends[int(numbers[place])] = self.at

    def mark(self, front: Any, text: bytes, back: int) -> None:
        for number in front:
            self.file.seek(self.ends[int(number)] - back)
            self.file.write(text)
        self.file.seek(self.at)


class _Csv(_Lines):
    def __init__(self, file: IO[bytes], grid: Grid) -> None:
        super().__init__(file, grid)
        self.text = io.StringIO(newline="")
        self.writer = csv.writer(self.text, lineterminator="\n")
        self.line(heads(grid))

    def line(self, record: Sequence[object]) -> None:
        self.writer.writerow([int(v) if isinstance(v, bool) else v for v in record])
        self.put(self.text.getvalue())
        self.text.seek(0)
        self.text.truncate()

    def end(self, front: Any) -> None:
        self.mark(front, b"1", len("0\n"))


class _Json(_Lines):
    def __init__(self, file: IO[bytes], grid: Grid) -> None:
        super().__init__(file, grid)
        self.names = heads(grid)

    def line(self, record: Sequence[object]) -> None:
        self.put(json.dumps(dict(zip(self.names, record, strict=True))) + "\n")

    def end(self, front: Any) -> None:
        self.mark(front, b"true }", len("false}\n"))


@contextmanager
def csv_rows(grid: Grid, file: IO[bytes]) -> Iterator[Rows]:
    yield _Csv(file, grid)


@contextmanager
def json_rows(grid: Grid, file: IO[bytes]) -> Iterator[Rows]:
    yield _Json(file, grid)


class _Parquet:
    """Figures as int64. Groups of rows cannot be changed in their place, so that the file is put
    together at the end, of one beside it."""

    def __init__(self, file: IO[bytes], beside: str, grid: Grid) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.file, self.beside, self.texts = file, beside, _texts(grid)
        names = heads(grid)
        kinds = {name: pa.int64() for name in names}
        kinds |= {each.name: pa.string() for each in grid.dimensions}
        kinds |= {"latency.grade": pa.string(), "verdict": pa.string()}
        kinds |= {"within_budgets": pa.bool_(), "front": pa.bool_()}
        self.schema = pa.schema([(name, kinds[name]) for name in names])
        self.writer = pq.ParquetWriter(beside, self.schema)

    def write(self, batch: Batch, chosen: Any, front: Any) -> None:
        import pyarrow as pa

        records = list(_records(self.texts, batch, chosen))
        if records:
            columns: Sequence[Sequence[object]] = list(zip(*records, strict=True))
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(columns, self.schema, strict=True)
            ]
            self.writer.write_table(pa.table(arrays, schema=self.schema))

    def end(self, front: Any) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.writer.close()
        if not len(front):
            with open(self.beside, "rb") as made:
                shutil.copyfileobj(made, self.file)
            return
        place = self.schema.get_field_index("front")
        with (
            pq.ParquetFile(self.beside) as made,
            pq.ParquetWriter(self.file, self.schema) as writer,
        ):
            for group in range(made.num_row_groups):
                table = made.read_row_group(group)
                marked = pa.array(np.isin(table["variant"].to_numpy(), front))
                writer.write_table(table.set_column(place, self.schema.field(place), marked))


@contextmanager
def parquet_rows(grid: Grid, file: IO[bytes]) -> Iterator[Rows]:
    """
    Raises:
        ModuleNotFoundError: pyarrow is not installed.
    """
    import pyarrow  # noqa: F401  # before there is a file

    folder, name = os.path.split(file.name)
    with temporary(folder or ".", name, b"") as beside:
        rows = _Parquet(file, beside, grid)
        with rows.writer:
            yield rows
