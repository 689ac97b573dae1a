"""The one home of Hypothesis strategies: whole specs as ASTs, specs with one edit, and junk.

`specs` writes archs as a person would, statement by statement, and asks the reference semantics
(`support.reference`) what shape each leaves, so that most of what it writes is a network. It is
driven by the registry of operators: a new operator, or a new argument of one, is covered as soon
as it exists. Now and then a statement that does not fit is left in on purpose.
"""

import re
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from archc.ops import OPERATORS
from archc.ops import arguments as kinds
from archc.ops.arguments import Arg
from archc.ops.base import Op, Shape, product
from archc.ops.merge import Elementwise
from archc.source import Source, Span
from archc.syntax import ast
from archc.values import Size, show_number
from support.printer import print_file
from support.reference import Fault, Reference, Scope, Stage, Thing, library

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = Span(Source("<generated>", ""), 0, 0)
LARGEST = 24_000
"""Elements of a feature map, so that Keras builds and converts quickly."""
FAULTY = 24
"""One statement in so many that does not fit is left in."""

# Names that generated Python, Keras or the file system might trip over, and plain ones.
WORDS = (
    "a", "b", "unit", "mix", "act", "Narrow", "wide_2", "k", "n1", "keras", "layers", "name",
    "inputs", "outputs", "regularizer", "regularizers", "dropout", "print", "l", "O", "I", "self",
    "repeat", "build_model", "MODEL_NAME", "x_", "type", "model", "weights", "len", "y", "size",
    "gate_2", "main", "conv_2", "_p", "__init__", "stage_1", "head_", "format", "input_", "match",
    "case", "range", "float", "object", "filters", "x1", "in_channels",
)  # fmt: skip
LAYERS = tuple(word for word in WORDS if not word.startswith("_"))
"""Words that names of layers may start with."""
MAPS = tuple(word for word in LAYERS if word not in OPERATORS and word not in library())
"""Those of them that nothing else goes by, so that a stage is a map by its name."""
INPUTS = tuple(word for word in MAPS if word != "self")
"""The converter fails on that one, which archc says."""
ARCHS = tuple(word for word in LAYERS if word not in ("keras", "build_model"))

# --- small pieces of AST -----------------------------------------------------------------------


def name(text: str) -> ast.Name:
    return ast.Name(text, NOWHERE)


def number(value: Fraction | int) -> ast.Expression:
    """An expression of this value: a literal where there is one."""
    value = Fraction(value)
    if value < 0:
        return ast.Minus(number(-value), NOWHERE)
    text = show_number(value)
    if "/" in text:
        parts = (number(value.numerator), number(value.denominator))
        return ast.Operation(("/",), parts, NOWHERE)
    return ast.Number(text, NOWHERE)


def ref(text: str, *values: ast.Expression, **named: ast.Expression) -> ast.Reference:
    given = arguments(*values, **named) if values or named else None
    return ast.Reference(name(text), given, NOWHERE)


def arguments(*values: ast.Expression, **named: ast.Expression) -> tuple[ast.Argument, ...]:
    return (
        *(ast.Argument(None, value, NOWHERE) for value in values),
        *(ast.Argument(name(key), value, NOWHERE) for key, value in named.items()),
    )


def operation(sign: str, *operands: ast.Expression) -> ast.Operation:
    return ast.Operation((sign,) * (len(operands) - 1), operands, NOWHERE)


def sizes(*extents: ast.Expression) -> ast.Operation:
    return operation("x", *extents)


def feature(text: str) -> ast.Feature:
    return ast.Feature(name(text), NOWHERE)


def call(text: str, *values: ast.Expression, **named: ast.Expression) -> ast.Call:
    return ast.Call(name(text), arguments(*values, **named), (), NOWHERE)


def braced(text: str, *bodies: ast.Body, **named: ast.Expression) -> ast.Call:
    return ast.Call(name(text), arguments(**named), bodies, NOWHERE)


def body(*statements: ast.Statement) -> ast.Body:
    return ast.Body(statements, NOWHERE)


# --- specs -------------------------------------------------------------------------------------


class Spec(NamedTuple):
    """A generated spec."""

    file: ast.File
    intact: bool
    """Whether the reference semantics took every statement, and nothing wrong was put in."""

    @property
    def text(self) -> str:
        return print_file(self.file)

    def __repr__(self) -> str:
        return f"{'intact' if self.intact else 'perhaps faulty'}:\n{self.text}"


class Place(NamedTuple):
    """Where a statement is being written: its scope and the feature map that reaches it."""

    scope: Scope
    shape: Shape
    supply: Stage | None = None
    depth: int = 0
    blocks: tuple[str, ...] = ()
    """Blocks of the file that may be called here, so that none calls itself."""


