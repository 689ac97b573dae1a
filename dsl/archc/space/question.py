"""What is asked of a space: conditions on figures, objectives."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from archc.analysis.budgets import BUDGET_NAMES
from archc.analysis.latency_budget import LATENCY, MOST
from archc.diagnostics.codes import NUMBER, SYNTAX, UNKNOWN_NAME
from archc.diagnostics.model import reject
from archc.diagnostics.nearest import propose
from archc.limits import Limits
from archc.source import Source, Span
from archc.space.clock import MISSING, PLACEMENT, TIMES
from archc.space.engine import Batch
from archc.space.measure import MEMORY
from archc.syntax.numbers import BYTE_UNITS, UNITS, literal
from archc.typed import NamedTuple
from archc.values import show

FIGURES = (
    *(name for name in BUDGET_NAMES if name != LATENCY),
    "arena.lower_bound",
    *TIMES,
    *PLACEMENT,
    *(f"untrained.{name}" for name in MEMORY),
)
"""What is exact for every variant, by its name in the manifest."""

_SIGNS = ("<=", "<", ">=", ">", "==", "!=")
_MEANT = {"=<": "<=", "\u2264": "<=", "=>": ">=", "\u2265": ">=", "=": "==", "<>": "!="}
_CONDITION = re.compile(r"\s*([A-Za-z_][\w.]*)\s*([<>=!\u2264\u2265]*)\s*(.*?)\s*", re.S)
_FORM = f"`macs <= 30 M`, with one of {' '.join(_SIGNS)}"


class Condition(NamedTuple):
    """`macs <= 30 M`"""

    name: str
    sign: str
    limit: Fraction

    @property
    def bounds(self) -> bool:
        """Whether it limits a figure from above."""
        return self.sign in ("<", "<=")

    def __str__(self) -> str:
        limit = f"{self.limit.numerator:,}" if self.limit.denominator == 1 else show(self.limit)
        return f"{self.name} {self.sign} {limit}"

    @property
    def bound(self) -> Fraction:
        """The limit as it is of whole numbers: of time in microseconds."""
        return self.limit * 1000 if self.name == LATENCY else self.limit

    def holds(self, value: Any) -> Any:
        """Of a number, or of each of an array of whole ones; of time in milliseconds as a fraction,
        in microseconds as whole ones."""
        limit = self.bound
        if isinstance(value, Fraction) and self.name == LATENCY:
            value = round(value * 1000)
        low, exact = limit.__floor__(), limit.denominator == 1
        if isinstance(value, Fraction):
            low, exact = limit, True  # type: ignore[assignment]
        if self.sign in ("==", "!="):
            equal = (value == low) if exact else value != value
            return equal if self.sign == "==" else ~equal if hasattr(equal, "dtype") else not equal
        if self.sign == "<=":
            return value <= low
        if self.sign == ">":
            return value > low
        if self.sign == "<":
            return value < low if exact else value <= low
        return value >= low if exact else value > low


class Objective(NamedTuple):
    name: str
    largest: bool

    def __str__(self) -> str:
        return f"{'maximize' if self.largest else 'minimize'} {self.name}"


class Question(NamedTuple):
    """What is looked for."""

    conditions: tuple[Condition, ...] = ()
    objectives: tuple[Objective, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """What is asked for of the figures of a batch."""
        names = [each.name for each in self.conditions] + [each.name for each in self.objectives]
        return frozenset(map(figure_column, names))

    def holds(self, batch: Batch) -> Any:
        """Which variants of a batch compile within the spec's budgets, and meet the conditions."""
        found = batch.valid & batch.within
        for each in self.conditions:
            column = values(batch, each.name)
            if column is None:
                return found & False
            found = found & (column != MISSING) & each.holds(column).astype(bool)
        return found

    def distance(self, batch: Batch) -> Any:
        """By how much variants exceed conditions and budgets, as a share of the limits in all;
        infinite where they do not compile."""
        import numpy as np

        far = np.where(batch.within, 0.0, 1.0)
        for each in self.conditions:
            column, bound = values(batch, each.name), float(each.bound)
            if column is not None:
                wrong = ~each.holds(column).astype(bool) | (column == MISSING)
                far += wrong * np.abs(column.astype(float) - bound) / max(bound, 1.0)
        far[~batch.valid] = np.inf
        return far


def figure_column(name: str) -> str:
    """What a figure is called in a batch."""
    return MOST if name == LATENCY else name


def values(batch: Batch, name: str) -> Any:
    """A figure of all variants, `MISSING` where one has none; of time in whole microseconds. None
    where none has it."""
    return batch.figures.get(figure_column(name))


def condition(text: str, limits: Limits) -> Condition:
    """The condition of `--where`.

    Raises:
        Rejected: it is none, or of no figure.
    """
    source = Source("<where>", text)
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise reject(
            SYNTAX,
            f"`{text}` is not a condition",
            Span(source, 0, len(text)),
            help=f"write {_FORM}",
        )
    name, sign, rest = found.groups()
    span = Span(source, found.start(3), found.end(3))
    figure(name, Span(source, found.start(1), found.end(1)))
    if sign not in _SIGNS:
        meant = _MEANT.get(sign, "<=")
        raise reject(
            SYNTAX,
            f"`{sign}` is not a comparison" if sign else f"`{text.strip()}` compares with nothing",
            Span(source, found.start(2), found.end(2) if sign else len(text)),
            help=f"write `{name} {meant} {rest or '30 k'}`, with one of {' '.join(_SIGNS)}",
        )
    if not rest:
        raise reject(
            SYNTAX,
            f"`{text.strip()}` has no limit",
            Span(source, 0, len(text.rstrip())),
            help=f"write a number behind it, such as `{name} {sign} 30 k`",
        )
    units = "|".join(UNITS | BYTE_UNITS)
    if not re.fullmatch(rf"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)? ?({units})?", rest):
        joined = re.search(r"\b(and|or)\b|&|\||,", rest)
        raise reject(
            NUMBER,
            f"`{rest}` is not a number",
            span,
            help="give each condition a `--where` of its own; all of them are to hold"
            if joined
            else "units are k, M, G, KiB and MiB",
        )
    return Condition(name, sign, literal(rest, span, limits))


def figure(name: str, span: Span | None = None) -> str:
    """A name, if it is that of a figure.

    Raises:
        Rejected: it is not.
    """
    if name not in (*FIGURES, LATENCY):
        near = propose(name, span, (*FIGURES, LATENCY))
        raise reject(
            UNKNOWN_NAME,
            f"`{name}` is not a figure of a network",
            span,
            help=near.help or f"figures are {', '.join((*FIGURES, LATENCY))}",
        )
    return name


def contradictions(conditions: Sequence[Condition]) -> str | None:
    """What two conditions on one figure leave no value for, in words."""
    for high in conditions:
        for low in conditions:
            if high.name != low.name or not high.bounds or low.sign not in (">", ">="):
                continue
            strict = high.sign == "<" or low.sign == ">"
            if low.limit > high.limit or (strict and low.limit == high.limit):
                return f"nothing has both `{low}` and `{high}`"
    return None
