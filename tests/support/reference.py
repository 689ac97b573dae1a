"""A second implementation of the language's semantics, as plain as can be: an oracle for the first.

It walks the syntax tree and says which operators a network has and what shapes they give, or that
it has none. It knows nothing of names, layers, messages, spans or bounds. The facts of operators
(their arguments and shape inference) are those of the registry.
"""

from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from archc.files import std_sources
from archc.limits import DEFAULT_LIMITS
from archc.ops import OPERATORS
from archc.ops.arguments import OpError
from archc.ops.base import Op, Shape, symbols
from archc.syntax import ast
from archc.syntax.parse import parse_file
from archc.values import Exact, Items, Size, Symbol

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}


class Fault(Exception):
    """There is no such network."""


class Row(NamedTuple):
    """An operator as it is executed."""

    op: Op
    shape: Shape
    reads: tuple[int, ...] = ()
    """The numbers of the rows it reads; inputs are -1, -2, ..."""


class Value(tuple[int, ...]):
    """A map: its shape, and the row that makes it."""

    row: int

    @classmethod
    def of(cls, shape: Shape, row: int) -> "Value":
        made = cls(shape)
        made.row = row
        return made


class Thing(NamedTuple):
    """Something to call: an operator, a block, braces or a form, with arguments bound to it."""

    kind: str
    name: str
    target: Any
    scope: "Scope | None"
    slots: tuple[tuple[str, bool, bool], ...]
    """(name, whether it is required, whether a stage may supply it)."""
    bound: dict[str, Any]


class Scope(NamedTuple):
    names: dict[str, Any]
    feature: Shape | None
    parent: "Scope | None" = None
    library: bool = False
    """Whether it is a block of the standard library, which sees no block of the file."""
    repeat: tuple[int, int] | None = None
    """Which repeat of a stage it is, and of how many."""


class Stage(NamedTuple):
    """What a stage supplies. ``used`` is a list that is no longer empty once its stride went."""

    channels: Any
    stride: Any
    used: list[bool]
    inner: bool = False
    """Whether in braces within its own, where only required `channels` are supplied."""


_LIBRARY: dict[str, ast.Block] = {}


def library() -> dict[str, ast.Block]:
    """The blocks of the standard library."""
    if not _LIBRARY:
        for name, source in std_sources().items():
            _LIBRARY[name] = parse_file(source, DEFAULT_LIMITS).blocks[0]
    return _LIBRARY


