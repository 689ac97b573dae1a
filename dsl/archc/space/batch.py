"""Variants with all that is known of them, as arrays."""

from math import prod
from typing import Any

from archc.space.classes import VERDICTS, Class, Known
from archc.space.clock import MISSING
from archc.typed import NamedTuple

INCOMPATIBLE = VERDICTS.index("incompatible")


class Batch(NamedTuple):
    """Variants of one structure with all that is known of them, as arrays."""

    first: int
    """The number of the first one in the grid."""
    rows: Any
    """The numbers of all."""
    figures: dict[str, Any]
    """By name; `MISSING` where a variant has none."""
    network: Any
    """Whether there is a network."""
    verdicts: Any
    """Indices into `VERDICTS`."""
    valid: Any
    """Whether it compiles: no error, budgets left aside."""
    within: Any
    """Whether the spec's budgets hold."""
    grades: Any
    """Of the estimates of time, indices into `GRADES`; `MISSING` where there is none."""
    formed: Any = None
    """What is written of them, where another process formed it."""


class Box(NamedTuple):
    """Every combination of some values of the parameters."""

    shape: tuple[int, ...]
    """How many values of each."""
    places: dict[str, Any]
    """On the axes, by name: an array along the parameter's own dimension, or one number."""

    def narrowed(self, known: Class) -> "tuple[Box, tuple[Any, ...]] | None":
        """The part that is of a class and leaves out values of one parameter alone, with its index
        in the whole; None where that is less than half."""
        import numpy as np

        mask = known.mask(self.places)
        if mask is True or np.all(mask):
            return self, ()
        mask = np.broadcast_to(mask, self.shape)
        best, at = np.zeros(1, bool), -1
        for axis in range(len(self.shape)):
            whole: Any = mask.all(axis=tuple(each for each in range(mask.ndim) if each != axis))
            if whole.mean() > best.mean():
                best, at = whole, axis
        if best.mean() < 0.5:
            return None
        index = np.flatnonzero(best)
        name = list(self.places)[::-1][at]  # they are in the order of `_box`, the last one first
        shape = (*self.shape[:at], len(index), *self.shape[at + 1 :])
        places = {**self.places, name: np.take(self.places[name], index, -(len(shape) - at))}
        return Box(shape, places), (*[slice(None)] * at, _tight(index))


def _tight(index: Any) -> Any:
    """Ascending indices, as a slice where they are one."""
    first, last = int(index[0]), int(index[-1])
    return slice(first, last + 1) if last - first + 1 == len(index) else index


class Sheet:
    """The columns of a batch while classes fill them in.

    Args:
        shape: of the variants, whose numbers are in the order of its last dimension.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        import numpy as np

        self.shape = shape
        self.figures: dict[str, Any] = {}
        self.network, self.valid, self.within = (np.zeros(shape, bool) for _ in range(3))
        self.verdicts, self.grades = np.zeros(shape, np.int8), np.full(shape, MISSING, np.int8)

    def put(self, known: Class, said: Known, index: Any) -> None:
        """Fill in what a class says of some variants.

        Args:
            known: the class, which has a network.
            said: by variant, in arrays that broadcast to what the index selects.
            index: of all arrays of the sheet; () for all.
        """
        import numpy as np

        for name, value in said.figures.items():
            wide = getattr(value, "dtype", None) == "O" or _large(value)
            column = self.figures.get(name)
            if column is None:
                column = np.empty(self.shape, object if wide else np.int64)
                if not isinstance(index, tuple) or index:
                    column.fill(MISSING)
            elif wide and column.dtype != "O":
                column = column.astype(object)
            column[index] = value
            self.figures[name] = column
        self.network[index] = True
        self.within[index], self.verdicts[index] = said.within, said.verdict
        self.valid[index] = (said.verdict != INCOMPATIBLE) & (known.fault is None)
        self.grades[index] = said.grade

    def flat(self) -> "Sheet":
        """The same columns, by row: what is put there is here too, but for new columns."""
        made = object.__new__(Sheet)
        size = prod(self.shape)
        made.shape = (size,)
        made.figures = {name: column.reshape(size) for name, column in self.figures.items()}
        for name in ("network", "valid", "within", "verdicts", "grades"):
            setattr(made, name, getattr(self, name).reshape(size))
        return made

    def batch(self, rows: Any) -> Batch:
        return Batch(
            int(rows[0]),
            rows,
            self.figures,
            self.network,
            self.verdicts,
            self.valid,
            self.within,
            self.grades,
        )


def _large(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= 1 << 63
