"""The graph while it is being built: operators made, widths rounded, names and bounds held."""

import re
from fractions import Fraction

from archc.diagnostics.codes import LAYER_NAME, LIMIT, NOT_WHOLE, SHAPE, VALUE
from archc.diagnostics.model import Edit, Label, Rejected, reject
from archc.ir.graph import Frame, Graph, Node, RoundingNote, SkipNote, Via
from archc.ops.arguments import Arg, Auto, Choice, Extents, Flag, OpError, Real, Stride, Window
from archc.ops.base import FEATURE_MAP, Op, Part, Shape, show_shape
from archc.ops.network import Input
from archc.sema.callees import BAD, Bad, Callee, Given
from archc.sema.evaluate import exhausted
from archc.sema.frames import Context, Open
from archc.sema.model import Model
from archc.sema.origin import called, causes, listed, worked
from archc.source import Span
from archc.syntax import ast
from archc.typed import Any, NamedTuple
from archc.values import Exact, Items, Size, Symbol, describe, show, symbolic


class Output(NamedTuple):
    """A map that leaves the network by a name."""

    name: str
    node: int
    span: Span
    """Where it is declared."""


class Rounded(NamedTuple):
    """A width that rounding changed, and what it was written as."""

    requested: Fraction
    width: int
    divisor: int
    given: Given


