"""Variants as rows of CSV, JSON lines and Parquet, written as they come."""

import csv
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from archc.analysis.latency.estimate import GRADES
from archc.files.temporary import temporary
from archc.space.clock import MISSING
from archc.space.dimensions import Grid
from archc.space.engine import VERDICTS, Batch
from archc.space.question import FIGURES, Question

AT_ONCE = 4_096
"""Variants whose values are Python's at the same time."""


REST = (*FIGURES, "latency.grade", "verdict", "within_budgets", "front")
"""The columns after the parameters."""


def heads(grid: Grid) -> list[str]:
    """The columns: the variant's number, its parameters, every exact figure, the grade of the
    estimate of time, the verdict, whether the spec's budgets hold, and whether it is on the
    front."""
    return ["variant", *_parameters(grid), *REST]


def _parameters(grid: Grid) -> list[str]:
    """The columns of the parameters: their names, `parameter.macs` for one that is called like
    another column."""
    names = [each.name for each in grid.dimensions]
    return [f"parameter.{name}" if name in ("variant", *REST) else name for name in names]


def ours(data: bytes) -> bool:
    """Whether a file with these bytes at its ends is one of an earlier run."""
    first = data.partition(b"\n")[0]
    table = first.startswith(b"variant,") and first.endswith(b",within_budgets,front")
    parquet = data.startswith(b"PAR1") and b"within_budgets" in data
    return table or parquet or data.startswith(b'{"variant": ')


Texts = list[tuple[int, list[str]]]
"""Of each parameter how many variants share a value in a row, and its values."""


def _texts(grid: Grid) -> Texts:
    found: Texts = []
    stride = 1
    for each in reversed(grid.dimensions):
        found.append((stride, [each.text(index) for index in range(each.size)]))
        stride *= each.size
    return found[::-1]


class Form:
    """How variants stand in a file. Any process can form them.

    Args:
        grid: that they are of.

    Raises:
        ModuleNotFoundError: what writes such files is not installed.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid, self.texts = grid, _texts(grid)

    def __reduce__(self) -> Any:
        return type(self), (self.grid,)

    def formed(self, batch: Batch, chosen: Any) -> Any:
        """What is written of variants of a batch, given their indices."""
        raise NotImplementedError

    def columns(self, batch: Batch, chosen: Any) -> list[list[Any]]:
        """The values of variants, one list for each of `heads`; none is marked as on the front."""
        rows, count = batch.rows[chosen], len(chosen)
        figures = [batch.figures.get(name) for name in FIGURES]
        parameters = [
            [values[index] for index in (rows // stride % len(values)).tolist()]
            for stride, values in self.texts
        ]
        grades = _known(batch.grades[chosen])
        return [
            rows.tolist(),
            *parameters,
            *[[None] * count if each is None else _known(each[chosen]) for each in figures],
            [None if each is None else GRADES[each][0] for each in grades],
            [VERDICTS[each] for each in batch.verdicts[chosen].tolist()],
            batch.within[chosen].tolist(),
            [False] * count,
        ]


def _known(values: Any) -> list[Any]:
    """Numbers, None where one is missing."""
    missing = values == MISSING
    listed: list[Any] = values.tolist()
    if missing.any():
        listed = [None if each == MISSING else each for each in listed]
    return listed


class _Lines(Form):
    """Lines of text, as bytes with the end of each line."""

    head = b""
    mark, back = b"", 0
    """What marks a line as one of the front, and how far before its end it stands."""

    def lines(self, columns: list[list[Any]]) -> list[str]:
        raise NotImplementedError

    def formed(self, batch: Batch, chosen: Any) -> tuple[bytes, Any]:
        import numpy as np

        encoded = [
            line.encode()
            for start in range(0, len(chosen), AT_ONCE)
            for line in self.lines(self.columns(batch, chosen[start : start + AT_ONCE]))
        ]
        return b"".join(encoded), np.cumsum([len(each) for each in encoded])


class Csv(_Lines):
    mark, back = b"1", len("0\n")

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self.head = "".join(_csv([heads(grid)])).encode()

    def lines(self, columns: list[list[Any]]) -> list[str]:
        flags = [[int(each) for each in column] for column in columns[-2:]]
        return _csv(zip(*columns[:-2], *flags, strict=True))


class _Kept(list[str]):
    """A file that keeps what is written."""

    write = list.append


def _csv(records: Any) -> list[str]:
    lines = _Kept()
    csv.writer(lines, lineterminator="\n").writerows(records)
    return lines


class Json(_Lines):
    mark, back = b"true }", len("false}\n")

    def lines(self, columns: list[list[Any]]) -> list[str]:
        names = heads(self.grid)
        records = zip(*columns, strict=True)
        return [json.dumps(dict(zip(names, each, strict=True))) + "\n" for each in records]


class Parquet(Form):
    """Tables with figures as int64."""

    def __init__(self, grid: Grid) -> None:
        import pyarrow as pa

        super().__init__(grid)
        names = heads(grid)
        kinds = {name: pa.int64() for name in names}
        kinds |= dict.fromkeys(_parameters(grid), pa.string())
        kinds |= {"latency.grade": pa.string(), "verdict": pa.string()}
        kinds |= {"within_budgets": pa.bool_(), "front": pa.bool_()}
        self.schema = pa.schema([(name, kinds[name]) for name in names])

    def formed(self, batch: Batch, chosen: Any) -> Any:
        import pyarrow as pa

        columns = self.columns(batch, chosen)
        arrays = [pa.array(*each) for each in zip(columns, self.schema.types, strict=True)]
        return pa.table(arrays, schema=self.schema)


FORMS: dict[str, type[Form]] = {".csv": Csv, ".jsonl": Json, ".parquet": Parquet}
"""By what a file's name ends in."""


