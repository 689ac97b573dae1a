"""The predicates on operators, kernels and the network as a whole."""

from collections.abc import Iterator

from archc.diagnostics.text import shape_text
from archc.ops.base import Shape, product
from archc.targets.facts import (
    UNKNOWN,
    Facts,
    Limits,
    Offence,
    pair_text,
    predicate,
    stride_text,
    tally,
)

# --- the gate ---------------------------------------------------------------------------------


@predicate("exotic_layer", "operator", "becomes", "meaning", "says")
def exotic_layer(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Layers that are not of a demanded class and leave something on the device."""
    alone: dict[tuple[int, ...], list[int]] = {}
    for place, op in enumerate(facts.deployed.operators):
        alone.setdefault(op.layers, []).append(place)
    for index, node in facts.exotic:
        if facts.unmapped(index) is not None:
            continue
        places = alone.get((index,))
        if places:
            names = [facts.deployed.operators[place].operator for place in places]
            said = [facts.treats(place) for place in places]
        elif facts.request.as_is:
            continue  # a converted file does not even have it: it is within other operators
        else:  # all that is left of it is within other operators
            names = [step.operator for step in facts.steps[index]]
            said = [facts.treated(name) for name in names]
        values = {
            "operator": node.keyword,
            "becomes": ", ".join(dict.fromkeys(names)),
            "meaning": facts.meaning(names, said),
        }
        values["says"] = says(values)
        yield Offence(index, values, allow=node.keyword, gate=True)


def says(values: dict[str, str]) -> str:
    """What becomes of operators, as a clause."""
    if values["meaning"] == UNKNOWN:
        return f"no source here says how {values['becomes']} runs"
    return f"{values['becomes']} {values['meaning']}"


@predicate("unmapped_layer", "operator", "meaning")
def unmapped_layer(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Layers that nothing on the device runs, whatever a spec allows."""
    for index, node in facts.exotic:
        meaning = facts.unmapped(index)
        if meaning is not None:
            yield Offence(index, {"operator": node.keyword, "meaning": meaning}, gate=True)


@predicate("exotic_operator", "becomes", "meaning", "says")
def exotic_operator(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Deployed operators beyond the demanded ones that stem from demanded layers alone."""
    demanded = facts.target.demanded
    exotic = {index for index, _ in facts.exotic}
    for place, op in enumerate(facts.deployed.operators):
        if op.operator in demanded.operators or not exotic.isdisjoint(op.layers):
            continue
        if op.border and op.operator in demanded.border:
            continue
        values = {"becomes": op.operator, "meaning": facts.treats(place)[0]}
        values["says"] = says(values)
        yield Offence(facts.first_layer(op), values, gate=True)


# --- shapes -----------------------------------------------------------------------------------


@predicate("alignment", "channels", multiple="count")
def alignment(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Output channels of convolutions that are no multiple; the network's outputs are exempt: what
    reaches them through operators on one tensor without variables only."""
    graph = facts.graph
    exempt = set(graph.ends)
    for at in graph.ends:
        while len(graph.nodes[at].inputs) == 1:
            node = graph.nodes[at]
            if node.op.weights(*graph.input_shapes(node)):
                break
            at = node.inputs[0]
            exempt.add(at)
    multiple = limits.count("multiple")
    for index, node in enumerate(graph.nodes):
        width = node.op.aligned_width()
        if width is not None and width % multiple and index not in exempt:
            yield Offence(index, {"channels": f"{width:,}"})


@predicate("dimension", "extent", "shape", below="count")
def dimension(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Dimensions that are too large, of any tensor of either graph; once per layer."""
    below = limits.count("below")
    seen: set[int] = set()

    shapes = [(index, node.shape) for index, node in enumerate(facts.graph.nodes)]
    shapes += [(facts.first_layer(op) or 0, op.shape) for op in facts.deployed.operators]
    small: Shape | None = None
    for index, shape in shapes:
        if shape is small or index in seen:
            continue  # most layers leave shapes alone
        if not _reaches(shape, below):
            small = shape
        else:
            seen.add(index)
            extent = max(shape)
            yield Offence(index, {"extent": f"{extent:,}", "shape": shape_text(shape)}, extent)


def _reaches(shape: Shape, extent: int) -> bool:
    for each in shape:  # noqa: SIM110  # a generator is slow
        if each >= extent:
            return True
    return False


@predicate("rank", "axes_found", "operator", axes="count")
def rank(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Tensors with too many axes; once per layer."""
    axes = limits.count("axes")
    seen: set[int] = set()
    for op in facts.deployed.operators:
        index = facts.first_layer(op)
        if len(op.shape) + 1 > axes and index is not None and index not in seen:
            seen.add(index)
            yield Offence(index, {"axes_found": str(len(op.shape) + 1), "operator": op.operator})
    for index in facts.graph.inputs:
        found = len(facts.graph.nodes[index].shape) + 1
        if found > axes and index not in seen:
            yield Offence(index, {"axes_found": str(found), "operator": "the input"})


@predicate("by_construction")
def by_construction(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """What cannot be broken by a network compiled here; listed for completeness."""
    yield from ()


# --- kernels and pools ------------------------------------------------------------------------

_KERNELS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")


@predicate(
    "convolution_window",
    "kernel",
    height="count",
    width="count",
    strided_width="count",
    one_step="count",
)
def convolution_window(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Kernels beyond the native window, unless they were seen to stay one step."""
    for index, _, window in facts.windows(*_KERNELS):
        rows, columns = window.kernel
        width = limits.count("strided_width" if max(window.stride) > 1 else "width")
        native = rows <= limits.count("height") and columns <= width
        if not native and max(rows, columns) > limits.count("one_step"):
            yield Offence(index, {"kernel": pair_text(window.kernel)}, rows * columns)


@predicate("stride", "stride", preferred="counts")
def stride(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Strides of convolutions that are not preferred."""
    preferred = frozenset(limits.counts("preferred"))
    for index, _, window in facts.windows(*_KERNELS):
        if not preferred.issuperset(window.stride):
            yield Offence(index, {"stride": stride_text(window.stride)}, max(window.stride))


@predicate("stride_over_kernel", "stride", "kernel")
def stride_over_kernel(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Strides of convolutions above the kernel."""
    for index, _, window in facts.windows("CONV_2D", "DEPTHWISE_CONV_2D"):
        if window.stride[0] > window.kernel[0] or window.stride[1] > window.kernel[1]:
            values = {"stride": stride_text(window.stride), "kernel": pair_text(window.kernel)}
            yield Offence(index, values)


@predicate("pool_window", "kernel", "steps", window="count", stride="count")
def pool_window(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Pools beyond the native window or stride."""
    for index, _, window in facts.windows(*_POOLS):
        if max(window.kernel) > limits.count("window") or max(window.stride) > limits.count(
            "stride"
        ):
            values = {"kernel": pair_text(window.kernel), "steps": stride_text(window.stride)}
            yield Offence(index, values, product(window.kernel))


@predicate("dilation", "dilation")
def dilation(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Dilated convolutions."""
    for index, _, window in facts.windows(*_KERNELS):
        if max(window.dilation) > 1:
            yield Offence(index, {"dilation": stride_text(window.dilation)})


@predicate("global_pool", "map", "elements_found", "prime", elements="count", factor="count")
def global_pool(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Global average pools over large maps with an awkward side."""
    for index, steps in enumerate(facts.steps):
        node = facts.graph.nodes[index]
        for step in steps:
            if step.operator != "MEAN" or step.tables != ((1, 2),):
                continue
            shape = facts.graph.nodes[node.inputs[0]].shape
            if len(shape) != 3:
                continue
            elements = shape[0] * shape[1]
            prime = max(_largest_prime(shape[0]), _largest_prime(shape[1]))
            if elements > limits.count("elements") and prime > limits.count("factor"):
                values = {
                    "map": pair_text((shape[0], shape[1])),
                    "elements_found": f"{elements:,}",
                    "prime": f"{prime:,}",
                }
                yield Offence(index, values, elements)


def _largest_prime(number: int) -> int:
    largest, divisor = 1, 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            largest, number = divisor, number // divisor
        divisor += 1
    return max(largest, number)


@predicate("line_buffer", "wide", values="count")
def line_buffer(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Convolutions whose input rows do not fit a line buffer."""
    most = limits.count("values")
    for index, node, _ in facts.windows("CONV_2D", "DEPTHWISE_CONV_2D"):
        row = product(facts.graph.nodes[node.inputs[0]].shape[-2:])
        if row > most:
            yield Offence(index, {"wide": f"{row:,}"}, row)


@predicate(
    "pointwise_efficiency",
    "channels_in",
    "channels_out",
    input_low="count",
    input_high="count",
    output_low="count",
    output_high="count",
)
def pointwise_efficiency(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """1x1 convolutions whose channels do not fill the array."""
    inside = limits.count("input_low"), limits.count("input_high")
    outside = limits.count("output_low"), limits.count("output_high")
    for index, node, window in facts.windows("CONV_2D"):
        if window.kernel != (1, 1):
            continue
        entering, leaving = facts.graph.nodes[node.inputs[0]].shape[-1], node.shape[-1]
        if not _filled(entering, *inside) or not _filled(leaving, *outside):
            values = {"channels_in": f"{entering:,}", "channels_out": f"{leaving:,}"}
            macs = node.op.macs(node.shape, *facts.graph.input_shapes(node))
            yield Offence(index, values, macs)


def _filled(channels: int, low: int, high: int) -> bool:
    """Whether a width is `n x (low .. high)` for some n."""
    most, least = channels // low, -(-channels // high)
    return channels <= high * most or low * least <= channels


# --- the network as a whole -------------------------------------------------------------------


@predicate("software_operators", "count", "operators", above="count")
def software_operators(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Too many operators on the CPU."""
    names = facts.software()
    if len(names) > limits.count("above"):
        yield Offence(None, {"count": f"{len(names):,}", "operators": tally(names)})


@predicate("float_border", "count", "operators")
def float_border(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """The conversions at a float32 border."""
    if facts.request.io == "float32":
        names = [op.operator for op in facts.deployed.operators if op.border]
        if names:
            yield Offence(None, {"count": str(len(names)), "operators": tally(names)})


@predicate("software_output", "becomes")
def software_output(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """A last operator on the CPU."""
    for output in dict.fromkeys(facts.deployed.outputs):
        if output < 0:
            continue
        op = facts.deployed.operators[output]
        if facts.treats(output)[1]:
            yield Offence(facts.first_layer(op), {"becomes": op.operator})


@predicate("unfolded_batchnorm")
def unfolded_batchnorm(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Batch normalisations that stay operators of their own."""
    for place in facts.places("MUL"):
        for index in facts.deployed.operators[place].layers[:1]:
            node = facts.graph.nodes[index]
            if node.op.normalises:
                yield Offence(index, {}, product(node.shape))


@predicate("layers", layers="names")
def layers(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Layers by our operator names."""
    names = limits.names("layers")
    for index, node in enumerate(facts.graph.nodes):
        if node.inputs and node.op.keyword in names:
            yield Offence(index, {}, product(node.shape))


@predicate("unknown_lowering", "reason")
def unknown_lowering(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Patterns whose lowering is not known."""
    for unknown in facts.deployed.unknown:
        index = unknown.layers[0] if unknown.layers else None
        yield Offence(index, {"reason": unknown.reason})
