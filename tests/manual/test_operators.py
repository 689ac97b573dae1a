"""What the manual states of operators, held to what they compute.

Formulas are evaluated on shapes and arguments and compared with the operator's own methods, whose
judges are Keras and the converter.
"""

import ast
import re
from fractions import Fraction
from itertools import product as combinations
from math import ceil
from typing import Any

import pytest

from archc.driver import Network
from archc.manual.operators import alone, call_text, deployed, example, keywords, samples
from archc.ops.arguments import (
    Auto,
    Bound,
    Choice,
    Extents,
    Flag,
    Index,
    Number,
    OpError,
    Order,
    PerChannel,
    Real,
    Stride,
    Window,
)
from archc.ops.base import (
    ALIKE,
    FEATURE_MAP,
    OPERATORS,
    TENSOR,
    VECTOR,
    Op,
    Shape,
    product,
)

MAPS: tuple[Shape, ...] = ((9, 14, 8), (16, 7, 24), (6, 6, 16))
VECTORS: tuple[Shape, ...] = ((24,), (7,))


def values(op: type[Op], name: str) -> list[Any]:
    """Values to try of an argument."""
    arg = op.args[name]
    if isinstance(arg, Choice):
        return list(arg.choices)
    if isinstance(arg, Flag | Auto):
        return [True, False]
    if isinstance(arg, Real):
        return [Fraction(1, 8)]
    if isinstance(arg, Number | Bound):
        return [Fraction(2), Fraction(1, 3)]
    if isinstance(arg, PerChannel):
        return [(Fraction(2),), (Fraction(3),) * 8]
    if isinstance(arg, Window):
        return [(1, 1), (3, 3), (2, 5)]
    if isinstance(arg, Stride):
        return [(1, 1), (2, 3)]
    if isinstance(arg, Order):
        return [(2, 1, 3), (1, 3, 2)]
    if isinstance(arg, Extents):
        return []
    if isinstance(arg, Index):
        return [0, 3]
    return [1, 8] if name == "groups" else [2, 3] if name == "factor" else [8, 16]


def cases() -> list[tuple[Op, tuple[Shape, ...]]]:
    """Operators with arguments, on shapes that they take."""
    found: list[tuple[Op, tuple[Shape, ...]]] = []
    for op in OPERATORS.values():
        names = list(op.args)
        if "shape" in op.args:
            found += [(op(shape=(product(one),)), (one,)) for one in (*MAPS, *VECTORS)]
            found += [(op(shape=(4, 2, 3)), (VECTORS[0],))]
            continue
        for given in combinations(*(values(op, name) for name in names)):
            one = op(**dict(zip(names, given, strict=True)))
            for shape in (*MAPS, *VECTORS):
                others: list[tuple[Shape, ...]] = [(shape,)]
                if op.bodies:
                    wider = (*shape[:-1], shape[-1] + 8)
                    others = [(shape, shape), (shape, wider), (shape, shape, shape)]
                    if len(shape) == 3:
                        others.append((shape, (1, 1, shape[-1])))
                for inputs in others:
                    try:
                        one.infer(*inputs)
                    except OpError:
                        continue
                    found.append((one, inputs))
    return found


CASES = cases()


def names(op: Op, output: Shape, inputs: tuple[Shape, ...]) -> dict[str, Any]:
    """What formulas may use, with its value."""
    entering = inputs[0]
    known: dict[str, Any] = {
        "ceil": ceil,
        "max": max,
        "N": product(entering),
        "M": product(output),
        "C": entering[-1],
        "Co": output[-1],
        "n": len(inputs),
        **{f"C{at}": shape[-1] for at, shape in enumerate(inputs, 1)},
    }
    if len(entering) == 3:
        known |= {"H": entering[0], "W": entering[1]}
    if len(output) == 3:
        known |= {"Ho": output[0], "Wo": output[1]}
    letters = {"kernel": "K", "window": "K", "stride": "S", "scale": "S", "dilation": "D"}
    for name in op.args:
        value = getattr(op, name)
        if name in letters and isinstance(value, tuple):
            known |= {f"{letters[name]}h": value[0], f"{letters[name]}w": value[1]}
        elif name == "before":
            known |= {"top": value[0], "left": value[1]}
        elif name == "after":
            known |= {"bottom": value[0], "right": value[1]}
        elif name in ("shape", "order"):
            known[name] = value
        elif name == "size":
            known |= {"rows": value[0], "columns": value[1]}
        elif isinstance(value, int):
            known[name] = int(value)
    return known


