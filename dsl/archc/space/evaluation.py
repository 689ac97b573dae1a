"""The values of forms for one variant or many, each atom computed once."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple, Protocol

from archc.analysis.latency.arithmetic import Arithmetic
from archc.space.atoms import Atom, Form, Guard, Terms, forms

LONG = 4
"""Terms from which a sum is of a whole network, as others do not have it."""


class Operations(NamedTuple):
    """What atoms are computed with, on plain integers or on arrays."""

    larger: Callable[[Any, Any], Any]
    distinct: Callable[[list[Any]], Any]
    """The sum of numbers, equal ones once."""
    plan: Callable[[int, list[Any]], Any]
    """The end of an arena: of the atom with this index, from the sizes of its blocks."""
    arithmetic: Arithmetic
    """What is not computed with forms."""


class Made(Protocol):
    """What forms are of."""

    atoms: list[Atom]

    def wide(self, form: Form) -> bool:
        """Whether computing a form may take more than an int64."""

    def support(self, terms: Terms) -> frozenset[str]:
        """The axes that a form depends on."""


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
        self, trace: Made, places: dict[str, Any], on: Operations, narrow: bool = False
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