class Building:
    """The nodes of one network so far. A value is a node's index; None is a faulty one."""

    def __init__(self, model: Model) -> None:
        self.limits = model.limits
        self.rounding = model.rounding
        self.roundings: list[RoundingNote] = []
        self.skips: list[SkipNote] = []
        self.rounded: dict[str, Rounded] = {}
        """Widths that rounding changed, by the name of the layer or the stage."""
        self.widths: dict[int, Given] = {}
        """What gave nodes their channels."""
        self.nodes: list[Node] = []
        self.names: dict[str, tuple[str, Span]] = {}
        for name, known in model.inputs:
            shape = known or ()  # one that is not known is not read
            origin = (Via("input", name.span),)
            self.nodes.append(Node(name.text, Input(shape), (), shape, origin, None, None, None))
            self.names[name.text.casefold()] = (name.text, name.span)
        inputs = (member for member in model.arch.members if isinstance(member, ast.Input))
        self.declared = [member.shape.span.text for member in inputs]
        """The shapes of the inputs as they are written."""

    def graph(
        self,
        name: str,
        output: int,
        frame: Frame,
        outputs: tuple[Output, ...],
        maps: tuple[tuple[str, int], ...],
    ) -> Graph:
        return Graph(
            name,
            tuple(self.nodes),
            output,
            frame,
            tuple(self.roundings),
            tuple(self.skips),
            tuple(output.node for output in outputs),
            tuple(output.name for output in outputs),
            maps,
        )

    def shape(self, value: int) -> Shape:
        return self.nodes[value].shape

    def feature(self, value: int | None) -> Shape | Bad | None:
        """What `in` is where this value enters."""
        if value is None:
            return BAD
        return None if value < 0 else self.nodes[value].shape

    def attribute(self, arg: Arg[Any], given: Given, where: str) -> object:
        """The typed value of an argument; widths are rounded here, and nowhere else."""
        value = given.value
        if isinstance(value, Items) and not arg.lists:
            raise listed(given)
        if arg.rounds:
            return self.width(given, where)
        try:
            return arg.parse(value)
        except OpError as error:
            raise unfit(arg, error, given) from None

    def width(self, given: Given, where: str) -> int:
        """The effective number of channels; recorded where it is not the requested one.

        Raises:
            Rejected: the value is not a width.
        """
        value = given.value
        if isinstance(value, Exact):
            if value.width.denominator != 1 or value.width < 1:
                raise reject(
                    NOT_WHOLE,
                    f"an exact width must be a whole number of at least 1, not {show(value.width)}",
                    given.span,
                    related=causes(given),
                    help="leave `exact` out to have it rounded",
                )
            return value.width.numerator
        if not isinstance(value, Fraction) or value <= 0:
            help = "write how many, as in `conv(32)`"
            if isinstance(value, Size):
                help = "channels come first: `conv(CHANNELS, KERNEL)`"
            elif isinstance(value, Fraction):
                help = "`max(..., 1)` keeps it above 0" if worked(given) else "write 1 or more"
            raise reject(
                VALUE,
                f"the number of channels must be above 0, not {show(value)}"
                if isinstance(value, Fraction)
                else f"expected a number of channels, found {describe(value)}",
                given.span,
                label=worked(given),
                related=causes(given),
                help=help,
            )
        rounding = self.rounding
        width = rounding.width(value)
        if isinstance(width, int) and width != value:
            self.roundings.append(
                RoundingNote(where, show(value), width, rounding.divisor, given.span)
            )
            self.rounded[where] = Rounded(value, width, rounding.divisor, given)
        return width

    def layer_name(self, keyword: str, context: Context) -> str:
        frame = context.frame
        return f"{frame.name}_{frame.next_part(context.ahead + keyword)}"

    def difference(self, start: int, end: int) -> str:
        """Why a value and what was made of it cannot be added: `stride 2`, `16 → 32 channels`."""
        entered, left = self.shape(start), self.shape(end)
        if any(map(symbolic, entered + left)):
            return ""
        if not len(entered) == len(left) == 3:
            return f"{show_shape(entered)} → {show_shape(left)}"
        reasons = []
        if entered[:2] != left[:2]:
            rows, columns = self.stride(start, end)
            if left[:2] == (-(-entered[0] // rows), -(-entered[1] // columns)):
                reasons.append(f"stride {rows}" if rows == columns else f"stride {rows}x{columns}")
            else:
                reasons.append(f"{show_shape(entered[:2])} → {show_shape(left[:2])}")
        if entered[-1] != left[-1]:
            reasons.append(f"{entered[-1]} → {left[-1]} channels")
        return ", ".join(reasons)

    def stride(self, start: int, end: int) -> tuple[int, int]:
        """The strides of all operators from one value to another, multiplied."""
        rows = columns = 1
        while end > start:
            node = self.nodes[end]
            stride: tuple[int, int] = getattr(node.op, "stride", (1, 1))
            rows, columns = rows * stride[0], columns * stride[1]
            end = node.inputs[0]
        return rows, columns

    def add(
        self,
        op: Op,
        inputs: tuple[int, ...],
        call: ast.Call,
        context: Context,
        bound: dict[str, Given],
        name: str | None = None,
    ) -> int:
        """Put an operator into the graph.

        Raises:
            Rejected: it cannot read these inputs, or a bound is reached.
        """
        nodes = self.nodes
        shapes = tuple([nodes[source].shape for source in inputs])
        try:
            shape = op.infer(*shapes)
        except OpError as error:
            span = call.name.span
            if error.argument in bound:
                span = bound[error.argument].span
            raise reject(
                SHAPE,
                error.message,
                span,
                related=self.sources(inputs, call),
                help=error.help or self.input_help(op, inputs) or _shape_help(op, shapes),
            ) from None
        self.bounds(shape, call)
        name = name or self.layer_name(op.keyword, context)
        parts = op.parts(*shapes)
        if parts:
            return self.add_parts(op, parts, inputs[0], call, context, name)
        self.unique(name, call.name.span)
        hints = [(slot, given.hint) for slot, given in bound.items() if given.hint is not None]
        nodes.append(
            Node(
                name,
                op,
                inputs,
                shape,
                context.chain,
                context.stage,
                context.block,
                context.repeat,
                tuple(hints),
                context.whole,
            )
        )
        index = len(nodes) - 1
        if "channels" in bound:
            self.widths[index] = bound["channels"]
        context.frame.children.append(index)
        return index

    def add_parts(
        self,
        op: Op,
        parts: tuple[Part, ...],
        source: int,
        call: ast.Call,
        context: Context,
        name: str,
    ) -> int:
        """Put the Keras layers of an operator that is several into the graph: a call of its own,
        so that their names begin with its."""
        part_of_name = name.removeprefix(f"{context.frame.name}_")
        frame = Open("operator", name, part_of_name, op.keyword, source, None)
        context.frame.children.append(frame)
        made: list[int] = []
        for part in parts:
            inner = context._replace(
                frame=frame,
                block=op.keyword,
                chain=(*context.chain, Via(part.op.keyword, call.span)),
                whole=context.whole or op.keyword,
            )
            reads = tuple(made[place] if place >= 0 else source for place in part.inputs)
            made.append(self.add(part.op, reads, call, inner, {}))
        frame.output = made[-1]
        return made[-1]

    def input_help(self, op: Op, inputs: tuple[int, ...]) -> str | None:
        """What to say where the network's input, as it enters an operator, is not a feature map."""
        at = inputs[0]
        shape = self.nodes[at].shape
        while self.nodes[at].inputs and self.nodes[at].shape == shape:
            at = self.nodes[at].inputs[0]
        shape = self.nodes[at].shape
        if op.bodies or self.nodes[at].inputs or len(shape) == 3 or op.stated.reads != FEATURE_MAP:
            return None
        extents = [str(extent) for extent in shape]
        declared = self.declared[at]
        product = re.fullmatch(r"[0-9]+(\s*\*\s*[0-9]+)+", declared.strip())
        why = "a feature map has rows x columns x channels"
        if product is not None:
            extents, why = re.findall("[0-9]+", declared), "`*` multiplies, `x` makes a size"
        elif len(extents) == 4 and extents[0] == "1":
            extents, why = extents[1:], "the batch is never written"
        elif len(extents) == 1:
            extents = ["1", *extents]
        extents += ["1"] * (3 - len(extents))
        if len(extents) != 3:
            return None
        return f"{why}: write `input {self.nodes[at].name}: {' x '.join(extents)}`"

    def sources(self, inputs: tuple[int, ...], call: ast.Call) -> tuple[Label, ...]:
        """What made the feature maps that an operator cannot read, with their shapes."""
        labels: dict[Span, Label] = {}
        for index, value in enumerate(inputs):
            node = self.nodes[value]
            span = called(node.origin[-1])
            if index < len(call.bodies) and call.bodies[index].span.source is span.source:
                body = call.bodies[index].span
                if not body.start <= span.start < body.end:
                    span = Span(body.source, body.start, body.start + 1)
            what = "the input has" if not node.inputs else "this makes"
            labels.setdefault(span, Label(span, f"{what} {show_shape(node.shape)}"))
        return tuple(one for span, one in labels.items() if span != call.name.span)

    def bounds(self, shape: Shape, call: ast.Call) -> None:
        limits = self.limits
        if len(self.nodes) > limits.operators:
            raise exhausted(
                f"this network has more than {limits.operators:,} operators",
                call.name.span,
                "operators",
            )
        for extent in shape:
            if extent > limits.dimension:
                raise reject(
                    LIMIT,
                    f"an axis has at most {limits.dimension:,} elements, not {max(shape):,}",
                    call.name.span,
                    help="`--limit dimension=N` changes the limit",
                )
        if len(shape) > limits.rank:
            raise reject(
                LIMIT,
                f"a tensor has at most {limits.rank} axes, not counting the batch",
                call.name.span,
            )

    def unique(self, name: str, span: Span) -> None:
        folded = name.casefold()
        if len(name) > self.limits.layer_name_length:
            raise reject(
                LIMIT,
                f"the name of this layer has more than {self.limits.layer_name_length} characters",
                span,
                notes=[f"it starts with {name[:60]}"],
                help="`--limit layer_name_length=N` changes the limit",
            )
        first = self.names.get(folded)
        if first is not None:
            raise reject(
                LAYER_NAME,
                f"two layers would be called `{name}`",
                span,
                related=[Label(first[1], f"`{first[0]}` comes from here")],
                help="rename a stage or a block",
            )
        self.names[folded] = (name, span)


def _scales(shapes: tuple[Shape, ...]) -> str:
    """What brings maps of different rows and columns to one scale: the stride between them."""
    small, *_, large = sorted(dict.fromkeys(shapes), key=lambda shape: shape[0] * shape[1])
    strides = [-(-big // little) for big, little in zip(large[:2], small[:2], strict=True)]
    down = [-(-big // stride) for big, stride in zip(large[:2], strides, strict=True)]
    up = [little * stride for little, stride in zip(small[:2], strides, strict=True)]
    by = str(strides[0]) if strides[0] == strides[1] else "x".join(map(str, strides))
    if tuple(down) != small[:2]:
        return "give the braces the same strides, so that their rows and columns agree"
    help = f"bring {show_shape(large)} to {show_shape(small[:2])} with a stride of {by}"
    if tuple(up) == large[:2]:
        help += f", or {show_shape(small)} to {show_shape(large[:2])} with `upsample({by})`"
    return help


def _shape_help(op: Op, shapes: tuple[Shape, ...]) -> str:
    """How operators come by the feature maps they need, for those that do not say."""
    if op.bodies:
        if all(len(shape) == 3 for shape in shapes) and len({s[:2] for s in shapes}) > 1:
            return _scales(shapes)
        return "end the braces with equal channels: `conv(N)` in each"
    if any(len(shape) != 3 for shape in shapes):
        return (
            "put it before the pooling or `flatten` that makes the vector, or write "
            "`global_average_pool(keepdims = true)`, which keeps a 1x1 feature map"
        )
    return "change what enters it, or this argument, so that they go together"


def unfit(arg: Arg[Any], error: OpError, given: Given) -> Rejected:
    """The rejection of a value that an argument does not take, fixed where that is plain."""
    text, value = given.span.text, given.value
    message, help = error.message, error.help
    edits: tuple[Edit, ...] = ()
    label = worked(given)
    product = re.fullmatch(r"([0-9]+)\s*\*\s*([0-9]+)", text)
    number = re.fullmatch(r"[0-9]+", text)
    if isinstance(arg, Window | Extents) and product:
        size = "x".join(product.groups())
        message = f"`{text}` is the number {show(value)}, not a size"
        help, edits = f"write `{size}`", (Edit(given.span, size),)
    elif isinstance(arg, Window) and number and len(text) < 6 and int(text) > 11:
        help = (
            f"give a size such as 3x3; if {text} is a number of channels, leave out the one that "
            "enters, which is known"
        )
    elif isinstance(arg, Window) and number:
        help, edits = f"write `{text}x{text}`", (Edit(given.span, f"{text}x{text}"),)
    elif isinstance(arg, Flag | Auto) and text in ("0", "1"):
        flag = "true" if text == "1" else "false"
        help, edits = f"write `{flag}`", (Edit(given.span, flag),)
    elif isinstance(arg, Flag | Auto) and isinstance(value, Callee):
        help = f"write `{text}` as a statement after this one"
    elif isinstance(arg, Flag) and arg.name == "keepdims" and isinstance(value, Size):
        help = f"it pools the whole feature map; windows are those of `average_pool({text})`"
    elif isinstance(arg, Choice) and isinstance(value, Symbol):
        help = f"write {arg.takes}"
    elif isinstance(arg, Window) and isinstance(value, Size) and len(value.extents) != 2:
        help = "it has two extents, rows x columns; the channels that enter are known"
    elif isinstance(arg, Stride) and isinstance(value, Fraction) and value > arg.low:
        help = f"write {value.__floor__()} or {value.__ceil__()}"
    elif isinstance(arg, Stride):
        help = f"both are whole numbers from {arg.low}, rows first"
    elif isinstance(arg, Real) and isinstance(value, Fraction) and 1 < value <= 100:
        share = show(value / 100)
        if arg.low <= value / 100 < arg.high and number:
            help = f"it is a share: write `{share}` for {text} %"
    if help is None:
        help = f"write {arg.takes}"
    return reject(
        VALUE, message, given.span, label=label, related=causes(given), help=help, edits=edits
    )
