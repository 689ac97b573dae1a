"""Models to op graphs: stages repeated, blocks called, shapes inferred, widths rounded."""

import re
from collections.abc import Iterator
from fractions import Fraction

from archc.diagnostics.codes import (
    ARGUMENTS,
    MAP,
    NOT_WHOLE,
    SHAPE,
    STAGE_CHANNELS,
    STRIDE_UNUSED,
    STRUCTURE,
    VALUE,
)
from archc.diagnostics.model import Diagnostic, Edit, Label, Rejected, Reporter, make, reject
from archc.ir.graph import Graph, SkipNote, Via
from archc.ops.base import Shape, operator, show_shape
from archc.ops.merge import Add, Multiply
from archc.ops.rearranging import Slice
from archc.sema.bias import settle_bias
from archc.sema.building import Building, Output
from archc.sema.callees import BAD, Bad, Callee, Given, Slot
from archc.sema.calls import bodies_problem, unknown_call
from archc.sema.evaluate import Evaluator, Exhausted, Poisoned, exhausted
from archc.sema.frames import Context, Open, Supply
from archc.sema.maps import applied, named_twice, nameless, shares, unread
from archc.sema.model import Model
from archc.sema.origin import called, causes, causes_of, traced, worked
from archc.sema.ranges import in_range
from archc.sema.scope import Scope
from archc.syntax import ast
from archc.typed import Any
from archc.values import Exact, Map, Size, describe, show, whole

NOTHING = -1
"""What enters a network of several inputs until a statement names one."""
STAGE_SLOTS = tuple(Slot(name, False, False) for name in ("channels", "stride", "repeat"))


def expand(model: Model, reporter: Reporter, shortcuts_first: bool = False) -> Graph | None:
    """The op graph of a model; None, and reports, where it has none.

    ``shortcuts_first`` is what holds for skips that do not say.
    """
    expander = Expander(model, reporter, shortcuts_first=shortcuts_first)
    graph = expander.graph()
    if graph is not None:
        reporter.extend(expander.remarks(graph))
    return graph


