"""Symbolic numbers against plain ones: forms, guards and the code made of them."""

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archc.space.atoms import Axis
from archc.space.program import Program
from archc.space.reuse import distinct
from archc.space.symbolic import Number, parameter
from archc.space.trace import Escape, Trace
from archc.values import below, distinct_sum, larger, largest, smaller, total
from support.profiles import share

AXES = (Axis("a", 1, 2, 1, 4), Axis("b", -3, 3, 1, 3), Axis("c", 5, 5, 4, 3))
PLACES = list(product(range(5), range(4), range(4)))

LEAVES = st.sampled_from([*"abc", 0, 1, 2, 3, 8, -5, Fraction(1, 2)])
SIGNS = (
    *("+", "-", "*", "//", "%", "max", "min", "largest"),
    *("below", "floor", "distinct", "total", "if<", "if=="),
)
TREES = st.recursive(
    LEAVES, lambda inner: st.tuples(st.sampled_from(SIGNS), inner, inner), max_leaves=9
)


def value(tree: Any, names: dict[str, Any]) -> Any:
    """A tree's value, as the compiler computes with numbers of either kind."""
    if not isinstance(tree, tuple):
        return names.get(tree, tree)
    sign, a, b = tree[0], value(tree[1], names), value(tree[2], names)
    match sign:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "//":
            return a // b
        case "%":
            return a % b
        case "max":
            return larger(a, b)
        case "min":
            return smaller(a, b)
        case "largest":
            return largest([a, 3, b, a - b, b * 2 - 1])
        case "below":
            return below(a, b)
        case "floor":
            return a.__floor__() + b
        case "distinct":
            return distinct_sum([a.__floor__(), b.__floor__(), 7])
        case "total":
            return total([a.__floor__(), 7, b.__floor__(), a.__floor__()])
        case "if<":
            return a if a < b else b + 1
    return a * 2 if a == b else b


def plain(places: tuple[int, ...]) -> dict[str, Fraction]:
    return {axis.name: axis.value(k) for axis, k in zip(AXES, places, strict=True)}


@share(4)
@given(st.lists(st.tuples(TREES, st.sampled_from(PLACES)), min_size=1, max_size=3))
def test_what_is_traced_holds_for_all_of_the_class(
    runs: list[tuple[Any, tuple[int, ...]]],
) -> None:
    """Whatever earlier runs of a trace computed, with other guards."""
    pytest.importorskip("numpy")
    trace, checked = Trace(), 0
    for tree, witness in runs:
        trace.start()
        checked += _holds(trace, tree, witness)
    assume(checked)


def _holds(trace: Trace, tree: Any, witness: tuple[int, ...]) -> bool:
    """Compare what one run says with all variants of its class; whether it says something."""
    import numpy as np

    names = {axis.name: parameter(trace, axis, k) for axis, k in zip(AXES, witness, strict=True)}
    try:
        made = value(tree, names)
    except (Escape, ZeroDivisionError):
        return False
    if not isinstance(made, Number):
        return False
    over, form = made.over, made.form
    program = Program(trace, list(trace.guards), [form])
    outcomes = tuple(trace.guards.values())
    low, high = trace.bounds(form)
    members = 0
    for places in PLACES:
        at = dict(zip("abc", places, strict=True))
        if program.guards(at, max, lambda all_: sum(set(all_)), ()) != outcomes:
            assert places != witness
            continue
        members += 1
        (numerator,) = program.figures(at, max, lambda all_: sum(set(all_)), ())
        assert low <= numerator <= high
        assert Fraction(numerator, over) == value(tree, plain(places))
    assert members
    columns = {
        name: np.array(column)
        for name, column in zip("abc", zip(*PLACES, strict=True), strict=True)
    }
    every = program.guards(columns, np.maximum, distinct, ())
    mask = np.ones(len(PLACES), bool)
    for holds, outcome in zip(every, outcomes, strict=True):
        mask &= np.asarray(holds) == outcome
    assert mask.sum() == members
    (numerators,) = program.figures(columns, np.maximum, distinct, ())
    numerators = np.broadcast_to(numerators, len(PLACES))
    for place in np.flatnonzero(mask):
        assert Fraction(int(numerators[place]), over) == value(tree, plain(PLACES[place]))
    return True


def test_a_product_is_another_one_where_guards_say_more_of_it() -> None:
    trace = Trace()
    a, b = (parameter(trace, axis, 3) for axis in AXES[:2])
    wide = a * b
    assert a * b is wide
    assert b > 0  # which a product that is there already does not learn
    assert a * b is wide
    trace.start()
    a, b = (parameter(trace, axis, 3) for axis in AXES[:2])
    assert b > 0
    narrow = a * b
    assert narrow is not wide
    assert b * a is narrow
    assert trace.bounds(narrow.form) != trace.bounds(wide.form)
    trace.start()
    assert a * b is wide


def test_nothing_leaks() -> None:
    """What would read a value without a guard raises or makes it a constant of the class."""
    trace = Trace()
    a = parameter(trace, AXES[0], 2)
    for leak in (hash, float, lambda n: 2**n, lambda n: 1 / n, lambda n: {n: 1}):
        with pytest.raises(Escape) as caught:
            leak(a)
        assert caught.value.axes == {"a"}
    assert not trace.guards
    assert list(range(a)) == list(range(5))
    assert len(trace.guards) == 1
    assert a == 5
    assert len(trace.guards) == 1