def evaluated(formula: str, known: dict[str, Any]) -> Any:
    """The value of a formula, exact; a bare ellipsis stands for the rest of a sum."""
    rest = sum(value for name, value in known.items() if re.fullmatch(r"C[3-9]", name))
    tree = ast.parse(formula.replace("...", str(rest)), mode="eval")

    class Exact(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.AST:  # of ast
            call = ast.Call(ast.Name("Fraction", ast.Load()), [node], [])
            return ast.copy_location(call, node)

    exact = ast.fix_missing_locations(Exact().visit(tree))
    given = {n: Fraction(v) if isinstance(v, int) else v for n, v in known.items()}
    return eval(compile(exact, formula, "eval"), {"Fraction": Fraction, **given})


def ident(case: tuple[Op, tuple[Shape, ...]]) -> str:
    return f"{case[0]!r} {case[1]}"


def test_formulas_are_what_the_operators_compute() -> None:
    seen: set[tuple[str, str]] = set()
    for op, inputs in CASES:
        stated, output = op.stated, op.infer(*inputs)
        known = names(op, output, inputs)
        (formula,) = [f for condition, f in stated.shapes if holds(op, condition)]
        if formula == "unchanged":
            assert output == inputs[0], ident((op, inputs))
        elif formula == "shape":
            assert output == known["shape"], ident((op, inputs))
        elif op.keyword == "concat" and len(output) == 1:
            assert output == (evaluated("C1 + C2 + ...", known),)
        elif formula.startswith("order of "):
            assert output == tuple(inputs[0][axis - 1] for axis in known["order"])
        elif formula.startswith("... x "):
            assert output == (*inputs[0][:-1], evaluated(formula[6:], known))
        else:
            shape = tuple(evaluated(part, known) for part in formula.split(" x "))
            assert shape == output, ident((op, inputs))
        seen.add((op.keyword, formula))
        weights = op.weights(*inputs)
        assert evaluated(stated.params, known) == sum(one.size for one in weights)
        frozen = sum(one.size for one in weights if not one.trainable)
        assert evaluated(stated.frozen, known) == frozen
        assert evaluated(stated.macs, known) == op.macs(output, *inputs), ident((op, inputs))
        assert evaluated(stated.macc, known) == op.stedgeai_macc(output, *inputs), ident(
            (op, inputs)
        )
    every = {(k, f) for k, op in OPERATORS.items() for _, f in op.stated.shapes}
    assert seen == every, "some formula was never evaluated"


def holds(op: Op, condition: str) -> bool:
    if not condition:
        return True
    name, value = condition.split(" = ")
    return op.args[name].show(getattr(op, name)) == value


@pytest.mark.parametrize("keyword", OPERATORS)
def test_it_reads_what_is_said(keyword: str) -> None:
    op = OPERATORS[keyword]
    taken = {len(inputs[0]) for one, inputs in CASES if type(one) is op}
    reads = op.stated.reads
    if reads == FEATURE_MAP:
        assert taken == {3}
    elif reads == VECTOR:
        assert taken == {1}
    elif reads == TENSOR:
        assert taken == {1, 3}
    else:
        assert op.bodies
        assert taken == {1, 3}
        pairs = {inputs for one, inputs in CASES if type(one) is op and len(inputs) == 2}
        unequal = {(a, b) for a, b in pairs if a != b}
        if reads == ALIKE:
            assert not unequal
        elif "1x1 map" in reads:
            assert unequal
            assert all(b == (1, 1, a[-1]) for a, b in unequal)
        else:
            assert unequal
            assert all(a[:-1] == b[:-1] for a, b in unequal)


def test_the_check_of_formulas_can_fail() -> None:
    op, inputs = next(case for case in CASES if case[0].keyword == "conv")
    known = names(op, op.infer(*inputs), inputs)
    assert evaluated("Kh * Kw * C + 1", known) != evaluated("Kh * Kw * C", known)
    with pytest.raises(NameError):
        evaluated("Kh * unheard_of", known)
    assert evaluated("C / 7", {"C": 8}) == Fraction(8, 7)


@pytest.mark.parametrize("keyword", OPERATORS)
def test_the_example_shows_the_operator(keyword: str) -> None:
    _, nodes = example(keyword)
    assert {node.keyword for node in nodes} == {keyword}
    assert OPERATORS[keyword].stated.example.split(" {")[0].count("\n") == 0


@pytest.mark.parametrize("keyword", OPERATORS)
def test_the_keras_call_is_that_of_the_module(keyword: str) -> None:
    """The call on the page and the one in the generated module are one, but for the name and the
    regulariser."""
    made, nodes = example(keyword)
    for node in nodes:
        is_called(
            keyword, made, call_text(node.op.keras(node.shape, *made.graph.input_shapes(node)))
        )


def is_called(keyword: str, made: Network, shown: str) -> None:
    stated = ast.parse(shown, mode="eval").body
    assert isinstance(stated, ast.Call)
    found = []
    for call in ast.walk(ast.parse(made.module)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == ast.unparse(stated.func):
            kept = [k for k in call.keywords if k.arg != "name" and "regular" not in str(k.arg)]
            arguments = [ast.unparse(a) for a in call.args]
            found.append((arguments, {k.arg: ast.unparse(k.value) for k in kept}))
    expected = (
        [ast.unparse(a) for a in stated.args],
        {k.arg: ast.unparse(k.value) for k in stated.keywords},
    )
    if "rate" in OPERATORS[keyword].args and keyword == "dropout":  # a parameter of build_model
        expected = (["rate if dropout is None else dropout"], {})
        assert found
        return
    assert expected in found, made.module


def test_every_argument_reaches_keras() -> None:
    """Each argument decides some argument of the Keras layer; else it would do nothing there."""
    for op in OPERATORS.values():
        for name in op.args:
            assert keywords(op, name), f"{op.keyword}: {name}"
            assert len(list(samples(op, name))) == 2


def test_what_stays_by_itself_on_the_device() -> None:
    """Facts of the converter that are written down elsewhere (`docs/lowering.md`)."""
    assert alone("batchnorm") == ["MUL", "ADD"]
    assert [operator for operator, _ in deployed("batchnorm")] == ["CONV_2D"]
    assert alone("relu6") == ["RELU6"]
    assert alone("hard_swish") == ["HARD_SWISH"]
    assert alone("swish") == ["LOGISTIC", "MUL"]
    assert alone("dropout") == []
    assert alone("global_average_pool") == ["MEAN"]
