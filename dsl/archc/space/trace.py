"""Forms over atoms, and one run of the compiler on them: see `archc.space.symbolic`."""

from collections.abc import Callable
from fractions import Fraction
from math import gcd
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


class Escape(Exception):
    """A symbolic number went where it cannot be followed; ``axes`` are those it depends on."""

    def __init__(self, what: str, axes: frozenset[str]) -> None:
        super().__init__(what)
        self.axes = axes


class Atom:
    """A whole number that forms are made of."""

    __slots__ = ("args", "high", "kind", "low", "value")

    def __init__(self, kind: str, args: tuple[Any, ...], value: int, low: int, high: int) -> None:
        self.kind = kind
        """`axis`, `product`, `quotient`, `divided`, `larger`, `below`, `distinct` or `plan`."""
        self.args = args
        self.value = value
        """Of the witness."""
        self.low, self.high = low, high
        """Bounds for all variants."""


class Guard(NamedTuple):
    """A form below 0, or equal to 0."""

    kind: str
    """`<` or `==`."""
    form: Form


class Trace:
    """One run of the compiler on symbolic numbers."""

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self.guards: dict[Guard, bool] = {}
        self.lives: dict[Near, Lives] = {}
        """Of the blocks of plans."""
        self._known: dict[tuple[Any, ...], int] = {}
        self._facts: dict[Terms, tuple[int, int]] = {}
        """Bounds of sums that guards imply."""

    def atom(
        self,
        kind: str,
        args: tuple[Any, ...],
        value: Callable[[], int],
        bounds: Callable[[], tuple[int, int]],
    ) -> int:
        """The index of an atom, which is made where it is new."""
        key = (kind, args)
        index = self._known.get(key)
        if index is None:
            index = self._known[key] = len(self.atoms)
            self.atoms.append(Atom(kind, args, value(), *bounds()))
        return index

    def value(self, form: Form) -> int:
        """Of the witness."""
        atoms = self.atoms
        return form.constant + sum([factor * atoms[atom].value for atom, factor in form.terms])

    def bounds(self, form: Form) -> tuple[int, int]:
        """For all variants."""
        low = high = form.constant
        atoms = self.atoms
        for index, factor in form.terms:
            atom = atoms[index]
            if factor > 0:
                low += factor * atom.low
                high += factor * atom.high
            else:
                low += factor * atom.high
                high += factor * atom.low
        return low, high

    def narrowed(self, form: Form) -> tuple[int, int]:
        """Bounds for the variants of the class, of which the upper one, and what the form is at
        most below 0, are those of all: guards are computed of all."""
        low, high = self.bounds(form)
        fact = self._facts.get(form.terms)
        if fact is not None and -low <= high:
            low = max(low, fact[0] + form.constant)
        return low, high

    def decide(self, kind: str, terms: Terms, constant: int) -> bool:
        """Whether a form is below, or equal to, 0 for the witness; a guard where others differ."""
        form = Form(terms, constant)
        low, high = self.bounds(form)
        if kind == "<" and (high < 0 or low >= 0):
            return high < 0
        if kind == "==" and (low > 0 or high < 0 or low == high):
            return low == high == 0
        shared = gcd(*[factor for _, factor in terms])
        if kind == "==" and constant % shared:
            return False
        outcome = self.value(form) < 0 if kind == "<" else self.value(form) == 0
        flip = terms[0][1] < 0
        if flip:  # -s + c < 0  is  not (s - c - 1 < 0)
            terms = tuple([(atom, -factor // shared) for atom, factor in terms])
            constant = -constant if kind == "==" else -((constant // shared) + 1) * shared
        elif shared != 1:
            terms = tuple([(atom, factor // shared) for atom, factor in terms])
        constant //= shared
        stored = outcome != flip if kind == "<" else outcome
        return self._record(kind, terms, constant, stored) != (flip and kind == "<")

    def _record(self, kind: str, terms: Terms, constant: int, outcome: bool) -> bool:
        """Keep a guard, unless earlier ones decide it."""
        low, high = self._facts.get(terms) or self.bounds(Form(terms, 0))
        if kind == "<":
            if high + constant < 0 or low + constant >= 0:
                return high + constant < 0
            low, high = (low, -constant - 1) if outcome else (-constant, high)
        elif not low <= -constant <= high or low == high:
            return low == high == -constant
        elif outcome:
            low = high = -constant
        self._facts[terms] = (low, high)
        self.guards[Guard(kind, Form(terms, constant))] = outcome
        return outcome

    def support(self, terms: Terms) -> frozenset[str]:
        """The axes that a form depends on."""
        axes: set[str] = set()
        waiting = [atom for atom, _ in terms]
        seen: set[int] = set()
        while waiting:
            index = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            atom = self.atoms[index]
            if atom.kind == "axis":
                axes.add(atom.args[0])
            waiting += [each for form in forms(atom) for each, _ in form.terms]
        return frozenset(axes)


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
