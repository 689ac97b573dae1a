"""The tables that TFLite's operators read, of operators that have attributes in their place, or
tables in another layout: axes, orders, amounts of padding, cuts."""

from archc.models.onnx.constants import Held
from archc.models.onnx.folding import Folded, Step
from archc.models.onnx.naming import shape_of

Table = tuple[int, ...]


def axes(folded: Folded, step: Step, second: frozenset[int]) -> Table | None:
    """The axes that are averaged over or the order of a transposition, as they are on a device.

    ``second`` are the maps whose channels are second in the file.
    """
    node, shape = step.node, shape_of(folded, step.reads[0])
    rank = len(shape)
    if node.kind in ("GlobalAveragePool", "GlobalMaxPool"):
        given: Table = tuple(range(2, rank))
    elif node.kind.startswith("Reduce"):
        listed = node.numbers("axes")
        held = folded.wiring.held.get(node.read(1))
        if held is not None and held.values is not None:
            listed = tuple(int(axis) for axis in held.values)
        given = tuple(sorted(axis % rank for axis in listed)) if rank else ()
        given = given or tuple(range(rank))
    elif node.kind == "Transpose":
        perm = node.numbers("perm", tuple(range(rank))[::-1])
        if sorted(perm) != list(range(rank)):
            return perm
        return turned(perm, step.reads[0] in second, step.makes[0] in second)
    else:
        return None
    if step.reads[0] not in second or rank < 3:
        return given
    extra = rank == 3  # a map of one axis has one row on a device
    moved = {0: 0, 1: rank - 1 + extra, **{axis: axis - 1 + extra for axis in range(2, rank)}}
    return tuple(sorted(moved[axis] for axis in given))


def turned(perm: Table, before: bool, after: bool) -> Table:
    """The order of a transposition on a device, where what it reads or makes has its channels
    second in the file and last on the device."""
    rank = len(perm)
    if rank < 4:
        return perm
    last = (0, *range(2, rank), 1)
    entering = last if before else tuple(range(rank))
    leaving = last if after else tuple(range(rank))
    return tuple(entering.index(perm[axis]) for axis in leaving)


def cuts(folded: Folded, step: Step, second: frozenset[int]) -> tuple[Table, ...] | None:
    """What TFLite's PAD and STRIDED_SLICE read behind the map: amounts before and after each axis;
    begins, ends and strides. None where the file does not tell, or pads with another value than 0.
    """
    node, rank = step.node, len(shape_of(folded, step.reads[0]))
    if node.kind == "Pad":
        amounts = _padding(folded, step, rank)
        return None if amounts is None else (_flat(_device(amounts, step, second)),)
    if node.kind == "Slice":
        ranges = _ranges(folded, step)
        if ranges is None:
            return None
        begins, ends, steps = zip(*_device(ranges, step, second), strict=True)
        return begins, ends, steps
    return None


def _padding(folded: Folded, step: Step, rank: int) -> list[Table] | None:
    node = step.node
    if node.attributes.get("mode", "constant") not in ("constant", b"constant"):
        return None
    listed = node.numbers("pads", node.numbers("paddings")) or _whole(folded, node.read(1))
    value = folded.wiring.held.get(node.read(2))
    zero = value.values == (0,) if value is not None else not node.number("value", 0)
    if listed is None or not zero:
        return None
    named = _whole(folded, node.read(3)) if node.read(3) else tuple(range(rank))
    if named is None or len(listed) != 2 * len(named):
        return None
    amounts: list[Table] = [(0, 0)] * rank
    for place, axis in enumerate(named):
        if not -rank <= axis < rank:
            return None
        amounts[axis] = (listed[place], listed[place + len(named)])
    return amounts


def _ranges(folded: Folded, step: Step) -> list[Table] | None:
    """Begin, end and stride of each axis of a `Slice`."""
    node, shape = step.node, shape_of(folded, step.reads[0])
    rank = len(shape)
    starts = node.numbers("starts") or _whole(folded, node.read(1))
    ends = node.numbers("ends") or _whole(folded, node.read(2))
    if starts is None or ends is None:
        return None
    named: Table | None = node.numbers("axes") or tuple(range(len(starts)))
    named = _whole(folded, node.read(3)) if node.read(3) else named
    steps: Table | None = _whole(folded, node.read(4)) if node.read(4) else (1,) * len(starts)
    if named is None or steps is None or not len(starts) == len(ends) == len(named) == len(steps):
        return None
    ranges: list[Table] = [(0, extent, 1) for extent in shape]
    for start, end, axis, stride in zip(starts, ends, named, steps, strict=True):
        if not -rank <= axis < rank or stride < 1:
            return None
        extent = shape[axis]
        first, last = (n + extent if n < 0 else n for n in (start, end))
        ranges[axis] = (max(0, first), min(extent, last), stride)
    return ranges


def _whole(folded: Folded, name: str) -> Table | None:
    """The whole numbers of a constant."""
    held: Held | None = folded.wiring.held.get(name) if name else None
    if held is None or held.values is None or held.dtype not in ("int32", "int64"):
        return None
    return tuple(int(value) for value in held.values)


def _device(axes: list[Table], step: Step, second: frozenset[int]) -> list[Table]:
    """One entry for each axis, in the order of a device."""
    if step.reads[0] not in second or len(axes) < 3:
        return axes
    batch, channels, *extents = axes
    row: list[Table] = [(0, 1, 1)[3 - len(batch) :]] if len(extents) == 1 else []
    return [batch, *row, *extents, channels]


def _flat(pairs: list[Table]) -> Table:
    return tuple(number for pair in pairs for number in pair)