class Expander:
    """Expands one model. A faulty value is None: what reads it stays silent."""

    def __init__(
        self,
        model: Model,
        reporter: Reporter,
        fresh: ast.Stage | None = None,
        shortcuts_first: bool = False,
    ) -> None:
        self.model = model
        self.shortcuts_first = shortcuts_first
        self.reporter = reporter
        self.fresh = fresh
        """A stage in which `in` is to be what enters each repeat, which is not what it means."""
        self.entered: dict[str, list[Shape]] = {}
        """The shapes of what enters the repeats of stages."""
        self.limits = model.limits
        self.evaluator = Evaluator(model.limits, reporter)
        self.building = Building(model)
        self.outputs: list[Output] = []

    def graph(self) -> Graph | None:
        model = self.model
        root = Open("arch", "", "", model.name, 0, model.declared.span)
        value: int | None = 0 if len(model.inputs) == 1 else NOTHING
        value = value if model.known else None
        scope = Scope(model.module, self.building.feature(value), dict(model.parameters))
        for index, (declared, shape) in enumerate(model.inputs):
            entry = Map(None if shape is None else index, shape)
            scope.maps[declared.text] = Given(entry, declared.span)
        try:
            seen: set[str] = set()  # of two of one name the first counts; that is reported
            for member in model.arch.members:
                if isinstance(member, ast.Hole):
                    value = None
                if not isinstance(member, ast.Stage | ast.Head | ast.Output):
                    continue
                name = "head" if isinstance(member, ast.Head) else member.name.text.casefold()
                if name in seen:
                    continue
                seen.add(name)
                if isinstance(member, ast.Stage):
                    value = self.stage(member, scope, value, root)
                    scope.maps[member.name.text] = Given(self.map(value), member.name.span)
                elif isinstance(member, ast.Output):
                    self.output(member, scope, value, root)
                else:
                    value = self.part("head", "head", member, scope, value, root)
        except Exhausted as end:
            self.reporter.add(end.diagnostic)
            return None
        if self.outputs:
            value = self.outputs[-1].node
        if value is None or self.reporter.failed:
            return None
        root.output = value
        if len(self.building.nodes) == len(model.inputs):
            self.reporter.add(
                make(
                    STRUCTURE,
                    f"`{model.name}` has no operators",
                    model.declared.span,
                    help="write a stage or a head",
                )
            )
            return None
        outputs = tuple(self.outputs)
        named = (*scope.names.items(), *scope.maps.items())
        maps = tuple(
            (name, given.value.node)
            for name, given in named
            if isinstance(given.value, Map) and given.value.node is not None
        )
        graph = self.building.graph(model.name, value, root.close(), outputs, maps)
        self.reporter.extend(unread(graph))
        return None if self.reporter.failed else settle_bias(graph)

    def remarks(self, graph: Graph) -> Iterator[Diagnostic]:
        """What the network may not mean as it is: see `remarks`."""
        repeating = [
            member
            for member in self.model.arch.members
            if isinstance(member, ast.Stage) and len(self.entered.get(member.name.text, ())) > 1
        ]
        if not repeating and not self.building.rounded:
            return
        from archc.sema import remarks

        for stage in repeating:
            if next(remarks.features(stage.body), None) is not None:
                other = Expander(self.model, Reporter(), stage).graph()
                if other is not None and not remarks.same(graph, other):
                    yield remarks.repeated(stage, self.entered[stage.name.text])
        yield from remarks.rounded(graph, self.building.rounded, self.building.widths)

    # --- stages ---------------------------------------------------------------------------

    def stage(self, stage: ast.Stage, scope: Scope, value: int | None, parent: Open) -> int | None:
        name = stage.name.text
        value = self.entry(stage.body, scope, value)
        given = self.stage_arguments(stage, scope.inner(self.building.feature(value)))
        channels, stride = given.get("channels"), given.get("stride")
        width: int | None = None
        if channels is not None and channels.value is not BAD:
            try:
                width = self.building.width(channels, name)
                exact = isinstance(channels.value, Exact)
                kept = Exact(whole(width)) if exact else whole(width)
                asked, remark = worked(channels), f"`channels` is {width}, set here"
                if isinstance(width, int) and channels.value != kept:
                    asked = asked or f"`channels` is {show(channels.value)}"
                    remark = f"{asked}, rounded to {width}"
                channels = channels._replace(value=kept, hint="channels", remark=remark)
            except Rejected as rejected:
                self.reporter.add(rejected.diagnostic)
                channels = channels._replace(value=BAD)
        repeats = self.repeats(given.get("repeat"))
        names = {"channels": channels} if channels is not None else {}
        supply = Supply(channels, stride)
        frame = Open("stage", name, name, name, value, stage.span)
        parent.children.append(frame)
        feature = self.building.feature(value)
        for repeat in range(1, repeats + 1):
            self.evaluator.tick(stage.name.span)
            part = f"{name}_{repeat}"
            if value is not None:
                self.entered.setdefault(name, []).append(self.building.shape(value))
            if stage is self.fresh:
                feature = self.building.feature(value)
            inner = scope.inner(feature, dict(names))
            inner.repeat = (repeat - 1, repeats)
            again = Open("repeat", part, str(repeat), name, value, stage.span)
            frame.children.append(again)
            context = Context(again, (), name, repeat, None, 0)
            value = self.body(stage.body, inner, value, context, supply)
            again.output = value
        frame.output = value
        scope.names.update((one, named) for one, named in inner.names.items() if one not in names)
        if value is not None and not self.model.module.unsure(stage.span):
            self.stage_ends(stage, supply, width, channels, value)
        return value

    def stage_arguments(self, stage: ast.Stage, scope: Scope) -> dict[str, Given]:
        callee = Callee("stage", stage.name.text, None, None, STAGE_SLOTS, (0, 0), {})
        try:
            return self.evaluator.bind(callee, stage.name, stage.arguments, scope).bound
        except Poisoned:  # nothing is known of what it would have supplied
            faulty = Given(BAD, stage.name.span)
            return {"channels": faulty, "stride": faulty}

    def repeats(self, given: Given | None) -> int:
        if given is None or given.value is BAD:
            return 1
        value = given.value
        if not isinstance(value, Fraction) or value.denominator != 1 or value < 1:
            whole = isinstance(value, Fraction) and value > 0
            self.reporter.add(
                make(
                    NOT_WHOLE if isinstance(value, Fraction) else VALUE,
                    f"`repeat` must be a whole number of at least 1, not {describe(value)}",
                    given.span,
                    label=worked(given),
                    related=causes(given),
                    help=f"write `ceil({given.span.text})`"
                    if whole
                    else "write how many times the braces run, as in `repeat = 2`"
                    if not isinstance(value, Fraction)
                    else "remove the stage if nothing is to be repeated",
                )
            )
            return 1
        if value > self.limits.repeats:
            raise exhausted(
                f"a stage repeats at most {self.limits.repeats:,} times, not {show(value)}",
                given.span,
                "repeats",
            )
        return value.numerator

    def stage_ends(
        self,
        stage: ast.Stage,
        supply: Supply,
        width: int | None,
        channels: Given | None,
        value: int,
    ) -> None:
        """Check a stage against its declared stride and channels."""
        stride = supply.stride
        if stride is not None and not supply.taken and not _is_one(stride.value):
            self.reporter.add(
                make(
                    STRIDE_UNUSED,
                    f"nothing in `{stage.name.text}` takes its stride of {_text(stride.value)}",
                    stride.span,
                    label=worked(stride),
                    related=(*causes(stride), Label(stage.name.span, "in this stage")),
                    notes=[
                        "it goes to the first statement directly in the braces that leaves "
                        "`stride` open; pools take none, and inner braces get nothing"
                    ],
                    help="remove it here, and give it to the statement that should stride",
                )
            )
        ends = self.building.shape(value)[-1]
        if width is not None and ends != width and channels is not None:
            self.reporter.add(
                make(
                    STAGE_CHANNELS,
                    f"`{stage.name.text}` declares {width} channels and ends with {ends}",
                    channels.span,
                    label="" if channels.remark.endswith("set here") else channels.remark,
                    related=(*causes(channels), *self.widened(value)),
                    help=self.take_channels(value)
                    if self.building.nodes[value].origin
                    else "leave `channels` out",
                )
            )

    def take_channels(self, value: int) -> str:
        """How the last statement of a stage takes the channels that the stage declares."""
        via, call = self.building.nodes[value].origin[0], "conv"
        callee = self.model.module.lookup(via.name, via.span)
        free = callee.free() if isinstance(callee, Callee) else []
        if free and free[0].name == "channels":
            call = via.name
        given = re.fullmatch(rf"{call}\(([0-9.]+)\)", via.span.text)
        others = [slot.name for slot in free[1:] if slot.name != "stride"]
        if given and call != "conv" and others:
            meant = f"`{call}({others[0]} = {given[1]})` if that is what {given[1]} means"
            return f"`{call}` takes its channels first: write {meant}"
        return f"write `{call}(channels)` where it should take this width, or remove `channels`"

    def made(self, value: int) -> tuple[Label, ...]:
        """What made a value, with its shape."""
        node = self.building.nodes[value]
        text = "this makes" if node.inputs else "the input has"
        return (Label(called(node.origin[-1]), f"{text} {show_shape(node.shape)}"),)

    def widened(self, value: int) -> tuple[Label, ...]:
        """Where the channels of a value were made."""
        node = self.building.nodes[value]
        while len(node.inputs) == 1:
            before = self.building.nodes[node.inputs[0]]
            if before.shape[-1] != node.shape[-1] or hasattr(node.op, "channels"):
                break
            node = before
        via = node.origin[-1]
        text = "the input" if not node.inputs else f"this `{via.name}`"
        verb = "has" if not node.inputs else "makes"
        return (Label(called(via), f"{text} {verb} {node.shape[-1]} channels"),)

    def part(
        self,
        kind: str,
        name: str,
        member: ast.Head | ast.Output,
        scope: Scope,
        value: int | None,
        parent: Open,
    ) -> int | None:
        """Run the head or an output."""
        value = self.entry(member.body, scope, value)
        frame = Open(kind, name, name, name, value, member.span)
        parent.children.append(frame)
        context = Context(frame, (), None, None, None, 0)
        frame.output = value = self.body(
            member.body, scope.inner(self.building.feature(value)), value, context, None
        )
        return value

    def output(self, member: ast.Output, scope: Scope, value: int | None, parent: Open) -> None:
        """Run an output, which leaves the map that enters the next stage as it is."""
        name = member.name
        node = self.part("output", name.text, member, scope, value, parent)
        if node is None:
            return
        same = next((one for one in self.outputs if one.node == node), None)
        if same is not None or not self.building.nodes[node].inputs:
            what = "the input" if same is None else f"the output `{same.name}`"
            self.reporter.add(
                make(
                    STRUCTURE,
                    f"the output `{name.text}` is {what}, and computes nothing",
                    name.span,
                    related=[Label(same.span, "the other one")] if same else [],
                    help="leave it out, or give it an operator",
                )
            )
            return
        self.outputs.append(Output(name.text, node, name.span))

    # --- maps -----------------------------------------------------------------------------

    def map(self, value: int | None) -> Map:
        return Map(None, None) if value is None else Map(value, self.building.shape(value))

    def entry(self, body: ast.Body, scope: Scope, value: int | None) -> int | None:
        """What enters braces: the map that their first statement names, else what has been made.

        Where nothing has, as in a network of several inputs, that is reported.
        """
        first = body.statements[0] if body.statements else None
        if isinstance(first, ast.Call) and first.plain:
            try:
                named = scope.lookup(first.name.text, first.name.span)
            except Rejected:
                named = None
            if isinstance(named, Map):
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
                via = (*context.chain, Via(call.name.text, call.span))
                inner = supply.within() if supply is not None else None
                within = context._replace(chain=via, supply=inner)
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
        problem = bodies_problem(value, call)
        if problem is not None and scope.module.unsure(call.span):
            raise Poisoned
        if problem is not None:
            raise problem
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
        missing = callee.missing()
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


def unsure(callee: Callee) -> bool:
    """Whether what a block does is a guess, after a syntax error in it."""
    return callee.kind == "block" and callee.scope.unsure(callee.target.span)


def misordered(callee: Callee, call: ast.Call) -> Rejected | None:
    """The rejection of `conv(3x3, 64)`, whose two faults have one cause; else None."""
    channels, kernel = callee.bound.get("channels"), callee.bound.get("kernel")
    if channels is None or kernel is None or not isinstance(channels.value, Size):
        return None
    if not isinstance(kernel.value, Fraction) or [a.name for a in call.arguments[:2]] != [None] * 2:
        return None
    first, second = channels.span, kernel.span
    return reject(
        VALUE,
        f"`{call.name.text}` takes its channels first, then its kernel",
        first.to(second),
        label=f"the size {show(channels.value)} stands for the channels",
        help=f"write `{call.name.text}({second.text}, {first.text})`",
        edits=[Edit(first, second.text), Edit(second, first.text)],
    )


def _is_one(value: object) -> bool:
    if isinstance(value, Size):
        return all(extent == 1 for extent in value.extents)
    return value is BAD or value == 1


def _text(value: object) -> str:
    return show(value) if isinstance(value, Fraction | Size) else describe(value)
