"""Models to op graphs: stages, the head and outputs, one after the other."""

import re
from collections.abc import Iterator
from fractions import Fraction

from archc.diagnostics.codes import NOT_WHOLE, STAGE_CHANNELS, STRIDE_UNUSED, STRUCTURE, VALUE
from archc.diagnostics.model import Diagnostic, Label, Rejected, Reporter, make
from archc.ir.graph import Graph
from archc.ops.base import Shape
from archc.sema.bias import settle_bias
from archc.sema.building import Output
from archc.sema.callees import BAD, Callee, Given, Slot
from archc.sema.evaluate import Exhausted, Poisoned, exhausted
from archc.sema.frames import Context, Open, Supply
from archc.sema.maps import unread
from archc.sema.model import Model
from archc.sema.origin import called, causes, worked
from archc.sema.scope import Scope
from archc.sema.statements import NOTHING, Statements
from archc.syntax import ast
from archc.values import Exact, Map, Size, describe, show, whole

STAGE_SLOTS = tuple(Slot(name, False, False) for name in ("channels", "stride", "repeat"))


def expand(model: Model, reporter: Reporter, shortcuts_first: bool = False) -> Graph | None:
    """The op graph of a model; None, and reports, where it has none.

    ``shortcuts_first`` is what holds for skips that do not say.
    """
    return Expander(model, reporter, shortcuts_first=shortcuts_first).expand()


class Expander(Statements):
    """Expands one model: its stages, its head and its outputs."""

    def __init__(
        self,
        model: Model,
        reporter: Reporter,
        fresh: ast.Stage | None = None,
        shortcuts_first: bool = False,
    ) -> None:
        super().__init__(model, reporter, shortcuts_first)
        self.fresh = fresh
        """A stage in which `in` is to be what enters each repeat, which is not what it means."""
        self.entered: dict[str, list[Shape]] = {}
        """The shapes of what enters the repeats of stages."""
        self.outputs: list[Output] = []

    def expand(self) -> Graph | None:
        """The op graph; None, and reports, where there is none."""
        graph = self.graph()
        if graph is not None:
            self.reporter.extend(self.remarks(graph))
        return graph

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
        if not isinstance(value, Fraction) or value.denominator != 1 or value.numerator < 1:
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
        if value.numerator > self.limits.repeats:
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
        same = next((output for output in self.outputs if output.node == node), None)
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


def _is_one(value: object) -> bool:
    if isinstance(value, Size):
        return all(extent == 1 for extent in value.extents)
    return value is BAD or value == 1


def _text(value: object) -> str:
    return show(value) if isinstance(value, Fraction | Size) else describe(value)
