"""The predicates on how values flow: what is joined, cut, turned or grouped, and which chains of
operators were seen to stall. They read the deployed operators, so models are judged as specs are.
"""

from collections.abc import Iterator

from archc.analysis.lowering import DeviceOp
from archc.diagnostics.text import joined, shape_text, size_text
from archc.ops.base import Shape, product
from archc.targets.facts import Facts, Limits, Offence, predicate, stride_text

_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"})
_ACTIVATIONS = frozenset({"RELU", "RELU6", "LEAKY_RELU", "PRELU"})


def _each(facts: Facts, *operators: str) -> Iterator[tuple[int, DeviceOp, list[Shape]]]:
    """Every deployed operator of some kinds with its index and the shapes it reads."""
    for place in facts.places(*operators):
        op = facts.deployed.operators[place]
        yield place, op, [facts.deployed.shape(source) for source in op.inputs]


def _offence(facts: Facts, place: int, op: DeviceOp, values: dict[str, str]) -> Offence:
    return Offence(facts.first_layer(op), values, product(op.shape), op=place)


# --- where values are moved -------------------------------------------------------------------


@predicate("concat_widths", "widths", multiple="count")
def concat_widths(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Concatenations over the last axis whose widths differ or are no multiple; of tensors without
    rows and columns every one. Where each width has scales of its own, they may differ."""
    multiple = limits.count("multiple")
    loose = any(trait.name == "own_scales" for trait in facts.deployed.traits)
    for place, op, shapes in _each(facts, "CONCATENATION"):
        widths = [shape[-1] for shape in shapes]
        if len(widths) < 2 or sum(widths) != op.shape[-1]:
            continue  # over another axis
        alike = loose or len(set(widths)) == 1
        even = alike and all(width % multiple == 0 for width in widths)
        if not even or len(op.shape) == 2:
            yield _offence(facts, place, op, {"widths": joined([f"{width:,}" for width in widths])})


@predicate("slices", "before", "after", multiple="count")
def slices(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Slices and splits that are not along the channels of a feature map, or leave widths that are
    no multiple."""
    multiple = limits.count("multiple")
    for place, op, shapes in _each(facts, "STRIDED_SLICE", "SLICE", "SPLIT", "SPLIT_V"):
        before = shapes[-1]
        channels = len(before) == len(op.shape) == 3 and before[:2] == op.shape[:2]
        if before != op.shape and not (channels and op.shape[2] % multiple == 0):
            values = {"before": shape_text(before), "after": shape_text(op.shape)}
            yield _offence(facts, place, op, values)


@predicate("transposes", "before", "after")
def transposes(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Transposes that change the order of values: two or more axes that are not 1 change places."""
    for place, op, shapes in _each(facts, "TRANSPOSE"):
        before = (1, *shapes[0])
        order = op.tables[0] if op.tables else ()
        moved = [axis for axis in order if axis < len(before) and before[axis] > 1]
        if moved != sorted(moved):
            values = {"before": shape_text(shapes[0]), "after": shape_text(op.shape)}
            yield _offence(facts, place, op, values)


# --- what stalls, and shows in no report ------------------------------------------------------


@predicate("depthwise_row_stride", "map", "stride")
def depthwise_row_stride(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Depthwise convolutions that stride along a map of one row or one column."""
    for place, op, shapes in _each(facts, "DEPTHWISE_CONV_2D"):
        if op.window is None or len(shapes[0]) != 3:
            continue
        rows, columns, _ = shapes[0]
        strides = op.window.stride
        along_rows = columns == 1 < rows and strides[0] > 1
        along_columns = rows == 1 < columns and strides[1] > 1
        if along_rows or along_columns:
            values = {"map": shape_text(shapes[0]), "stride": stride_text(strides)}
            yield _offence(facts, place, op, values)


@predicate("reshaped_activation", "operator", "kernel", low="count", high="count")
def reshaped_activation(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Activations that a RESHAPE keeps from fusing into the convolution before it, and that a
    depthwise convolution of certain kernels reads."""
    operators = facts.deployed.operators
    low, high = limits.count("low"), limits.count("high")

    def behind(place: int) -> int:
        """What an operator reads first, RESHAPEs skipped."""
        while place >= 0 and operators[place].operator == "RESHAPE":
            place = operators[place].inputs[0]
        return place

    for place, op, _ in _each(facts, "DEPTHWISE_CONV_2D"):
        act = behind(op.inputs[0])
        if act < 0 or operators[act].operator not in _ACTIVATIONS:
            continue
        source = operators[act].inputs[0]
        cut_off = source >= 0 and operators[source].operator == "RESHAPE"
        made_by = behind(source)
        if not cut_off or made_by < 0 or operators[made_by].operator not in _CONVOLUTIONS:
            continue
        side = max(op.window.kernel) if op.window is not None else 0
        if low <= side <= high:
            values = {"operator": operators[act].operator, "kernel": _kernel(op)}
            yield _offence(facts, place, op, values)


def _kernel(op: DeviceOp) -> str:
    return shape_text(op.window.kernel) if op.window is not None else ""


@predicate("gated_groups", "groups")
def gated_groups(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Grouped convolutions on a 1x1 map that a gate has scaled."""
    operators = facts.deployed.operators
    for place, op, groups, entering in _grouped(facts):
        if entering[:2] != (1, 1):
            continue
        at = op.inputs[0]
        while at >= 0 and operators[at].shape[:-1] in ((1, 1), ()):
            if operators[at].operator == "MUL" and len(operators[at].inputs) == 2:
                yield _offence(facts, place, op, {"groups": f"{groups:,}"})
                break
            at = operators[at].inputs[0]


# --- groups -----------------------------------------------------------------------------------


@predicate("groups", "groups", "channels_in", "channels_out", multiple="count")
def grouped(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Grouped convolutions whose groups have channels in no multiple."""
    multiple = limits.count("multiple")
    for place, op, groups, entering in _grouped(facts):
        inside, outside = entering[2] // groups, op.shape[2] // groups
        if inside % multiple or outside % multiple:
            values = {
                "groups": f"{groups:,}",
                "channels_in": f"{inside:,}",
                "channels_out": f"{outside:,}",
            }
            yield _offence(facts, place, op, values)


def _grouped(facts: Facts) -> Iterator[tuple[int, DeviceOp, int, Shape]]:
    """Every CONV_2D in groups: with their number, and the shape it reads."""
    for place, op, shapes in _each(facts, "CONV_2D"):
        if op.window is None or len(shapes[0]) != 3 or len(op.shape) != 3:
            continue
        values = product(op.window.kernel) * op.shape[2]
        inside = op.weights // values if values else 0
        if inside and inside < shapes[0][2]:
            yield place, op, shapes[0][2] // inside, shapes[0]


# --- the network as a whole -------------------------------------------------------------------


@predicate("uint8_input", "bytes")
def uint8_input(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """A uint8 border: its input is shifted to int8, value by value."""
    if facts.request.io == "uint8":
        size = sum(map(product, facts.deployed.input_shapes))
        yield Offence(None, {"bytes": f"{size:,}"})


@predicate("code_size", "count", "low_size", "high_size", above="count", low="ratio", high="ratio")
def code_size(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """More operators than the code of as many epochs leaves room for."""
    count = sum(not op.border for op in facts.deployed.operators)
    if count > limits.count("above"):
        least, most = (round(1024 * limits.ratio(name) * count) for name in ("low", "high"))
        sizes = {"low_size": size_text(least), "high_size": size_text(most)}
        yield Offence(None, {"count": f"{count:,}", **sizes})
