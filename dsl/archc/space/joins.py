"""Atoms that are made of several forms without a decision between them."""

from collections.abc import Sequence
from functools import lru_cache

from archc.space.atoms import Form, Lives, Near
from archc.space.trace import Trace

OPTIONS = 8
"""Of how many forms a maximum is at the most; further ones are compared with that one."""


def _alone(atom: int) -> Form:
    return Form(((atom, 1),), 0)


def options(trace: Trace, form: Form) -> tuple[Form, ...]:
    """The forms that one is the largest of."""
    if not form.constant and len(form.terms) == 1 and form.terms[0][1] == 1:
        atom = trace.atoms[form.terms[0][0]]
        if atom.kind == "larger" and len(atom.args) < OPTIONS:
            forms: tuple[Form, ...] = atom.args
            return forms
    return (form,)


def maximum(trace: Trace, forms: Sequence[Form]) -> Form:
    """The largest of some forms, at least one."""
    chosen = tuple(forms)
    if len(chosen) == 1:
        return chosen[0]

    def bounds() -> tuple[int, int]:
        ends = [trace.bounds(form) for form in chosen]
        return max(low for low, _ in ends), max(high for _, high in ends)

    return _alone(trace.atom("larger", chosen, bounds))


def least(trace: Trace, a: Form, b: Form) -> int:
    """What a form is at least above another one."""
    if a.terms == b.terms:
        return a.constant - b.constant
    least, factors = a.constant - b.constant, dict(a.terms)
    for index, factor in b.terms:
        factors[index] = factors.get(index, 0) - factor
    for index, factor in factors.items():
        if factor:
            atom = trace.atoms[index]
            least += factor * (atom.low if factor > 0 else atom.high)
    return least


def negative(trace: Trace, form: Form) -> Form:
    """1 where a form is below 0, else 0."""
    low, high = trace.bounds(form)
    if high < 0 or low >= 0:
        return Form((), int(high < 0))
    return _alone(trace.atom("below", (form,), lambda: (0, 1)))


def distinct(trace: Trace, forms: Sequence[Form]) -> Form:
    """The sum of forms, equal ones once."""
    parts = tuple(sorted(set(forms)))
    return _alone(trace.atom("distinct", parts, lambda: _together(trace, parts)))


def plan(trace: Trace, sizes: Sequence[Form], lives: Lives) -> Form:
    """Where the plan of an arena ends.

    Args:
        trace: the run.
        sizes: of its blocks in bytes, rounded up.
        lives: of each.
    """
    parts, around = tuple(sizes), near(lives)
    trace.lives.setdefault(around, lives)
    return _alone(trace.atom("plan", (parts, around), lambda: _together(trace, parts)))


def _together(trace: Trace, parts: Sequence[Form]) -> tuple[int, int]:
    """Bounds of a sum of some of the parts, the largest among them."""
    ends = [trace.bounds(form) for form in parts]
    least = max(low for low, _ in ends)
    if any(low < 0 for low, _ in ends):
        least = sum(min(low, 0) for low, _ in ends)
    return least, sum(max(high, 0) for _, high in ends)


@lru_cache(maxsize=256)  # structures differ less in when blocks are alive than in their sizes
def near(lives: Lives) -> Near:
    """Which blocks are alive together with each."""
    around: list[list[int]] = [[] for _ in lives]
    alive: list[int] = []
    for index in sorted(range(len(lives)), key=lives.__getitem__):
        first = lives[index][0]
        alive = [other for other in alive if lives[other][1] >= first]
        around[index] += alive
        for other in alive:
            around[other].append(index)
        alive.append(index)
    return tuple([tuple(sorted(each)) for each in around])
