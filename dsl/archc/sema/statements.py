"""Statements, run on values: operators added, blocks and braces called, forms wired."""

from archc.diagnostics.codes import ARGUMENTS, MAP, SHAPE, VALUE
from archc.diagnostics.model import Diagnostic, Label, Rejected, Reporter, make, reject
from archc.ir.graph import SkipNote, Via
from archc.ops.base import operator, show_shape
from archc.ops.merge import Add, Multiply
from archc.ops.rearranging import Slice
from archc.sema.building import Building
from archc.sema.callees import BAD, Bad, Callee, Given
from archc.sema.evaluate import Evaluator, Poisoned, exhausted
from archc.sema.frames import Context, Open, Supply
from archc.sema.maps import applied, named_twice, nameless, shares
from archc.sema.model import Model
from archc.sema.origin import called, causes_of, traced
from archc.sema.ranges import in_range
from archc.sema.scope import Scope
from archc.syntax import ast
from archc.typed import Any
from archc.values import Map, Size, describe

NOTHING = -1
"""What enters a network of several inputs until a statement names one."""


class Statements:
    """Runs the statements of one model. A faulty value is None: what reads it stays silent."""

    def __init__(self, model: Model, reporter: Reporter, shortcuts_first: bool = False) -> None:
        self.model = model
        self.reporter = reporter
        self.shortcuts_first = shortcuts_first
        """What holds for skips that do not say."""
        self.limits = model.limits
        self.evaluator = Evaluator(model.limits, reporter)
        self.building = Building(model)

    # --- maps -----------------------------------------------------------------------------

    def map(self, value: int | None) -> Map:
        return Map(None, None) if value is None else Map(value, self.building.shape(value))

    def entry(self, body: ast.Body, scope: Scope, value: int | None) -> int | None:
        """What enters braces: the map that their first statement names, else what has been made.

        Where nothing has, as in a network of several inputs, a join whose branches all name what
        they read is entered by what the first one reads; anything else is reported.
        """
        first = body.statements[0] if body.statements else None
        named = self.named(first, scope, branches=value == NOTHING)
        if named is not None:
            return named.node
        if value != NOTHING:
            return value
        inputs = [f"`{name.text}`" for name, _ in self.model.inputs]
        self.reporter.add(
            make(
                MAP,
                "this network has several inputs, and this does not say which it reads",
                first.span if first is not None else body.span,
                related=[Label(name.span, "an input") for name, _ in self.model.inputs],
                help=f"begin with the name of one: {' or '.join(inputs)}",
            )
        )
        return None

    def named(self, statement: ast.Statement | None, scope: Scope, *, branches: bool) -> Map | None:
        """The map that a statement begins with, where it names one.

        Args:
            statement: the first of some braces.
            scope: where its name is looked up.
            branches: whether a join may say it by its branches.
        """
        if not isinstance(statement, ast.Call):
            return None
        if statement.plain:
            try:
                found = scope.lookup(statement.name.text, statement.name.span)
            except Rejected:
                return None
            return found if isinstance(found, Map) else None
        if not branches or len(statement.bodies) < 2:
            return None
        firsts = [body.statements[0] if body.statements else None for body in statement.bodies]
        read = [self.named(one, scope, branches=True) for one in firsts]
        return None if None in read else read[0]

    def name(self, name: ast.Name, scope: Scope, value: int | None, context: Context) -> None:
        """Give what a statement made the name behind its `as`."""
        first = scope.names.get(name.text)
        if first is not None and isinstance(first.value, Map) and first.value.node is not None:
            self.fail(named_twice(name, first.span), context)
        scope.names[name.text] = Given(self.map(value), name.span)

    # --- statements -----------------------------------------------------------------------

    def body(
        self,
        body: ast.Body,
        scope: Scope,
        value: int | None,
        context: Context,
        supply: Supply | None,
    ) -> int | None:
        """Run statements on a value, in a scope whose `in` has been set."""
        for statement in body.statements:
            self.evaluator.tick(statement.span)
            if isinstance(statement, ast.If):
                value = self.conditional(statement, scope, value, context, supply)
            elif isinstance(statement, ast.Hole):
                value = None
            else:
                value = self.statement(statement, scope, value, context, supply)
        return value

    def conditional(
        self,
        statement: ast.If,
        scope: Scope,
        value: int | None,
        context: Context,
        supply: Supply | None,
    ) -> int | None:
        context = context._replace(depth=context.depth + 1)
        for condition, body in statement.branches:
            try:
                holds = self.evaluator.truth(condition, scope)
            except Rejected as rejected:
                self.fail(rejected.diagnostic, context)
                return None
            except Poisoned:
                return None
            if holds:
                return self.body(body, scope, value, context, supply)
        if statement.otherwise is not None:
            return self.body(statement.otherwise, scope, value, context, supply)
        return value

    def statement(
        self,
        call: ast.Call,
        scope: Scope,
        value: int | None,
        context: Context,
        supply: Supply | None,
    ) -> int | None:
        try:
            named = scope.lookup(call.name.text, call.name.span)
            if isinstance(named, Map):
                value = self.read(call, named)
            else:
                callee = self.callee(call, scope, named)
                if supply is not None:
                    callee = supply.give(callee)
                inner = supply.within() if supply is not None else None
                within = context.within(Via(call.name.text, call.span), inner)
                if callee.kind == "form" and callee.name == "split":
                    return self.split(callee, call, scope, value, within)
                value = self.call(callee, call, scope, value, within)
        except Rejected as rejected:
            self.fail(rejected.diagnostic, context)
            value = None
        except Poisoned:
            value = None
        for name in call.names:
            self.name(name, scope, value, context)
        return value

    def split(
        self, callee: Callee, call: ast.Call, scope: Scope, value: int | None, context: Context
    ) -> int | None:
        """Name parts of the channels; what follows goes on from the map that they are parts of."""
        into = callee.bound.get("into")
        parts: list[int | None] = [None] * len(call.names)
        try:
            if into is None or not call.names:
                raise nameless(call, into)
            if value is not None and into.value is not BAD:
                counts = shares(into, self.building.shape(value)[-1], call)
                first = 0
                for place, count in enumerate(counts):
                    op = Slice(first=first, count=count)
                    parts[place] = self.building.add(op, (value,), call, context, {})
                    first += count
        except Rejected as rejected:
            self.fail(rejected.diagnostic, context)
        for name, part in zip(call.names, parts, strict=True):
            self.name(name, scope, part, context)
        return value

    def read(self, call: ast.Call, named: Map) -> int | None:
        """A map's name as a statement: what follows goes on from it."""
        if not call.plain:
            raise applied(call)
        return named.node

    def callee(self, call: ast.Call, scope: Scope, value: object) -> Callee:
        """What a statement calls, with its arguments bound, from what its name stands for.

        Raises:
            Rejected, Poisoned: it calls nothing, or not with these arguments or bodies.
        """
        if value is None and self.evaluator.told(call.name.span):
            raise Poisoned
        if value is None:
            from archc.sema.calls import unknown_call

            raise unknown_call(call, scope)
        if value is BAD:
            raise Poisoned
        if not isinstance(value, Callee):
            raise reject(
                VALUE,
                f"`{call.name.text}` is {describe(value)}, not an operator or a block",
                call.name.span,
                related=causes_of(ast.Reference(call.name, None, call.name.span), scope),
                help=f"give `{call.name.text}` a block or an operator, such as `ds` or `relu6`",
            )
        if not value.takes(len(call.bodies)):
            from archc.sema.calls import wrong_bodies

            if scope.module.unsure(call.span):
                raise Poisoned
            raise wrong_bodies(value, call)
        return self.evaluator.bind(value, call.name, call.arguments, scope)

    def fail(self, diagnostic: Diagnostic, context: Context) -> None:
        """Report a fault with the chain of calls that leads to it."""
        self.reporter.add(traced(diagnostic, context.chain))

    # --- calls ----------------------------------------------------------------------------

    def call(
        self, callee: Callee, call: ast.Call, scope: Scope, value: int | None, context: Context
    ) -> int | None:
        if context.depth > self.limits.call_depth:
            raise exhausted(
                f"blocks, braces and branches run more than {self.limits.call_depth} deep here",
                call.name.span,
                "call_depth",
            )
        missing = callee.required and callee.missing()
        if missing and (scope.module.unsure(call.span) or unsure(callee)):
            raise Poisoned
        if missing:
            names = " and ".join(f"`{name}`" for name in missing)
            raise reject(
                ARGUMENTS,
                f"`{call.name.text}` needs {names}",
                call.name.span,
                help=f"write `{call.name.text}({missing[0]} = ...)`",
            )
        if callee.kind == "operator":
            return self.operator(callee, call, scope, value, context)
        if callee.kind == "form":
            if callee.name == "split":
                return self.split(callee, call, scope, value, context)
            form = self.skip if callee.name == "skip" else self.gate
            return form(callee, call, scope, value, context)
        return self.block(callee, call, value, context)

    def block(
        self, callee: Callee, call: ast.Call, value: int | None, context: Context
    ) -> int | None:
        """Call a block or braces: a frame of its own."""
        part = context.frame.next_part(context.ahead + callee.name)
        name = f"{context.frame.name}_{part}"
        frame = Open(callee.kind, name, part, callee.name, value, callee.target.span)
        context.frame.children.append(frame)
        feature = self.building.feature(value)
        if callee.kind == "block":
            inner = Scope(callee.scope, feature, {})
            for parameter in callee.target.parameters:
                self.evaluator.tick(call.name.span)
                given = callee.bound.get(parameter.name.text)
                if given is None:
                    given = self.evaluator.given(parameter.default, inner)
                if parameter.range is not None:
                    in_range(parameter, given, self.evaluator, inner)
                inner.names[parameter.name.text] = given
            body = callee.target.body
        else:
            inner, body = callee.scope.inner(feature), callee.target
        deeper = context._replace(
            frame=frame, block=callee.name, depth=context.depth + 1, supply=None, ahead=""
        )
        frame.output = value = self.body(body, inner, value, deeper, None)
        return None if unsure(callee) else value

    def skip(
        self, callee: Callee, call: ast.Call, scope: Scope, value: int | None, context: Context
    ) -> int | None:
        """`x + b(x)` where the shapes agree; else the shortcut, or `b(x)` alone."""
        required, first = (callee.bound.get(flag) for flag in ("required", "shortcut_first"))
        for name, flag in (("required", required), ("shortcut_first", first)):
            if flag is not None and not isinstance(flag.value, bool | Bad):
                said = f"`{name}` is `true` or `false`, not {describe(flag.value)}"
                raise reject(VALUE, said, flag.span)
        ahead = self.shortcuts_first if first is None else first.value is True
        start = len(self.building.nodes)
        result = self.inside(call.bodies[0], scope, value, context)
        if value is None or result is None:
            return None
        entered, left = self.building.shape(value), self.building.shape(result)
        where = context.frame.name
        reason = (
            None
            if len(entered) == len(left) and entered == left
            else self.building.difference(value, result)
        )
        shortcut = callee.bound.get("shortcut")
        source, middle = value, len(self.building.nodes)
        if reason is not None and shortcut is not None:
            # The converter takes the branch first whose names are smaller, and digits are smallest.
            named = context._replace(ahead="0_" if ahead else "")
            projected = self.apply(shortcut, "shortcut", call, value, named)
            if projected is None:
                return None
            source = projected
            if self.building.shape(source) != left:
                raise reject(
                    SHAPE,
                    f"the shortcut gives {show_shape(self.building.shape(source))}, "
                    f"the body {show_shape(left)}",
                    shortcut.span,
                    help="give the shortcut the body's stride and channels",
                )
            reason = f"shortcut: {reason}"
        elif reason is not None:
            if required is not None and required.value is True:
                raise reject(
                    SHAPE,
                    f"this skip is required, but its body turns {show_shape(entered)} into "
                    f"{show_shape(left)}",
                    call.name.span,
                    label=reason,
                    related=self.made(result),
                    help="give it a `shortcut`, or keep stride 1 and the channels",
                )
            self.building.skips.append(SkipNote(where, False, reason, call.name.span))
            return result
        parts = (start, middle), (middle, len(self.building.nodes))
        note = SkipNote(where, True, reason, call.name.span, *parts, first is not None)
        self.building.skips.append(note)
        return self.building.add(Add(), (source, result), call, context, {})

    def gate(
        self, callee: Callee, call: ast.Call, scope: Scope, value: int | None, context: Context
    ) -> int | None:
        """`x * b(x)`, where b(x) has the shape of x or is a 1x1 map of as many channels."""
        result = self.inside(call.bodies[0], scope, value, context)
        if value is None or result is None:
            return None
        entered, left = self.building.shape(value), self.building.shape(result)
        if left != entered and (len(entered) != 3 or left != (1, 1, entered[2])):
            help = f"end the body with {show_shape(entered)}"
            if len(entered) == 3:
                help += f" or 1x1x{entered[2]}"
                if left == entered[2:]:
                    help = "write `global_average_pool(keepdims = true)`"
            raise reject(
                SHAPE,
                f"a gate on {show_shape(entered)} cannot scale by {show_shape(left)}",
                call.name.span,
                related=self.made(result),
                help=help,
            )
        return self.building.add(Multiply(), (value, result), call, context, {})

    def inside(
        self, body: ast.Body, scope: Scope, value: int | None, context: Context
    ) -> int | None:
        """Run braces that add no part to names. Their `in` is the feature map that enters them."""
        context = context._replace(depth=context.depth + 1)
        value = self.entry(body, scope, value)
        inner = scope.inner(self.building.feature(value))
        return self.body(body, inner, value, context, context.supply)

    def apply(
        self, given: Given, slot: str, call: ast.Call, value: int, context: Context
    ) -> int | None:
        """Call an argument that is a block or operator."""
        callee = given.value
        if callee is BAD:
            return None
        if not isinstance(callee, Callee) or callee.bodies[0] > 0:
            raise reject(
                VALUE,
                f"`{slot}` is a block or an operator, not {describe(callee)}",
                given.span,
                help="write a call such as `conv(channels, 1x1, stride)`, or braces",
            )
        if callee.kind == "braces":
            callee = callee._replace(name=slot)
        name = ast.Name(callee.name, given.span)
        stand_in = ast.Call(name, (), (), given.span)
        scope = Scope(self.model.module, self.building.feature(value))
        return self.call(callee, stand_in, scope, value, context)

    # --- operators ------------------------------------------------------------------------

    def operator(
        self, callee: Callee, call: ast.Call, scope: Scope, value: int | None, context: Context
    ) -> int | None:
        op = callee.target
        if op.bodies:
            results = [self.inside(body, scope, value, context) for body in call.bodies]
            inputs = tuple(result for result in results if result is not None)
            if len(inputs) < len(results):
                return None
        else:
            inputs = (value,) if value is not None else ()
        channels = callee.bound.get("channels")
        if channels is not None and isinstance(channels.value, Size):
            from archc.sema.calls import misordered

            swapped = misordered(callee, call)
            if swapped is not None:
                raise swapped
        attributes: dict[str, Any] = {}
        name = self.building.layer_name(op.keyword, context)
        for slot, given in callee.bound.items():
            if given.value is BAD:
                inputs = ()
                continue
            try:
                attributes[slot] = self.building.attribute(op.args[slot], given, name)
            except Rejected as rejected:
                self.fail(rejected.diagnostic, context)
                inputs = ()
        if not inputs:
            return None
        return self.building.add(
            operator(op, attributes), inputs, call, context, callee.bound, name
        )

    def made(self, value: int) -> tuple[Label, ...]:
        """What made a value, with its shape."""
        node = self.building.nodes[value]
        text = "this makes" if node.inputs else "the input has"
        return (Label(called(node.origin[-1]), f"{text} {show_shape(node.shape)}"),)


def unsure(callee: Callee) -> bool:
    """Whether what a block does is a guess, after a syntax error in it."""
    return callee.kind == "block" and callee.scope.unsure(callee.target.span)
