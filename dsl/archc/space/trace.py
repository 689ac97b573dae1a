"""Forms over atoms, and one run of the compiler on them: see `archc.space.symbolic`."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import gcd, prod
from typing import Any, NamedTuple

from archc.analysis.arena import Block, plan_end
from archc.analysis.latency.arithmetic import PLAIN, Arithmetic
from archc.space.kept import Memory

LONG = 4
"""Terms from which a sum is of a whole network, as others do not have it."""
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


class Operations(NamedTuple):
    """What atoms are computed with, on plain integers or on arrays."""

    larger: Callable[[Any, Any], Any]
    distinct: Callable[[list[Any]], Any]
    """The sum of numbers, equal ones once."""
    plan: Callable[[int, list[Any]], Any]
    """The end of an arena: of the atom with this index, from the sizes of its blocks."""
    arithmetic: Arithmetic
    """What is not computed with forms."""


class Wide(Exception):
    """A form may not fit an int64."""


Entry = tuple[dict[Any, Any], Any]
"""Where a value is kept, and its key."""


class Evaluation:
    """The values of forms for some variants, each atom computed once.

    Args:
        trace: what the forms are of.
        places: of the variants on the axes.
        on: how to compute.
        narrow: whether numbers have to fit an int64, so that others raise `Wide`.
    """

    def __init__(
        self, trace: "Trace", places: dict[str, Any], on: Operations, narrow: bool = False
    ) -> None:
        self.trace, self.places, self.on, self.narrow = trace, places, on, narrow
        self.atoms: dict[int, Any] = {}
        self.forms: dict[Form, Any] = {}
        """Of those that were asked for."""
        self.bytes = 0
        """Of arrays."""
        self._single: frozenset[str] = frozenset()
        """Parameters that are one number for all of these variants."""
        self._known: dict[frozenset[str], list[Entry]] = {}
        """What is known and depends on some of them."""
        self._aside: dict[tuple[object, ...], list[tuple[Entry, Any]]] = {}
        """The same for other numbers."""

    def move(self, numbers: Mapping[str, int], keep: bool = True) -> None:
        """Go to variants of which some parameters are other numbers.

        Args:
            numbers: the places of all that are one number.
            keep: whether to put aside what is known for those of now, to return to it.
        """
        places = self.places
        changed = {name for name, place in numbers.items() if places.get(name) != place}
        if not changed:
            return
        self._single |= changed
        concerned = [axes for axes in self._known if not axes.isdisjoint(changed)]
        for axes in concerned:
            values = [(entry, entry[0].pop(entry[1])) for entry in self._known[axes]]
            if keep:
                self._aside[self._at(axes)] = values
        places.update(numbers)
        for axes in concerned:
            values = self._aside.pop(self._at(axes), [])
            for (kept, key), value in values:
                kept[key] = value
            self._known[axes] = [entry for entry, _ in values]

    def _at(self, axes: frozenset[str]) -> tuple[object, ...]:
        return axes, *[self.places[name] for name in sorted(axes)]

    def _enter(self, kept: dict[Any, Any], key: Any, axes: frozenset[str], value: Any) -> None:
        """Keep a value that others are computed from, so that it must not change."""
        if getattr(value, "ndim", 0) and value.flags.writeable:
            self.bytes += value.nbytes
            value.flags.writeable = False
        kept[key] = value
        own = axes & self._single
        if own:
            self._known.setdefault(own, []).append((kept, key))

    def form(self, form: Form) -> Any:
        known = self.forms.get(form)
        if known is None:
            if self.narrow and self.trace.wide(form):
                raise Wide
            known = self.sum(form)
            if len(form.terms) < LONG:
                self._enter(self.forms, form, self.trace.support(form.terms), known)
        return known

    def holds(self, guard: Guard, outcome: bool) -> Any:
        """Where a guard has an outcome."""
        value = self.form(guard.form)
        if type(value) is int:
            return ((value < 0) if guard.kind == "<" else (value == 0)) == outcome
        return self.on.arithmetic.kept(_holds, value, guard.kind, outcome)

    def sum(self, form: Form) -> Any:
        """The value of a form, which is not kept."""
        atoms, total = self.atoms, None
        for index, factor in form.terms:
            if index not in atoms:
                self._compute(index)
            value = atoms[index] if factor == 1 else factor * atoms[index]
            total = value if total is None else total + value
        if total is None:
            return form.constant
        return total + form.constant if form.constant else total

    def _compute(self, index: int) -> None:
        """An atom with all that it is made of, the earliest first: not by recursion, as a deep
        network is a long way."""
        known, every, waiting, needed = self.atoms, self.trace.atoms, [index], {index}
        while waiting:
            for form in forms(every[waiting.pop()]):
                for each, _ in form.terms:
                    if each not in known and each not in needed:
                        needed.add(each)
                        waiting.append(each)
        for each in sorted(needed):
            self._enter(known, each, every[each].axes, self._atom(each))

    def _atom(self, index: int) -> Any:
        atom, on = self.trace.atoms[index], self.on
        if atom.kind == "axis":
            return self.places[atom.args[0]]
        shared = atom.kind in ("larger", "plan")  # neighbours, which other structures have too
        parts = list(map(self.form if shared else self.sum, forms(atom)))
        match atom.kind:
            case "product":
                made = parts[0]
                for part in parts[1:]:
                    made = made * part
                return made
            case "quotient":
                return parts[0] // atom.args[1]
            case "divided":
                return parts[0] // on.larger(parts[1], 1)  # of other classes it may be 0
            case "below":
                return (parts[0] < 0) * 1
            case "larger":
                return reduce(on.larger, parts)
            case "distinct":
                return on.distinct(parts)
        return on.plan(index, parts)


def _holds(value: Any, kind: str, outcome: bool) -> Any:
    """Where an array is so; True where all of it is."""
    holds = ((value < 0) if kind == "<" else (value == 0)) == outcome
    return True if holds.all() else holds


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
