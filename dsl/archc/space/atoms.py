"""Linear forms over whole atoms, what symbolic numbers are made of: see `archc.space.symbolic`."""

from fractions import Fraction
from typing import Any, NamedTuple

LARGEST = 2**62
"""Below it every intermediate of a program has to stay to be an int64."""

Terms = tuple[tuple[int, int], ...]
"""(atom, coefficient), by atom; no coefficient is 0."""


Lives = tuple[tuple[int, int], ...]
"""(first, last) step at which each block of a plan is alive."""
Near = tuple[tuple[int, ...], ...]
"""For each block of a plan those that are alive together with it."""


class Form(NamedTuple):
    """A linear form without a denominator."""

    terms: Terms
    constant: int


class Axis(NamedTuple):
    """A parameter of numbers: `(first + step * k) / denominator` for k from 0 to ``last``."""

    name: str
    first: int
    step: int
    denominator: int
    last: int

    def value(self, k: int) -> Fraction:
        return Fraction(self.first + self.step * k, self.denominator)


class Atom:
    """A whole number that forms are made of."""

    __slots__ = ("args", "axes", "high", "kind", "low", "most", "wide")

    def __init__(
        self, kind: str, args: tuple[Any, ...], low: int, high: int, axes: frozenset[str]
    ) -> None:
        self.kind = kind
        """`axis`, `product`, `quotient`, `divided`, `larger`, `below`, `distinct` or `plan`."""
        self.args = args
        self.low, self.high = low, high
        """Bounds for all variants."""
        self.most = max(abs(low), abs(high))
        self.axes = axes
        """Those it depends on."""
        self.wide = False
        """Whether what it is computed from may not fit an int64."""


class Guard(NamedTuple):
    """A form below 0, or equal to 0."""

    kind: str
    """`<` or `==`."""
    form: Form


class Decision(NamedTuple):
    """A comparison that may be true of some variants alone."""

    guard: Guard
    flip: bool
    """Whether it is so where the guard is not."""


def scaled(terms: Terms, times: int) -> Terms:
    return terms if times == 1 else tuple([(atom, factor * times) for atom, factor in terms])


def summed(a: Terms, times: int, b: Terms, others: int) -> Terms:
    """`times * a + others * b`"""
    if not b or not a:
        return scaled(a, times) if a else scaled(b, others)
    total = {atom: factor * times for atom, factor in a}
    for atom, factor in b:
        total[atom] = total.get(atom, 0) + factor * others
    return tuple(sorted([entry for entry in total.items() if entry[1]]))


def forms(atom: Atom) -> tuple[Form, ...]:
    """The forms that an atom is computed from."""
    if atom.kind == "axis":
        return ()
    if atom.kind in ("product", "larger", "distinct"):
        return atom.args
    if atom.kind == "plan":
        sizes: tuple[Form, ...] = atom.args[0]
        return sizes
    if atom.kind == "divided":
        return atom.args
    return (atom.args[0],)