class Writer:
    """Writes one spec, drawing each choice."""

    def __init__(self, draw: DrawFn) -> None:
        self.draw = draw
        self.intact = True
        self.blocks: list[ast.Block] = []
        self.run = Reference((), LARGEST)
        self.left = draw(st.integers(3, 12))
        """Statements that may still be written, in blocks and then in the arch."""
        self.labels: set[str] = set()
        """Names of maps that are taken."""

    # --- choices --------------------------------------------------------------------------

    def one(self, *options: Any) -> Any:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def chance(self, of: int) -> bool:
        """True once in so many; false is what shrinking goes for."""
        return self.draw(st.integers(0, of - 1)) == of - 1

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def fresh(self, taken: set[str], words: tuple[str, ...] = WORDS) -> str:
        start = self.whole(0, len(words) - 1)
        for offset in range(len(words)):
            word = words[(start + offset) % len(words)]
            if word.casefold() not in taken:
                taken.add(word.casefold())
                return word
        raise AssertionError("more names are needed than there are")

    # --- expressions ----------------------------------------------------------------------

    def numeric(self, value: Fraction | int, place: Place, depth: int = 0) -> ast.Expression:
        """An expression that has this value here, and often another one elsewhere."""
        value = Fraction(value)
        way = self.whole(0, 14) if depth < 2 else 0
        if way < 5:
            return number(value)
        if way == 12:
            return self.chosen(value, place, depth)
        if way == 13:
            items = [number(value + n) for n in range(self.whole(1, 3))]
            at = self.whole(0, len(items) - 1)
            items[0], items[at] = items[at], items[0]
            return ast.Item(ast.ListOf(tuple(items), NOWHERE), number(at), NOWHERE)
        if way == 14:
            for exponent in range(1, 12):
                if value == 2**exponent:
                    return operation("**", number(2), number(exponent))
        if way == 5:
            one = self.numeric(value, place, depth + 1)
            return ref(self.one("max", "min"), one, number(value))
        if way == 6 and value.denominator == 1 and value > 0:
            third = number(value - Fraction(1, 3))
            return ref("ceil", third) if self.chance(2) else ref("round", number(value))
        if way == 7:
            part = Fraction(self.whole(0, 8), 4)
            rest = self.numeric(value - part, place, depth + 1)
            return operation("+", rest, number(part))
        if way == 8:
            factor = self.whole(1, 4)
            rest = self.numeric(value / factor, place, depth + 1)
            return operation("*", number(factor), rest)
        names = self.known(place.scope, Fraction)
        if way == 9 and place.scope.feature is not None and place.shape:
            entered = Fraction(place.scope.feature[-1])
            return self.scaled(feature("channels"), entered, value)
        if names:
            text, known = names[self.whole(0, len(names) - 1)]
            return self.scaled(ref(text), known, value)
        return number(value)

    def chosen(self, value: Fraction, place: Place, depth: int) -> ast.Expression:
        """A conditional expression of this value here."""
        condition = self.condition(place)
        try:
            holds = self.run.truth(condition, place.scope)
        except Fault:
            return number(value)
        taken = self.numeric(value, place, depth + 1)
        pair = (taken, number(1)) if holds else (number(1), taken)
        return ast.Choice(condition, *pair, NOWHERE)

    def scaled(self, base: ast.Expression, known: Any, value: Fraction) -> ast.Expression:
        if known == value:
            return base
        if not known:
            return operation("+", base, number(value))
        ratio = value / known
        if ratio.numerator == 1:
            return operation("/", base, number(ratio.denominator))
        if "/" in show_number(ratio):
            return operation("-", operation("+", base, number(value)), number(known))
        return operation("*", base, number(ratio))

    def known(self, scope: Scope, kind: Any) -> list[tuple[str, Any]]:
        """Names in scope whose values are of a kind."""
        found: dict[str, Any] = {}
        at: Scope | None = scope
        while at is not None:
            for text, value in at.names.items():
                if text not in found:
                    found[text] = value
            at = at.parent
        return [(text, value) for text, value in found.items() if isinstance(value, kind)]

    def condition(self, place: Place, depth: int = 0) -> ast.Expression:
        way = self.whole(0, 7)
        if depth < 2 and way == 0:
            return ast.Not(self.condition(place, depth + 1), NOWHERE)
        if depth < 2 and way == 1:
            parts = [self.condition(place, depth + 1) for _ in range(self.whole(2, 3))]
            return operation(self.one("and", "or"), *parts)
        flags = self.known(place.scope, bool)
        if flags and way in (2, 3):
            return ref(flags[self.whole(0, len(flags) - 1)][0])
        if way == 4:
            return ref(self.one("true", "false"))
        sign = self.one("==", "!=", "<", "<=", ">", ">=")
        left = Fraction(self.whole(1, 4))
        if place.scope.feature is not None and self.chance(2):
            return operation(sign, feature("channels"), number(8 * left))
        return operation(sign, self.numeric(left, place), number(self.whole(1, 4)))

    def argument(self, arg: Arg[Any], op: type[Op], place: Place) -> ast.Expression:
        """A value for an argument of an operator, by the argument's type alone."""
        shape = place.shape
        if isinstance(arg, kinds.Width):
            return self.channels(place)
        if isinstance(arg, kinds.Count):
            if op.keyword == "conv":
                return number(self.one(1, 2, shape[-1]))
            return self.numeric(self.whole(arg.low, 2 if len(shape) == 3 else 20), place)
        if isinstance(arg, kinds.Window):
            return self.window(place)
        if isinstance(arg, kinds.Stride):  # amounts are strides from 0
            low = arg.low
            one, other = self.whole(low, low + 1), self.whole(low, low + 2)
            if self.chance(3):
                return sizes(number(one), self.numeric(other, place))
            return self.numeric(one, place)
        if isinstance(arg, kinds.Order):
            axes = self.draw(st.permutations(range(1, len(shape) + 1)))
            return sizes(*map(number, axes)) if len(axes) > 1 else number(1)
        if isinstance(arg, kinds.Extents):
            return self.extents(place)
        if isinstance(arg, kinds.Flag | kinds.Auto):
            flags = self.known(place.scope, bool)
            if flags and self.chance(3):
                return ref(flags[0][0])
            return ref(self.one("false", "true"))
        if isinstance(arg, kinds.Real):
            width = arg.high - arg.low
            return self.numeric(arg.low + width * Fraction(self.whole(0, 99), 100), place, 1)
        if isinstance(arg, kinds.Number):
            return self.numeric(Fraction(self.whole(-12, 12), 4), place)
        if isinstance(arg, kinds.Bound):
            return self.numeric(self.one(1, 4, 6, Fraction(5, 2)), place)
        if isinstance(arg, kinds.PerChannel):
            count = shape[-1] if shape[-1] in (2, 3, 4) and self.chance(2) else 1
            each = [number(Fraction(self.whole(1, 8), 4)) for _ in range(count)]
            return ast.ListOf(tuple(each), NOWHERE) if count > 1 else each[0]
        if isinstance(arg, kinds.Choice):
            return ref(arg.choices[self.whole(0, len(arg.choices) - 1)])
        raise NotImplementedError(f"no strategy for arguments like `{arg.name}`")

    def channels(self, place: Place) -> ast.Expression:
        way = self.whole(0, 9)
        if way == 0:
            return ref("exact", number(self.whole(1, 20)))
        if way == 1:
            return number(Fraction(self.whole(1, 300), 7))
        if way == 2 and place.scope.feature is not None:
            return feature("channels")
        if way == 3 and self.known(place.scope, Fraction):
            return ref(self.known(place.scope, Fraction)[-1][0])
        return self.numeric(8 * self.whole(1, 6), place)

    def window(self, place: Place) -> ast.Expression:
        known = [text for text, size in self.known(place.scope, Size) if len(size.extents) == 2]
        if known and self.chance(3):
            return ref(known[0])
        rows = self.one(1, 2, 2, 3, 3, 4, 5)
        columns = rows if self.chance(2) else self.whole(1, 7)
        if self.chance(6):
            return operation("-", sizes(number(rows + 1), number(columns + 1)), number(1))
        if len(place.shape) == 3 and place.scope.feature is not None and self.chance(12):
            return feature("size")
        return sizes(number(rows), number(columns))

    def extents(self, place: Place) -> ast.Expression:
        total = product(place.shape)
        if self.chance(3):
            return number(total)
        divisors = [n for n in range(1, min(total, 64) + 1) if total % n == 0]
        first = divisors[self.whole(0, len(divisors) - 1)]
        if self.chance(2):
            return sizes(number(first), number(total // first))
        return sizes(number(1), number(first), number(total // first))

    # --- statements -----------------------------------------------------------------------

    def body(self, place: Place, most: int, *, kind: str = "any") -> tuple[ast.Body, Shape]:
        """A body that runs here, and the shape it leaves."""
        statements: list[ast.Statement] = []
        for _ in range(self.whole(1, most)):
            if self.left <= 0 and statements:
                break
            self.left -= 1
            statement, shape = self.fitting(place, kind)
            statements.append(statement)
            place = place._replace(shape=shape)
        return body(*statements), place.shape

    def fitting(self, place: Place, kind: str) -> tuple[ast.Statement, Shape]:
        """A statement that runs here; once in a while one that does not."""
        for _ in range(3):
            statement = self.statement(place, kind)
            used = list(place.supply.used) if place.supply is not None else []
            rows = len(self.run.rows)
            shape = self.leaves(statement, place)
            if shape is None and self.chance(FAULTY):
                self.intact = False
                return statement, place.shape
            kept = shape == place.shape if kind == "keep" else True
            if shape is not None and kept and (place.supply is None or len(shape) == 3):
                return statement, shape
            if shape is not None:  # it runs, but not where it is wanted
                del self.run.rows[rows:]
                if place.supply is not None:
                    place.supply.used[:] = used
        plain = call(self.one("relu6", "batchnorm", "dropout"))
        shape = self.leaves(plain, place)
        if shape is None:  # a block of the file hides the operator
            self.intact = False
        return plain, shape or place.shape

    def leaves(self, statement: ast.Statement, place: Place) -> Shape | None:
        """The shape that a statement leaves; None if it cannot run."""
        used = None if place.supply is None else list(place.supply.used)
        rows = len(self.run.rows)
        try:
            return self.run.statement(statement, place.scope, place.shape, place.supply)
        except Fault:
            if place.supply is not None and used is not None:
                place.supply.used[:] = used
            del self.run.rows[rows:]
            return None

    def statement(self, place: Place, kind: str) -> ast.Statement:
        nested = place.depth < 3 and self.left > 2
        if len(place.shape) != 3:
            options = ["dense", "op", "op", "flatten"] + ["if", "skip", "concat"] * nested
        else:
            options = ["conv", "conv", "dwconv", "op", "op", "op", "op", "block", "block"]
            options += ["skip", "gate", "merge", "concat", "if", "value"] * nested
        way = self.one(*options)
        if way in OPERATORS and way != "concat":
            return self.operator(OPERATORS[way], place)
        if way == "op":
            plain = [op for op in OPERATORS.values() if not op.bodies]
            return self.operator(self.one(*plain), place)
        return getattr(self, f"_{way}")(place)

    def operator(self, op: type[Op], place: Place) -> ast.Call:
        positional: list[ast.Expression] = []
        named: dict[str, ast.Expression] = {}
        by_position = True
        for arg in op.args.values():
            supplied = place.supply is not None and arg.filled and self.chance(2)
            wanted = arg.required and not (supplied and arg.name == "channels")
            if not wanted and not self.chance(4):
                by_position = False
                continue
            value = self.argument(arg, op, place)
            if by_position and not self.chance(4):
                positional.append(value)
            else:
                by_position = False
                named[arg.name] = value
        return call(op.keyword, *positional, **named)

    def _block(self, place: Place) -> ast.Call:
        """A call of a block: of the library, of the file, or the value of a parameter."""
        names = [*sorted(library()), *place.blocks, *place.blocks]
        names.extend(text for text, thing in self.known(place.scope, Thing))
        text = self.one(*names)
        try:
            thing = self.run.lookup(text, place.scope)
        except Fault:
            return call(text)
        if not isinstance(thing, Thing):
            return call(text)
        return call(text, **self.filling(thing, place))

    def filling(self, thing: Thing, place: Place) -> dict[str, ast.Expression]:
        """Arguments for what a callable leaves open."""
        named: dict[str, ast.Expression] = {}
        for slot, required, filled in thing.slots:
            if slot in thing.bound or (filled and place.supply is not None and self.chance(2)):
                continue
            if not required and not self.chance(3):
                continue
            if slot == "channels":
                named[slot] = self.channels(place)
            elif slot in ("kernel", "window"):
                named[slot] = self.window(place)
            elif thing.kind == "operator":
                named[slot] = self.argument(OPERATORS[thing.name].args[slot], thing.target, place)
            elif slot == "stride":
                named[slot] = self.numeric(self.whole(1, 2), place)
            else:
                named[slot] = self.numeric(self.whole(1, 4), place)
        return named

    def inner(self, place: Place) -> Place:
        """Where braces are written: a feature map enters them, and a stage supplies nothing."""
        scope = Scope({}, place.shape, place.scope)
        return place._replace(scope=scope, supply=None, depth=place.depth + 1)

    def _skip(self, place: Place) -> ast.Call:
        inside, shape = self.body(self.inner(place), 4)
        named: dict[str, ast.Expression] = {}
        if len(shape) == 3 and len(place.shape) == 3 and self.chance(3):
            widths = [self.numeric(shape[2], place)] if shape[2] % 8 == 0 else []
            widths = widths or [ref("exact", number(shape[2]))]
            strides = [-(-a // b) for a, b in zip(place.shape, shape[:2], strict=False)]
            stride = sizes(*map(number, strides))
            named["shortcut"] = ref("conv", *widths, stride=stride)
            if self.chance(4):
                named["shortcut"] = ast.Braces(
                    body(call("conv", *widths, stride=stride), call("batchnorm")), NOWHERE
                )
        if shape == place.shape and self.chance(3):
            named["required"] = ref("true")
        return braced("skip", inside, **named)

    def _gate(self, place: Place) -> ast.Call:
        way = self.whole(0, 2)
        if way == 0:
            inside, _ = self.body(self.inner(place), 3, kind="keep")
            return braced("gate", inside)
        statements: list[ast.Statement] = []
        if way == 1:
            statements.append(call("global_average_pool", keepdims=ref("true")))
            if self.chance(2):
                half = operation("/", feature("channels"), number(2))
                statements.extend((call("conv", half), call("relu6")))
        statements.append(call("conv", ref("exact", feature("channels"))))
        statements.append(call("sigmoid"))
        return braced("gate", body(*statements))

    def branches(self, place: Place, kind: str) -> list[ast.Body]:
        return [self.body(self.inner(place), 2, kind=kind)[0] for _ in range(self.whole(2, 3))]

    def _merge(self, place: Place) -> ast.Call:
        bodies = self.branches(place, "any" if self.chance(2) else "keep")
        if self.chance(2):
            width = number(8 * self.whole(1, 3))
            bodies = [body(*each.statements, call("conv", width)) for each in bodies]
        joins = [op.keyword for op in OPERATORS.values() if issubclass(op, Elementwise)]
        join = self.one(*joins)
        return braced(join, *(bodies[:2] if join == "subtract" else bodies))

    def _concat(self, place: Place) -> ast.Call:
        return braced("concat", *self.branches(place, "any" if self.chance(3) else "keep"))

    def _if(self, place: Place) -> ast.If:
        """Each branch is written for the feature map that enters, whichever will be taken."""
        within = place._replace(depth=place.depth + 1)
        if place.supply is not None:
            within = within._replace(supply=place.supply._replace(used=list(place.supply.used)))
        count = 1 if self.chance(2) else 2
        branches = [(self.condition(place), self.body(within, 2)[0]) for _ in range(count)]
        otherwise = self.body(within, 2)[0] if self.chance(2) else None
        return ast.If(tuple(branches), otherwise, NOWHERE)

    def _value(self, place: Place) -> ast.Call:
        """A block of the file that takes a block, with one of several kinds of callable."""
        for block in self.blocks:
            if block.name.text not in place.blocks:
                continue
            for parameter in block.parameters:
                if isinstance(parameter.default, ast.Reference | ast.Braces):
                    value = self.callable(place)
                    return call(block.name.text, **{parameter.name.text: value})
        return self._block(place)

    def callable(self, place: Place) -> ast.Expression:
        """A block, an operator, or braces, as a value."""
        way = self.whole(0, 5)
        if way == 0:
            return ast.Braces(self.body(self.inner(place), 2, kind="keep")[0], NOWHERE)
        if way == 1:
            return ref(self.one("relu6", "relu", "sigmoid", "hard_swish", "batchnorm", "swish"))
        if way == 2:
            return ref("dwconv", sizes(number(3), number(self.whole(1, 3))))
        if way == 3:
            return ref("identity")
        if way == 4:
            return ref("se", reduction=number(self.whole(1, 4)))
        return ref("ds", number(8 * self.whole(1, 3))) if self.chance(2) else ref("se")

    # --- declarations ---------------------------------------------------------------------

    def ranged(self) -> tuple[ast.Expression, ast.Range | None]:
        """A default in a range, most often with the range."""
        if self.chance(2):
            low, high = Fraction(1), Fraction(self.whole(2, 6))
            default = Fraction(self.whole(1, int(high)))
        else:
            low, high = Fraction(1, 4), Fraction(self.whole(4, 16), 4)
            default = Fraction(self.whole(1, int(4 * high)), 4)
            step = number(Fraction(1, 4)) if self.chance(2) else None
            low_end = ast.Number("0.25", NOWHERE)
            return number(default), ast.Range(low_end, number(high), NOWHERE, step)
        if self.chance(4):
            return number(default), None
        if self.chance(4):
            every = tuple(number(n) for n in range(1, int(high) + 1))
            return number(default), ast.Range(ast.ListOf(every, NOWHERE), None, NOWHERE)
        return number(default), ast.Range(number(low), number(high), NOWHERE)

    def parameter(self, text: str, place: Place) -> ast.Parameter:
        way = self.whole(0, 6)
        default: ast.Expression
        bounds: ast.Range | None = None
        if way <= 2:
            default, bounds = self.ranged()
        elif way == 3:
            default = ref(self.one("true", "false"))
        elif way == 4:
            default = sizes(number(self.whole(1, 4)), number(self.whole(1, 4)))
        else:
            default = self.callable(place)
        return ast.Parameter(name(text), default, bounds, NOWHERE)

    def block(self, text: str) -> ast.Block:
        """A block, written for one feature map and used on others too."""
        shape = (self.whole(1, 4) * 4, self.whole(1, 4) * 4, self.whole(1, 3) * 8)
        scope = Scope({}, shape)
        place = Place(scope, shape, None, 1, tuple(block.name.text for block in self.blocks))
        taken = {text.casefold(), "channels", "stride"}
        parameters: list[ast.Parameter] = []
        if self.chance(2):
            default = None if self.chance(2) else feature("channels")
            parameters.append(ast.Parameter(name("channels"), default, None, NOWHERE))
            scope.names["channels"] = Fraction(16)
        if self.chance(2):
            parameters.append(ast.Parameter(name("stride"), number(1), None, NOWHERE))
            scope.names["stride"] = Fraction(1)
        for _ in range(self.whole(0, 2)):
            parameter = self.parameter(self.fresh(taken), place)
            if self.chance(4) and not isinstance(parameter.default, ast.Braces):
                way = operation("/", feature("channels"), number(self.one(1, 2, 4)))
                parameter = parameter._replace(default=way, range=None)
            try:
                self.run.bind(parameter, {}, scope)
            except Fault:
                continue
            parameters.append(parameter)
        inside, _ = self.body(place, 4)
        statements = list(inside.statements)
        if "channels" in scope.names:
            named = {"stride": ref("stride")} if "stride" in scope.names else {}
            kernel = sizes(number(3), number(3)) if self.chance(2) else sizes(number(1), number(1))
            statements.append(call("conv", ref("channels"), kernel, **named))
        elif "stride" in scope.names:
            statements.append(call("dwconv", sizes(number(3), number(3)), ref("stride")))
        if self.chance(3):
            statements = [braced("skip", body(*statements))]
        return ast.Block(name(text), tuple(parameters), body(*statements), self.doc(), NOWHERE)

    def doc(self) -> str:
        return self.one("", "", "", "What it is for.", 'quotes " and \\n # and é 中 }{', "a\nb")

    def stage(self, text: str, place: Place) -> tuple[ast.Stage, Shape]:
        shape = place.shape
        entry = place._replace(scope=Scope({}, shape, place.scope))
        named: dict[str, ast.Expression] = {}
        if not self.chance(4):
            named["channels"] = self.channels(entry)
        if self.chance(2) and max(shape[:2]) > 2:
            named["stride"] = (
                sizes(number(1), number(2)) if self.chance(4) else self.numeric(2, entry)
            )
        if self.chance(3):
            named["repeat"] = self.numeric(self.whole(1, 3), entry)
        try:
            given = {key: self.run.value(value, entry.scope) for key, value in named.items()}
            width = self.run.width(given["channels"]) if "channels" in named else None
        except Fault:
            named, given, width = {}, {}, None
        channels = given.get("channels")
        if width is not None:
            channels = Fraction(width) if isinstance(channels, Fraction) else channels
        names = {} if width is None else {"channels": channels}
        supply = Stage(channels, given.get("stride"), [])
        inner = Scope(names, shape, place.scope)
        inside, left = self.body(Place(inner, shape, supply, 0, place.blocks), 4)
        statements = list(inside.statements)
        strides = "stride" in named and not supply.used
        if strides:
            statements.append(call("dwconv", sizes(number(3), number(3))))
        if width is not None and left[-1] != width:
            statements.append(call("conv"))
        if self.chance(2):
            statements = self.mapped(statements, place, named)
        stage = ast.Stage(name(text), arguments(**named), body(*statements), self.doc(), NOWHERE)
        plain = "ds" if width is not None else "se"
        for attempt in (stage, stage._replace(body=body(call(plain))), None):
            if attempt is None:
                return self.stage_without(text), shape
            rows = len(self.run.rows)
            try:
                return attempt, self.run.stage(attempt, place.scope, shape)
            except Fault:
                del self.run.rows[rows:]
                if self.chance(FAULTY):
                    self.intact = False
                    return attempt, shape
        raise AssertionError

    def mapped(
        self, statements: list[ast.Statement], place: Place, named: dict[str, ast.Expression]
    ) -> list[ast.Statement]:
        """The statements of a stage with a map among them that is named and read again."""
        calls = [at for at, one in enumerate(statements) if isinstance(one, ast.Call)]
        if not calls:
            return statements
        at = calls[self.whole(0, len(calls) - 1)]
        label = self.fresh(self.labels, MAPS)
        made = statements[at]
        assert isinstance(made, ast.Call)
        read = call(label)
        width = [call("conv")] if "channels" in named else []
        tail = self.one(
            [braced("concat", body(read), body()), *width],
            [braced("add", body(read), body())],
            [braced("concat", body(read, call("relu6")), body(call("relu"))), *width],
            [braced("skip", body(read)), *width],
        )
        found = [*statements[:at], made._replace(names=(name(label),)), *statements[at + 1 :]]
        if self.chance(4):
            pair = (name(f"{label}_a"), name(f"{label}_b"))
            parts = call("split", number(2))._replace(names=pair)
            swapped = braced("concat", body(call(pair[1].text)), body(call(pair[0].text)))
            found += [parts, swapped]
        found += tail
        trial = ast.Stage(name("trial"), arguments(**named), body(*found), "", NOWHERE)
        rows = len(self.run.rows)
        try:
            left = self.run.stage(trial, Scope({}, None, place.scope), place.shape)
            read = {at for made in self.run.rows[rows:] for at in made.reads}
            read.add(getattr(left, "row", -1))
            if not read >= {*range(rows, len(self.run.rows))}:
                raise Fault  # a skip that is dropped leaves what stands before it
        except Fault:
            found = statements
        del self.run.rows[rows:]
        return found

    def stage_without(self, text: str) -> ast.Stage:
        return ast.Stage(name(text), (), body(call("relu6")), "", NOWHERE)

    def head(self, place: Place) -> tuple[ast.Head, Shape]:
        shape = place.shape
        way = self.one("pool", "attention", "flatten", "conv", "free", "global_max_pool")
        statements: list[ast.Statement] = []
        if len(shape) != 3 or way == "free":
            inside, shape = self.body(place._replace(scope=Scope({}, shape, place.scope)), 3)
            return ast.Head(inside, NOWHERE), shape
        if way == "conv":
            statements += [call("conv", number(8 * self.whole(1, 3))), call("sigmoid")]
        else:
            pool = {"pool": "global_average_pool", "attention": "attention_pool"}.get(way, way)
            statements.append(call(pool))
            if self.chance(2):
                statements.append(call("dropout", number(Fraction(self.whole(0, 9), 10))))
            statements.append(call("dense", self.numeric(self.whole(1, 12), place)))
            statements.append(call(self.one("sigmoid", "softmax", "identity")))
        head = ast.Head(body(*statements), NOWHERE)
        try:
            inner = Scope({}, shape, place.scope)
            shape = self.run.body(head.body, inner, shape, None)
        except Fault:
            self.intact = False
        return head, shape

    def arch(self, text: str) -> ast.Arch:
        taken = {text.casefold()}
        scope = Scope({}, None)
        parameters: list[ast.Parameter] = []
        place = Place(scope, (8, 8, 8), None, 1, ())
        for _ in range(self.whole(0, 4)):
            parameter = self.parameter(self.fresh(taken), place)
            try:
                self.run.bind(parameter, {}, scope)
            except Fault:
                continue
            parameters.append(parameter)
        members: list[ast.Member] = []
        self.run.rows.clear()
        if self.chance(3):
            divisor, keep = self.one(1, 2, 4, 8, 16), Fraction(self.one(0, 5, 9, 10), 10)
            named = {"divisor": number(divisor), "keep": number(keep)}
            if self.chance(3):
                del named[self.one("divisor", "keep")]
            members.append(ast.Rounding(arguments(**named), NOWHERE))
            self.run.rounding = (
                Fraction(divisor) if "divisor" in named else Fraction(8),
                keep if "keep" in named else Fraction(0),
            )
        shape: Shape = (self.whole(1, 32), self.whole(1, 32), self.whole(1, 8))
        declared = {block.name.text.casefold() for block in self.blocks}
        members.append(
            ast.Input(
                name(self.fresh({"self", *taken, *declared}, MAPS)),
                sizes(*(self.numeric(extent, place) for extent in shape)),
                NOWHERE,
            )
        )
        stages: set[str] = {"head", *(one.name.text.casefold() for one in self.blocks), *taken}
        stages |= {one.name.text.casefold() for one in members if isinstance(one, ast.Input)}
        self.labels = stages
        blocks = tuple(block.name.text for block in self.blocks)
        made: list[tuple[str, Shape]] = []
        for _ in range(self.whole(0, 3)):
            if len(shape) != 3:
                break
            at = Place(scope, shape, None, 0, blocks)
            stage, shape = self.stage(self.fresh(stages, MAPS), at)
            members.append(stage)
            made.append((stage.name.text, shape))
        if made and self.chance(4):
            shape = self.second(members, made, shape, scope, stages)
        if made and self.chance(3):
            self.outputs(members, made, stages)
        elif not self.run.rows or not self.chance(4):
            entered = shape
            head, shape = self.head(Place(scope, shape, None, 0, blocks))
            rows = len(self.run.rows)  # those of branches that are not taken are there too
            with suppress(Fault):
                self.run.body(head.body, Scope({}, entered, scope), entered, None)
            if not made and len(self.run.rows) == rows:
                head = ast.Head(body(call("relu6")), NOWHERE)
            members.append(head)
        if self.chance(6):
            members.append(self.require())
        return ast.Arch(name(text), tuple(parameters), tuple(members), self.doc(), NOWHERE)

    def second(
        self,
        members: list[ast.Member],
        made: list[tuple[str, Shape]],
        shape: Shape,
        scope: Scope,
        taken: set[str],
    ) -> Shape:
        """Another input, with a stage of its own, joined with what the last stage made."""
        first = next(one for one in members if isinstance(one, ast.Input))
        at = next(n for n, one in enumerate(members) if isinstance(one, ast.Stage))
        other = self.fresh(taken, INPUTS)
        extents = (shape[0], shape[1], self.whole(1, 4)) if len(shape) == 3 else (shape[0],)
        members.insert(at, ast.Input(name(other), sizes(*map(number, extents)) if len(extents) > 1
                                     else number(extents[0]), NOWHERE))  # fmt: skip
        entered = body(call(first.name.text), call("relu6"))
        members.insert(at + 1, ast.Stage(name(self.fresh(taken, MAPS)), (), entered, "", NOWHERE))
        side, both = self.fresh(taken, MAPS), self.fresh(taken, MAPS)
        work = call("conv", number(8)) if len(extents) == 3 else call("dense", number(4))
        members.append(ast.Stage(name(side), (), body(call(other), work), "", NOWHERE))
        last = made[-1][0]
        joined = body(braced("concat", body(call(last)), body()))
        members.append(ast.Stage(name(both), (), joined, "", NOWHERE))
        left = (*shape[:-1], shape[-1] + (8 if len(extents) == 3 else 4))
        made.append((both, left))
        return left

    def outputs(
        self, members: list[ast.Member], made: list[tuple[str, Shape]], taken: set[str]
    ) -> None:
        """Outputs in place of a head: one of what the last stage made, others of any."""
        sources = [made[-1], *(one for one in made[:-1] if self.chance(2))]
        for source, shape in sources:
            work = [call("conv", ref("exact", number(self.whole(1, 6))))]
            if len(shape) != 3:
                work = [call("dense", number(self.whole(1, 6)))]
            work += [call("sigmoid")] * self.whole(0, 1)
            label = self.fresh(taken, MAPS)
            members.append(ast.Output(name(label), body(call(source), *work), self.doc(), NOWHERE))

    def require(self) -> ast.Require:
        quantity, unit = self.one(("params", " M"), ("macs", " G"), ("weight_bytes", " MiB"),
                                  ("peak_activation_bytes", " MB"),
                                  ("activation_bytes.int8", " GiB"))  # fmt: skip
        amount = self.whole(0, 900)
        if amount < 90:
            self.intact = False
        limit = ast.Number(f"{amount}{unit}", NOWHERE)
        return ast.Require((ast.Budget(name(quantity), "<=", limit, NOWHERE),), NOWHERE)

    def derived(self, text: str, base: ast.Arch, file: ast.File) -> ast.Derived:
        """An arch derived from another, its parameters drawn from their ranges."""
        place = Place(Scope({}, None), (8, 8, 8), None, 1, ())
        given: dict[str, ast.Expression] = {}
        for parameter in base.parameters:
            if self.chance(2):
                continue
            bounds, default = parameter.range, parameter.default
            if bounds is not None and bounds.high is None:
                assert isinstance(bounds.low, ast.ListOf)
                given[parameter.name.text] = self.one(*bounds.low.items)
            elif bounds is not None:
                low, high = (self.run.value(part, place.scope) for part in bounds[:2])
                step = 1 if "." not in print_parameter(parameter) else 4
                steps = self.whole(0, int((high - low) * step))
                given[parameter.name.text] = number(low + Fraction(steps, step))
                if self.chance(FAULTY):
                    self.intact = False
                    given[parameter.name.text] = number(high + 1)
            elif isinstance(default, ast.Reference) and default.name.text in ("true", "false"):
                given[parameter.name.text] = ref(self.one("true", "false"))
            elif isinstance(default, ast.Operation):
                given[parameter.name.text] = sizes(number(self.whole(1, 4)), number(3))
            elif isinstance(default, ast.Number):
                given[parameter.name.text] = number(self.whole(1, 4))
            else:
                given[parameter.name.text] = self.callable(place)
        derived = ast.Derived(name(text), base.name, arguments(**given), self.doc(), NOWHERE)
        while derived.arguments:
            try:
                again = Reference(file.blocks, LARGEST)
                again.network(file._replace(archs=(*file.archs, derived)), text)
                break
            except Fault:
                if self.chance(FAULTY):
                    self.intact = False
                    break
                derived = derived._replace(arguments=derived.arguments[:-1])
        return derived

    def file(self) -> ast.File:
        taken: set[str] = set()
        for _ in range(self.whole(0, 3)):
            # A block may hide an operator or a block of the library, as the language has it.
            words = ("relu6", "conv", "se", "identity") if self.chance(20) else WORDS
            block = self.block(self.fresh(taken, words))
            if block.name.text in OPERATORS or block.name.text in library():
                self.intact = False  # it may name itself where the operator was meant
            self.blocks.append(block)
            self.run.blocks[block.name.text] = block
        self.left = self.whole(2, 16)
        arch = self.arch(self.fresh(taken, ARCHS))
        source = NOWHERE.source
        file = ast.File(source, (), (arch,), tuple(self.blocks))
        if self.chance(3):
            derived = self.derived(self.fresh(taken, ARCHS), arch, file)
            file = file._replace(archs=(arch, derived))
        return self.targeted(file)

    def targeted(self, file: ast.File) -> ast.File:
        """The file with a target for its first arch, which often allows what needs it."""
        if not self.chance(3):
            return file
        named: dict[str, ast.Expression] = {}
        if not self.chance(4):
            rules = ["channel_alignment"] if self.chance(2) else []
            named["allow"] = ast.ListOf(tuple(map(ref, self.allowed(file) + rules)), NOWHERE)
        if self.chance(3):
            named["io"] = ref(self.one("float32", "int8", "uint8"))
        if self.chance(4):
            named["board"] = ref(self.one("dk", "nucleo", "audio"))
        target = ast.Target(name("stm32n6"), arguments(**named), NOWHERE)
        first, *rest = file.archs
        assert isinstance(first, ast.Arch)
        self.intact = False  # what a target refuses is not the reference's to say
        first = first._replace(members=(target, *first.members))
        return file._replace(archs=(first, *rest))

    def allowed(self, file: ast.File) -> list[str]:
        """Every operator that the demanded set of the target lacks and the file mentions."""
        text = print_file(file)
        words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))
        return sorted(words & EXOTIC)


EXOTIC = frozenset(OPERATORS) - {
    "conv", "dwconv", "batchnorm", "relu6", "global_average_pool", "dense", "add", "multiply",
    "reshape", "flatten", "sigmoid", "dropout", "spatial_dropout",
}  # fmt: skip
"""Operators that an STM32N6 target takes only where they are allowed."""


def print_parameter(parameter: ast.Parameter) -> str:
    parts = [*(parameter.range or ())[:2], parameter.default]
    return " ".join(part.text for part in parts if isinstance(part, ast.Number))


@st.composite
def specs(draw: DrawFn) -> Spec:
    """A whole spec: an arch or two, blocks, stages, a head."""
    writer = Writer(draw)
    file = writer.file()
    return Spec(file, writer.intact)


# --- specs with one edit -----------------------------------------------------------------------

TOKEN = re.compile(
    r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?(?: ?[kMGiB]+\b)?'
    r"|[A-Za-z_][A-Za-z0-9_]*|\.\.|[<>=!]=|\s+|.",
    re.S,
)


def tokens(text: str) -> list[str]:
    """A text cut into tokens and the blanks between them; joined they are the text again."""
    return TOKEN.findall(text)


def shipped() -> list[Path]:
    return sorted((ROOT / "specs").glob("*.arch"))


@st.composite
def edited(draw: DrawFn, text: str) -> str:
    """A text with one edit, of the kinds that people make."""
    parts = tokens(text)
    solid = [index for index, part in enumerate(parts) if not part.isspace()]
    at = solid[draw(st.integers(0, len(solid) - 1))]
    token = parts[at]
    way = draw(st.integers(0, 8))
    if way == 0:
        del parts[at]
    elif way == 1:
        parts.insert(at, token + " ")
    elif way == 2:
        other = solid[draw(st.integers(0, len(solid) - 1))]
        parts[at], parts[other] = parts[other], token
    elif way == 3:
        spot = draw(st.integers(0, len(token)))
        parts[at] = token[:spot] + draw(st.sampled_from("aZ_0.x{}()\"'=,é\n#")) + token[spot:]
    elif way == 4:
        spot = draw(st.integers(0, max(len(token) - 1, 0)))
        parts[at] = token[:spot] + token[spot + 1 :]
    elif way == 5:
        parts[at] = draw(st.sampled_from(VALUES))
    elif way == 6:
        braces = [index for index in solid if parts[index] in "{}()[]"] or solid
        del parts[braces[draw(st.integers(0, len(braces) - 1))]]
    elif way == 7:
        numbers = [index for index in solid if parts[index][0].isdigit()] or solid
        parts[numbers[draw(st.integers(0, len(numbers) - 1))]] = draw(st.sampled_from(NUMBERS))
    else:
        end = draw(st.integers(0, len(text)))
        return text[:end]
    return "".join(parts)


NUMBERS = (
    "0", "1", "2", "3", "7", "0.5", "1.5", "100", "65536", "1e9", "1e300", "10 G", "512 KiB",
    "0.333333333333", "1e-30", "123456789012345678901234567890",
)  # fmt: skip
VALUES = (
    *NUMBERS, "true", "same", "in.channels", "in.size", "3x3", "1 x 2 x 3", "-1", "{ relu6 }", "{}",
    "ds", "relu6", "skip", "gate", "concat", "channels", "stride", "exact(12)", "nothing_like_it",
    "[1, 2]", "not", "if", "else", "x", "arch", "in", "lambda", '"text"', '"""doc"""', "conv",
    "dense(3)", "(1)", "1/0", "min()", "max(1, 3x3)", "stage", "repeat = 2", "required = true",
)  # fmt: skip


@st.composite
def mutants(draw: DrawFn) -> str:
    """A valid spec with one edit: a shipped one or a generated one."""
    paths = shipped()
    which = draw(st.integers(0, 2 * len(paths) - 1))
    text = draw(specs()).text if which >= len(paths) else inlined(paths[which])
    return draw(edited(text))


def inlined(path: Path) -> str:
    """A spec together with what it uses, as one text."""
    text = path.read_text(encoding="utf-8")
    for used in re.findall(r'^use "([^"]+)"', text, re.M):
        text = text.replace(f'use "{used}"', inlined(path.parent / used))
    return text


# --- junk --------------------------------------------------------------------------------------


def junk() -> SearchStrategy[str]:
    """Text that is not a spec: of any characters, of the language's tokens, of brackets."""
    token = st.sampled_from(
        (*VALUES, *WORDS, "use", "input", "target", "rounding", "require", "head", "block", "{",
         "}", "(", ")", "=", ",", ":", "..", "<=", "+", "*", "/", "#", '"', '"""', "\n", "x ")
    )  # fmt: skip
    return st.one_of(
        st.text(max_size=200),
        st.lists(token, max_size=60).map(" ".join),
        st.lists(token, max_size=60).map("".join),
        st.tuples(st.sampled_from("{([-"), st.integers(0, 20_000)).map(lambda t: t[0] * t[1]),
        st.binary(max_size=200).map(lambda data: data.decode("latin-1")),
        st.from_regex(r"arch a \{ input i: [0-9]{1,400}(e[0-9]{1,9})? x 8 x 8 .{0,20}\}"),
    )