def formed(question: Question, form: Form, batch: Batch) -> Any:
    """What is written of the variants of a batch that meet the conditions."""
    import numpy as np

    return form.formed(batch, np.flatnonzero(question.holds(batch)))


class Rows:
    """A file of variants."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def write(self, batch: Batch, chosen: Any, front: Any) -> None:
        """Write variants of a batch.

        Args:
            batch: it.
            chosen: their indices.
            front: the numbers of variants, those of the batch among them that may be on the front.
        """
        if len(chosen):
            formed = self.form.formed(batch, chosen) if batch.formed is None else batch.formed
            self.put(formed, batch.rows[chosen], front)

    def put(self, formed: Any, numbers: Any, front: Any) -> None:
        raise NotImplementedError

    def end(self, front: Any) -> None:
        """Mark the front, by numbers; what follows the last variant."""
        raise NotImplementedError


class _Text(Rows):
    """Lines, in which the front is marked once it is known."""

    def __init__(self, form: _Lines, file: IO[bytes]) -> None:
        super().__init__(form)
        self.lines, self.file = form, file
        self.at = file.write(form.head)
        self.ends: dict[int, int] = {}
        """Of variants that may be on the front: where their lines end."""

    def put(self, formed: tuple[bytes, Any], numbers: Any, front: Any) -> None:
        import numpy as np

        data, ends = formed
        may = np.isin(numbers, front)
        self.ends.update(zip(numbers[may].tolist(), (self.at + ends[may]).tolist(), strict=True))
        self.at += self.file.write(data)

    def end(self, front: Any) -> None:
        for number in front:
            self.file.seek(self.ends[int(number)] - self.lines.back)
            self.file.write(self.lines.mark)
        self.file.seek(self.at)


class _Tables(Rows):
    """Groups of rows cannot be changed in their place, so that the file is put together at the
    end, of one beside it."""

    def __init__(self, form: Parquet, file: IO[bytes], beside: str) -> None:
        import pyarrow.parquet as pq

        super().__init__(form)
        self.file, self.beside, self.schema = file, beside, form.schema
        self.writer = pq.ParquetWriter(beside, self.schema)

    def put(self, formed: Any, numbers: Any, front: Any) -> None:
        self.writer.write_table(formed)

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
def written(form: Form, file: IO[bytes]) -> Iterator[Rows]:
    """A file of variants in a form."""
    if isinstance(form, _Lines):
        yield _Text(form, file)
    elif isinstance(form, Parquet):
        folder, name = os.path.split(file.name)
        with temporary(folder or ".", name, b"") as beside:
            rows = _Tables(form, file, beside)
            with rows.writer:
                yield rows
