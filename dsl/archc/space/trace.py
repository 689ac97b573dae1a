"""One run of the compiler on symbolic numbers: see `archc.space.symbolic`."""

from collections.abc import Callable, Sequence
from math import gcd, prod
from typing import Any

from archc.analysis.arena import Block, plan_end
from archc.analysis.latency.arithmetic import PLAIN
from archc.space.atoms import (
    LARGEST,
    Atom,
    Decision,
    Form,
    Guard,
    Lives,
    Near,
    Terms,
    forms,
)
from archc.space.evaluation import Evaluation, Operations
from archc.space.kept import Memory


class Escape(Exception):
    """A symbolic number went where it cannot be followed; ``axes`` are those it depends on."""

    def __init__(self, what: str, axes: frozenset[str]) -> None:
        super().__init__(what)
        self.axes = axes


class Product:
    """Forms that are multiplied."""

    __slots__ = ("factors", "free", "index", "made", "run")

    def __init__(self, factors: tuple[Form, ...]) -> None:
        self.factors = factors
        self.run, self.index = 0, -1
        """Its atom in a run, the last that had it."""
        self.free: int | None = None
        """Its atom where no guard says more of its factors than what holds for all variants."""
        self.made: dict[tuple[int, int, int], Any] = {}
        """The numbers that are an atom of it, by that, its coefficient and the divisor."""


class Trace(Memory):
    """Runs of the compiler on symbolic numbers, one at a time: what they compute is kept, so that
    a run meets most numbers of an earlier one again. `start` begins a run."""

    def __init__(self) -> None:
        super().__init__()
        self.atoms: list[Atom] = []
        self.lives: dict[Near, Lives] = {}
        """Of the blocks of plans."""
        self.numbers: dict[tuple[Terms, int, int], Any] = {}
        """Each number that was made, by its form and denominator."""
        self._known: dict[tuple[Any, ...], int] = {}
        self.products: dict[tuple[Form, ...], Product] = {}
        """By their factors."""
        self._runs = 0
        plain = Operations(max, lambda numbers: sum(set(numbers)), self.planned, PLAIN)
        self._witness = Evaluation(self, {}, plain)
        self.start()

    def start(self) -> None:
        """Forget the guards of the run before."""
        self.guards: dict[Guard, bool] = {}
        self._facts: dict[Terms, tuple[int, int]] = {}
        """Bounds of sums that guards imply."""
        self._narrow: set[Terms] = set()
        """The sums of which they imply a lower bound."""
        self._runs += 1
        self.asked = []

    def witness(self, axis: str, k: int) -> None:
        """The value of the variant that is followed on one axis."""
        self._witness.move({axis: k}, keep=False)

    def planned(self, index: int, sizes: Sequence[int]) -> int:
        """The end of a plan on plain integers."""
        lives = self.lives[self.atoms[index].args[1]]
        return plan_end([Block(size, *life) for size, life in zip(sizes, lives, strict=True)])

    def atom(self, kind: str, args: tuple[Any, ...], bounds: Callable[[], tuple[int, int]]) -> int:
        """The index of an atom, which is made where it is new."""
        key = (kind, args)
        index = self._known.get(key)
        if index is None:
            index = self._known[key] = self._new(kind, args, *bounds())
        return index

    def _new(self, kind: str, args: tuple[Any, ...], low: int, high: int) -> int:
        axes = frozenset((args[0],)) if kind == "axis" else frozenset()
        atom = Atom(kind, args, low, high, axes)
        for form in forms(atom):
            atom.axes |= self.support(form.terms)
            atom.wide |= self.wide(form)
        self.atoms.append(atom)
        return len(self.atoms) - 1

    def product(self, product: Product) -> int:
        """The index of a product. Within a run it is always the same one; runs share it where
        their guards say the same of its factors."""
        if product.run != self._runs:
            product.run, product.index = self._runs, self._product(product)
        self.asked.append((self.product, product, product.index))
        return product.index

    def _product(self, product: Product) -> int:
        narrow = not self._narrow.isdisjoint([factor.terms for factor in product.factors])
        if narrow or product.free is None:
            low = high = 1
            for factor in product.factors:
                ends = self.narrowed(factor)
                corners = [a * b for a in (low, high) for b in ends]
                low, high = min(corners), max(corners)
            index = self._bounded(product.factors, low, high)
            if narrow:
                return index
            product.free = index
        return product.free

    def _bounded(self, factors: tuple[Form, ...], low: int, high: int) -> int:
        key = ("product", factors, low, high)
        index = self._known.get(key)
        if index is None:
            index = self._known[key] = self._new("product", factors, low, high)
            most = prod([max(map(abs, self.bounds(factor))) for factor in factors])
            self.atoms[index].wide |= most >= LARGEST
        return index

    def wide(self, form: Form) -> bool:
        """Whether computing a form may take more than an int64."""
        most, atoms = abs(form.constant), self.atoms
        for index, factor in form.terms:
            atom = atoms[index]
            if atom.wide:
                return True
            most += abs(factor) * atom.most
        return most >= LARGEST

    def value(self, form: Form) -> int:
        """Of the witness."""
        made: int = self._witness.sum(form)
        return made

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

    def decision(self, kind: str, terms: Terms, constant: int) -> "bool | Decision":
        """Whether a form is below, or equal to, 0, where that is so for all variants; else how to
        decide it."""
        form = Form(terms, constant)
        low, high = self.bounds(form)
        if kind == "<" and (high < 0 or low >= 0):
            return high < 0
        if kind == "==" and (low > 0 or high < 0 or low == high):
            return low == high == 0
        shared = gcd(*[factor for _, factor in terms])
        if kind == "==" and constant % shared:
            return False
        flip = terms[0][1] < 0
        if flip:  # -s + c < 0  is  not (s - c - 1 < 0)
            terms = tuple([(atom, -factor // shared) for atom, factor in terms])
            constant = -constant if kind == "==" else -((constant // shared) + 1) * shared
        elif shared != 1:
            terms = tuple([(atom, factor // shared) for atom, factor in terms])
        constant //= shared
        return Decision(Guard(kind, Form(terms, constant)), flip and kind == "<")

    def decide(self, decision: "Decision") -> bool:
        """The outcome for the witness, which becomes a guard."""
        outcome = self._record(*decision.guard) != decision.flip
        self.asked.append((self.decide, decision, outcome))
        return outcome

    def _record(self, kind: str, form: Form) -> bool:
        """Keep a guard, unless earlier ones decide it."""
        terms, constant = form
        low, high = self._facts.get(terms) or self.bounds(Form(terms, 0))
        if kind == "<":
            if high + constant < 0 or low + constant >= 0:
                return high + constant < 0
            outcome = self.value(form) < 0
            low, high = (low, -constant - 1) if outcome else (-constant, high)
            raised = not outcome
        elif not low <= -constant <= high or low == high:
            return low == high == -constant
        else:
            outcome = raised = self.value(form) == 0
            if outcome:
                low = high = -constant
        if raised:
            self._narrow.add(terms)
        self._facts[terms] = (low, high)
        self.guards[Guard(kind, form)] = outcome
        return outcome

    def support(self, terms: Terms) -> frozenset[str]:
        """The axes that a form depends on."""
        atoms = self.atoms
        return frozenset().union(*[atoms[index].axes for index, _ in terms])