class Reference:
    """Runs the archs of one file."""

    def __init__(self, blocks: tuple[ast.Block, ...], largest: int | None = None) -> None:
        self.blocks = {block.name.text: block for block in blocks}
        self.rows: list[Row] = []
        self.rounding = (Fraction(8), Fraction(0))
        self.largest = largest
        """Elements that a feature map may have; a guard for what generates specs."""
        self.depth = 0
        self.maps: dict[str, Value] = {}
        """Inputs and stages by their names, which are looked up last."""

    # --- archs ----------------------------------------------------------------------------

    def network(self, file: ast.File, name: str) -> list[Row]:
        """The operators of an arch, the input first.

        Raises:
            Fault: it is not a network.
        """
        archs = {arch.name.text: arch for arch in file.archs}
        given: dict[str, Any] = {}
        arch = archs[name]
        while isinstance(arch, ast.Derived):
            scope = Scope({}, None)
            for argument in arch.arguments:
                if argument.name is None or argument.name.text in given:
                    raise Fault
                given[argument.name.text] = self.value(argument.value, scope)
            if arch.base.text not in archs:
                raise Fault
            arch = archs[arch.base.text]
        names = self.parameters(arch, given)
        return self.run(arch, names)

    def parameters(self, arch: ast.Arch, given: dict[str, Any]) -> dict[str, Any]:
        names: dict[str, Any] = {}
        scope = Scope(names, None)
        if set(given) - {parameter.name.text for parameter in arch.parameters}:
            raise Fault
        for parameter in arch.parameters:
            self.bind(parameter, given, scope)
        return names

    def bind(self, parameter: ast.Parameter, given: dict[str, Any], scope: Scope) -> None:
        name = parameter.name.text
        if name in given:
            value = given[name]
        elif parameter.default is not None:
            value = self.value(parameter.default, scope)
        else:
            raise Fault
        if parameter.range is not None and parameter.range.high is None:
            choices = self.value(parameter.range.low, scope)
            if not any(self.alike(value, choice) for choice in choices.items):
                raise Fault
        elif parameter.range is not None:
            low, high = (self.value(part, scope) for part in parameter.range[:2])
            if not isinstance(value, Fraction) or not low <= value <= high:
                raise Fault
            if parameter.range.step is not None:
                steps = (value - low) / self.value(parameter.range.step, scope)
                if steps.denominator != 1:
                    raise Fault
            texts = [
                part.text if isinstance(part, ast.Number) else "."
                for part in (*parameter.range.values, parameter.default)
                if part is not None
            ]
            if not any("." in text for text in texts) and value.denominator != 1:
                raise Fault
        scope.names[name] = value

    def alike(self, one: Any, other: Any) -> bool:
        if not isinstance(one, Thing) or not isinstance(other, Thing):
            return type(one) is type(other) and bool(one == other)
        same = one.target is other.target and one.bound.keys() == other.bound.keys()
        return same and all(self.alike(one.bound[key], other.bound[key]) for key in one.bound)

    def run(self, arch: ast.Arch, names: dict[str, Any]) -> list[Row]:
        scope = Scope(names, None)
        entered: list[Value] = []
        self.maps = {}
        for member in arch.members:
            if isinstance(member, ast.Rounding):
                for argument in member.arguments:
                    value = self.number(argument.value, scope)
                    assert argument.name is not None
                    divisor, keep = self.rounding
                    pair = (value, keep) if argument.name.text == "divisor" else (divisor, value)
                    self.rounding = pair
            elif isinstance(member, ast.Input):
                value = self.value(member.shape, scope)
                extents = value.extents if isinstance(value, Size) else (value,)
                if not all(isinstance(e, Fraction) and e.denominator == 1 for e in extents):
                    raise Fault
                shape = tuple(extent.numerator for extent in extents)
                if min(shape) < 1 or len(shape) > 4:
                    raise Fault
                entered.append(Value.of(shape, -1 - len(entered)))
                self.maps[member.name.text] = entered[-1]
        if not entered:
            raise Fault
        self.rows = []
        value = entered[0] if len(entered) == 1 else None
        ends: list[Shape] = []
        for member in arch.members:
            if isinstance(member, ast.Stage):
                value = self.stage(member, scope, value)
                self.maps[member.name.text] = self.named(value)
            elif isinstance(member, ast.Head | ast.Output):
                ends.append(self.entered(member.body, scope, value, None))
        if not self.rows or (value is None and not ends):
            raise Fault
        self.used(ends or [self.named(value)], len(entered))
        return [Row(Op(), shape) for shape in entered] + self.rows

    def named(self, value: Any) -> Value:
        assert isinstance(value, Value)
        return value

    def used(self, ends: list[Any], inputs: int) -> None:
        """Hold every operator and input to be read, or be an output of its own."""
        read = {row for made in self.rows for row in made.reads} | {end.row for end in ends}
        if not read >= {*range(-inputs, 0), *range(len(self.rows))}:
            raise Fault
        if len({end.row for end in ends}) < len(ends) or min(end.row for end in ends) < 0:
            raise Fault

    def entered(
        self, body: ast.Body, scope: Scope, value: Shape | None, supply: Stage | None
    ) -> Shape:
        """What braces make, which are entered by the map that they begin with."""
        value = self.entry(body, scope, value)
        return self.body(body, Scope({}, value, scope), value, supply)

    def entry(self, body: ast.Body, scope: Scope, value: Shape | None) -> Shape:
        found = self.begins(body, scope, joined=value is None)
        if found is not None:
            return found
        if value is None:
            raise Fault
        return value

    def begins(self, body: ast.Body, scope: Scope, joined: bool) -> Shape | None:
        """The map that braces begin with; where nothing enters them, that of a join's first branch,
        if every branch begins with one."""
        first = body.statements[0] if body.statements else None
        if not isinstance(first, ast.Call):
            return None
        if not first.arguments and not first.bodies:
            try:
                found = self.lookup(first.name.text, scope)
            except Fault:
                return None
            return found if isinstance(found, Value) else None
        if not joined or len(first.bodies) < 2:
            return None
        branches = [self.begins(branch, scope, True) for branch in first.bodies]
        return None if None in branches else branches[0]

    def stage(self, stage: ast.Stage, scope: Scope, shape: Shape | None) -> Shape:
        shape = self.entry(stage.body, scope, shape)
        given = {}
        slots = ["channels", "stride", "repeat"]
        entry = Scope({}, shape, scope)
        for index, argument in enumerate(stage.arguments):
            slot = argument.name.text if argument.name else slots[index]
            given[slot] = self.value(argument.value, entry)
        channels, stride = given.get("channels"), given.get("stride")
        width = None
        if channels is not None:
            width = self.width(channels)
            channels = Exact(Fraction(width)) if isinstance(channels, Exact) else Fraction(width)
        repeat = given.get("repeat", Fraction(1))
        if not isinstance(repeat, Fraction) or repeat.denominator != 1 or repeat < 1:
            raise Fault
        supply = Stage(channels, stride, [])
        names = {} if channels is None else {"channels": channels}
        first = shape
        inner = Scope({}, None)
        for number in range(repeat.numerator):
            inner = Scope(dict(names), first, scope, repeat=(number, repeat.numerator))
            shape = self.body(stage.body, inner, shape, supply)
        scope.names.update((key, one) for key, one in inner.names.items() if key not in names)
        if width is not None and shape[-1] != width:
            raise Fault
        if stride is not None and not supply.used and not self.ones(stride):
            raise Fault
        return shape

    def ones(self, value: Any) -> bool:
        return all(e == 1 for e in (value.extents if isinstance(value, Size) else (value,)))

    def width(self, value: Any) -> int:
        if isinstance(value, Exact):
            if value.width.denominator != 1 or value.width < 1:
                raise Fault
            return value.width.numerator
        if not isinstance(value, Fraction) or value <= 0:
            raise Fault
        divisor, keep = self.rounding
        width = max(floor(value / divisor + Fraction(1, 2)) * divisor, divisor)
        if width < keep * value:
            width += divisor
        return int(width)

    # --- statements -----------------------------------------------------------------------

    def body(self, body: ast.Body, scope: Scope, shape: Shape, supply: Stage | None) -> Shape:
        self.depth += 1
        try:
            if self.depth > 40:
                raise Fault
            for statement in body.statements:
                shape = self.statement(statement, scope, shape, supply)
            return shape
        finally:
            self.depth -= 1

    def statement(
        self, statement: ast.Statement, scope: Scope, shape: Shape, supply: Stage | None
    ) -> Shape:
        """What a statement makes of a feature map.

        Raises:
            Fault: it cannot run on it.
        """
        if isinstance(statement, ast.If):
            for condition, body in statement.branches:
                if self.truth(condition, scope):
                    return self.body(body, scope, shape, supply)
            if statement.otherwise is not None:
                return self.body(statement.otherwise, scope, shape, supply)
            return shape
        thing = self.lookup(statement.name.text, scope)
        if isinstance(thing, Value):
            if statement.arguments or statement.bodies:
                raise Fault
            shape = thing
        elif isinstance(thing, Thing):
            thing = self.applied(thing, statement.arguments, scope)
            if supply is not None:
                thing = self.supplied(thing, supply)
            if thing.kind == "form" and thing.name == "split":
                return self.split(thing, statement, scope, shape)
            inner = None if supply is None else supply._replace(stride=None, inner=True)
            shape = self.call(thing, statement.bodies, scope, shape, inner)
        else:
            raise Fault
        for one in statement.names:
            if one.text in scope.names:
                raise Fault
            scope.names[one.text] = shape
        return shape

    def split(self, thing: Thing, statement: ast.Call, scope: Scope, shape: Shape) -> Shape:
        into = thing.bound["into"]
        if isinstance(into, Fraction):
            into = Items((shape[-1] / into,) * int(into))
        if not isinstance(into, Items) or len(into.items) != len(statement.names):
            raise Fault
        if sum(into.items) != shape[-1]:
            raise Fault
        first = Fraction(0)
        for one, count in zip(statement.names, into.items, strict=True):
            given = {"first": first, "count": count}
            scope.names[one.text] = self.operator(OPERATORS["slice"], given, (shape,))
            first += count
        return shape

    def supplied(self, thing: Thing, supply: Stage) -> Thing:
        bound = dict(thing.bound)
        for name, required, filled in thing.slots:
            if filled and name not in bound and (required or not supply.inner):
                if name == "channels" and supply.channels is not None:
                    bound[name] = supply.channels
                if name == "stride" and supply.stride is not None:
                    bound[name] = Fraction(1) if supply.used else supply.stride
                    supply.used.append(True)
        return thing._replace(bound=bound)

    def applied(self, thing: Thing, arguments: tuple[ast.Argument, ...], scope: Scope) -> Thing:
        bound = dict(thing.bound)
        free = [name for name, _, _ in thing.slots if name not in bound]
        for argument in arguments:
            if argument.name is None:
                if not free:
                    raise Fault
                name = free.pop(0)
            else:
                name = argument.name.text
                if name not in [slot[0] for slot in thing.slots]:
                    raise Fault
                free = []
            if name in bound:
                raise Fault
            bound[name] = self.value(argument.value, scope)
        return thing._replace(bound=bound)

    def call(
        self,
        thing: Thing,
        bodies: tuple[ast.Body, ...],
        scope: Scope,
        shape: Shape,
        supply: Stage | None = None,
    ) -> Shape:
        if any(required and name not in thing.bound for name, required, _ in thing.slots):
            raise Fault
        if thing.kind == "block":
            own = any(thing.target is block for block in self.blocks.values())
            inner = Scope({}, shape, library=not own)
            for parameter in thing.target.parameters:
                self.bind(parameter, thing.bound, inner)
            return self.body(thing.target.body, inner, shape, None)
        if thing.kind == "braces":
            return self.body(thing.target, Scope({}, shape, thing.scope), shape, None)
        results = [self.entered(body, scope, shape, supply) for body in bodies]
        if thing.name == "skip" and thing.kind == "form":
            return self.skip(thing, scope, shape, results[0])
        if thing.name == "gate" and thing.kind == "form":
            if results[0] != shape and (len(shape) != 3 or results[0] != (1, 1, shape[2])):
                raise Fault
            return self.operator(OPERATORS["multiply"], {}, (shape, results[0]))
        return self.operator(thing.target, thing.bound, tuple(results) or (shape,))

    def skip(self, thing: Thing, scope: Scope, shape: Shape, result: Shape) -> Shape:
        if result != shape:
            shortcut = thing.bound.get("shortcut")
            if shortcut is None:
                if thing.bound.get("required") is True:
                    raise Fault
                return result
            if not isinstance(shortcut, Thing) or shortcut.kind == "form":
                raise Fault
            shape = self.call(shortcut, (), scope, shape)
            if shape != result:
                raise Fault
        return self.operator(OPERATORS["add"], {}, (shape, result))

    def operator(self, op: type[Op], bound: dict[str, Any], inputs: tuple[Shape, ...]) -> Shape:
        attributes: dict[str, Any] = {}
        try:
            for name, value in bound.items():
                arg = op.args[name]
                attributes[name] = self.width(value) if arg.rounds else arg.parse(value)
            made = op(**attributes)
            shape = made.infer(*inputs)
        except OpError:
            raise Fault from None
        elements = 1
        for extent in shape:
            elements *= extent
        if self.largest is not None and elements > self.largest:
            raise Fault
        if len(shape) > 4:
            raise Fault
        return self.place(made, inputs)

    def place(self, op: Op, inputs: tuple[Shape, ...]) -> Shape:
        """Execute an operator, or one after the other those that it is made of."""
        shapes: list[Shape] = []
        for part in op.parts(*inputs):
            reads = tuple(shapes[at] if at >= 0 else inputs[0] for at in part.inputs)
            shapes.append(self.place(part.op, reads))
        if shapes:
            return shapes[-1]
        shape = op.infer(*inputs)
        self.rows.append(Row(op, shape, tuple(getattr(value, "row", 0) for value in inputs)))
        return Value.of(shape, len(self.rows) - 1)

    # --- expressions ----------------------------------------------------------------------

    def lookup(self, name: str, scope: Scope) -> Any:
        at: Scope | None = scope
        inside = False
        while at is not None:
            if name in at.names:
                return at.names[name]
            inside = at.library
            at = at.parent
        block = None if inside else self.blocks.get(name)
        if block is None and name in OPERATORS:
            slots = tuple((a.name, a.required, a.filled) for a in OPERATORS[name].args.values())
            return Thing("operator", name, OPERATORS[name], None, slots, {})
        forms = {
            "skip": (("shortcut", False, False), ("required", False, False)),
            "gate": (),
            "split": (("into", True, False),),
        }
        if block is None and name in forms:
            return Thing("form", name, None, None, forms[name], {})
        if block is None and name in ("true", "false"):
            return name == "true"
        if block is None and name in set(symbols()):
            return Symbol(name)
        block = block or library().get(name)
        if block is None and name in self.maps and not inside:
            return self.maps[name]
        if block is None:
            raise Fault
        slots = tuple(
            (p.name.text, p.default is None, p.name.text in ("channels", "stride"))
            for p in block.parameters
        )
        return Thing("block", name, block, None, slots, {})

    def truth(self, expression: ast.Expression, scope: Scope) -> bool:
        value = self.value(expression, scope)
        if not isinstance(value, bool):
            raise Fault
        return value

    def number(self, expression: ast.Expression, scope: Scope) -> Fraction:
        value = self.value(expression, scope)
        if not isinstance(value, Fraction):
            raise Fault
        return value

    def value(self, expression: ast.Expression, scope: Scope) -> Any:
        """The value of an expression.

        Raises:
            Fault: it has none.
        """
        if isinstance(expression, ast.Number):
            unit = expression.text.lstrip("0123456789.eE+-").strip()
            if unit and unit not in UNITS:
                raise Fault
            return Fraction(expression.text.removesuffix(unit).strip()) * UNITS.get(unit, 1)
        if isinstance(expression, ast.Feature):
            return self.feature(expression.property.text, scope)
        if isinstance(expression, ast.Braces):
            return Thing("braces", "", expression.body, scope, (), {})
        if isinstance(expression, ast.Minus):
            return self.arithmetic("-", Fraction(0), self.value(expression.operand, scope))
        if isinstance(expression, ast.Not):
            return not self.truth(expression.operand, scope)
        if isinstance(expression, ast.Reference):
            return self.reference(expression, scope)
        if isinstance(expression, ast.ListOf):
            return Items(tuple(self.value(item, scope) for item in expression.items))
        if isinstance(expression, ast.Choice):
            holds = self.truth(expression.condition, scope)
            return self.value(expression.value if holds else expression.otherwise, scope)
        if isinstance(expression, ast.Item):
            listed = self.value(expression.list, scope)
            index = self.number(expression.index, scope)
            if not isinstance(listed, Items) or index.denominator != 1:
                raise Fault
            if not 0 <= index < len(listed.items):
                raise Fault
            return listed.items[int(index)]
        if isinstance(expression, ast.Property):
            return self.property(expression, scope)
        return self.operation(expression, scope)

    def property(self, expression: ast.Property, scope: Scope) -> Any:
        base, name = expression.base.text, expression.property.text
        try:
            value = self.lookup(base, scope)
        except Fault:
            value = None
        if isinstance(value, Value):
            return self.feature(name, Scope({}, value))
        at: Scope | None = scope
        while at is not None and at.repeat is None:
            at = at.parent
        if base != "repeat" or at is None or at.repeat is None or name not in ("index", "count"):
            raise Fault
        return Fraction(at.repeat[name == "count"])

    def feature(self, name: str, scope: Scope) -> Any:
        at: Scope | None = scope
        while at is not None and at.feature is None:
            at = at.parent
        if at is None or at.feature is None:
            raise Fault
        if name == "channels":
            return Fraction(at.feature[-1])
        if len(at.feature) != 3 or name not in ("height", "width", "size"):
            raise Fault
        rows, columns = map(Fraction, at.feature[:2])
        return {"height": rows, "width": columns, "size": Size((rows, columns))}[name]

    def reference(self, expression: ast.Reference, scope: Scope) -> Any:
        name = expression.name.text
        arguments = expression.arguments
        try:
            value = self.lookup(name, scope)
        except Fault:
            if arguments is None or any(argument.name for argument in arguments):
                raise
            return self.function(name, [self.value(a.value, scope) for a in arguments])
        if arguments is None:
            return value
        if not isinstance(value, Thing):
            raise Fault
        return self.applied(value, arguments, scope)

    def function(self, name: str, values: list[Any]) -> Any:
        if name in ("min", "max") and values:
            best = values[0]
            for value in values[1:] or [best]:
                best = self.elementwise(max if name == "max" else min, best, value)
            return best
        if len(values) != 1:
            raise Fault
        if name == "exact" and isinstance(values[0], Fraction):
            return Exact(values[0])
        functions = {
            "floor": lambda a, _: Fraction(floor(a)),
            "ceil": lambda a, _: Fraction(ceil(a)),
            "round": lambda a, _: Fraction(floor(a + Fraction(1, 2))),
        }
        if name not in functions:
            raise Fault
        return self.elementwise(functions[name], values[0], Fraction(0))

    def operation(self, expression: ast.Operation, scope: Scope) -> Any:
        kind = expression.operators[0]
        if kind == "and":
            return all(self.truth(operand, scope) for operand in expression.operands)
        if kind == "or":
            return any(self.truth(operand, scope) for operand in expression.operands)
        values = [self.value(operand, scope) for operand in expression.operands]
        if kind == "**":
            base, exponent = values
            if not isinstance(base, Fraction) or not isinstance(exponent, Fraction):
                raise Fault
            if exponent.denominator != 1 or not 0 <= exponent < 60:
                raise Fault
            return Fraction(base**exponent.numerator)
        if kind == "x":
            extents: list[Fraction] = []
            for value in values:
                extents.extend(value.extents if isinstance(value, Size) else [value])
            if not all(isinstance(extent, Fraction) for extent in extents) or len(extents) > 8:
                raise Fault
            return Size(tuple(extents))
        if kind in ("==", "!=", "<", "<=", ">", ">="):
            return self.comparison(kind, *values)
        total = values[0]
        for sign, value in zip(expression.operators, values[1:], strict=True):
            total = self.arithmetic(sign, total, value)
        return total

    def comparison(self, kind: str, left: Any, right: Any) -> bool:
        if kind in ("==", "!="):
            if isinstance(left, Thing) or isinstance(right, Thing):
                raise Fault
            if isinstance(left, Size) and isinstance(right, Fraction):
                right = Size((right,) * len(left.extents))
            elif isinstance(right, Size) and isinstance(left, Fraction):
                left = Size((left,) * len(right.extents))
            return (type(left) is type(right) and left == right) is (kind == "==")
        if not isinstance(left, Fraction) or not isinstance(right, Fraction):
            raise Fault
        return {
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }[kind]

    def arithmetic(self, sign: str, left: Any, right: Any) -> Any:
        def apply(a: Fraction, b: Fraction) -> Fraction:
            if sign == "/" and b == 0:
                raise Fault
            return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else a}[sign]

        return self.elementwise(apply, left, right)

    def elementwise(self, apply: Any, left: Any, right: Any) -> Any:
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return apply(left, right)
        if not isinstance(left, Fraction | Size) or not isinstance(right, Fraction | Size):
            raise Fault
        count = len((left if isinstance(left, Size) else right).extents)
        a = left.extents if isinstance(left, Size) else (left,) * count
        b = right.extents if isinstance(right, Size) else (right,) * count
        if len(a) != len(b):
            raise Fault
        return Size(tuple(map(apply, a, b)))
