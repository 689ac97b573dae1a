"""Layers and functions that move values about: crop, pad, enlarge, transpose, reshape."""

from math import prod

from archc.compiler import (
    LARGEST,
    Malformed,
    Op,
    OpError,
    Reshape,
    Shape,
    Step,
    Traced,
    shown,
    sliced,
)
from archc.models.importer.subject import Subject, entering, reads


@reads("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(subject: Subject) -> tuple[Op, ...] | None:
    amounts, shape = _resized(subject, "cropping", -1)
    if not subject.layer.channels_last or len(amounts) > 2:
        return (subject.foreign(shape),)
    begin = (0, *(before for before, _ in amounts), 0)
    end = (0, *(-after for _, after in amounts), 0)
    return subject.made(sliced(shape, begin, end, (1,) * len(begin)))


@reads("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _zero_padding(subject: Subject) -> tuple[Op, ...] | None:
    amounts, shape = _resized(subject, "padding", 1)
    if not subject.layer.channels_last or len(amounts) > 2:
        return (subject.foreign(shape),)
    return subject.made(padded(shape, (*amounts, (0, 0))))


def padded(shape: Shape, amounts: tuple[tuple[int, int], ...]) -> Step:
    """Zeros before and after, per axis without the batch."""
    table = (0, 0, *(amount for pair in amounts for amount in pair))
    map = len(amounts) == 3 and amounts[2] == (0, 0)
    pads = (amounts[0], amounts[1]) if map else None
    traced = Traced("Pad", (), ("Const",))
    return Step("PAD", shape, tables=(table,), pads=pads, traced=(traced,))


def _resized(subject: Subject, key: str, sign: int) -> tuple[tuple[tuple[int, int], ...], Shape]:
    """What is added or cut per axis, and the shape that this gives."""
    map = entering(subject)
    amounts = subject.layer.amounts(key, len(map.extents))
    extents = tuple(
        extent + sign * (before + after)
        for extent, (before, after) in zip(map.extents, amounts, strict=True)
    )
    if min(extents) < 1:
        raise OpError("nothing is left of the feature map")
    return amounts, map.shape(extents, map.channels)


@reads("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _upsampling(subject: Subject) -> tuple[Op, ...] | None:
    map = entering(subject)
    factors = subject.layer.counts("size", len(map.extents), 2)
    extents = tuple(e * f for e, f in zip(map.extents, factors, strict=True))
    shape = map.shape(extents, map.channels)
    nearest = len(extents) == 1 or subject.layer.text("interpolation", "nearest") == "nearest"
    if not nearest or not map.last or len(extents) > 2:
        return (subject.foreign(shape),)
    steps: tuple[Step, ...] = ()
    before = subject.shape
    for axis, factor in enumerate(factors):
        scope = f"Repeat_{axis}" if axis else "Repeat"
        steps += repeated(before, axis, factor, scope, len(steps) - 1)
        before = steps[-1].shape
    return (subject.foreign(shape, "upsample", steps=steps),)


def repeated(
    shape: Shape, axis: int, factor: int, scope: str = "Repeat", source: int = -1
) -> tuple[Step, ...]:
    """What the converter makes of each element repeated along an axis: the axis after it is set up
    and tiled."""
    steps: list[Step] = []

    def add(operator: str, shape: Shape, table: tuple[int, ...], traced: Traced) -> None:
        reads_ = (source + len(steps),)
        steps.append(Step(operator, shape, reads_, tables=(table,), traced=(traced,)))

    if factor > 1:
        before = (*shape[: axis + 1], 1, *shape[axis + 1 :])
        after = tuple(factor if place == axis + 1 else n for place, n in enumerate(before))
        tiles = (1, *(factor if place == axis + 1 else 1 for place in range(len(before))))
        expanded = Traced(f"{scope}/ExpandDims", (), (f"{scope}/ExpandDims/dim",))
        add("EXPAND_DIMS", before, (1, *before), expanded)
        add("TILE", after, tiles, Traced(f"{scope}/Tile", (), (f"{scope}/repeats",)))
    # For a factor of 1 it is traced too, and the shape stays as it is.
    result = tuple(n * factor if place == axis else n for place, n in enumerate(shape))
    last = Traced(f"{scope}/Reshape_1", (), (f"{scope}/strided_slice/stack",))
    add("RESHAPE", result, (1, *result), last)
    return tuple(steps)


@reads("Resizing")
def _resizing(subject: Subject) -> tuple[Op, ...] | None:
    """Cut, padded, or by an interpolation that the language has not."""
    map = entering(subject)
    extents = (subject.layer.count("height"), subject.layer.count("width"))
    return (subject.foreign(map.shape(extents, map.channels)),)


def transposed(subject: Subject, order: tuple[int, ...]) -> tuple[Op, ...]:
    """Axes in another order, the batch, which is 0, staying the first."""
    shape = tuple(subject.shape[axis - 1] for axis in order[1:])
    traced = Traced("transpose", (), ("transpose/perm",))
    return subject.made(Step("TRANSPOSE", shape, tables=(order,), traced=(traced,)))


@reads("RepeatVector")
def _repeat(subject: Subject) -> tuple[Op, ...] | None:
    count, shape = subject.layer.count("n"), subject.shape
    if len(shape) != 1:
        return (subject.foreign((count, *shape)),)
    row = (1, *shape)
    first = Step("RESHAPE", row, tables=((1, *row),), traced=(Traced("Reshape"),))
    return subject.made(first, *repeated(row, 0, count, source=0))


@reads("Flatten")
def _flatten(subject: Subject) -> tuple[Op, ...] | None:
    return (subject.foreign((prod(subject.shape),)),)


def reshape(subject: Subject, target: object) -> tuple[Op, ...] | None:
    """A reshape, its one -1 settled by what it reads.

    Raises:
        OpError: the values do not fit.
    """
    if not isinstance(target, list | tuple) or len(target) > 16:
        raise Malformed(f"`{subject.name}` takes a shape, not {shown(target)}")
    extents: list[int] = []
    for extent in target:
        if isinstance(extent, bool) or not isinstance(extent, int) or extent > LARGEST:
            raise Malformed(f"`{subject.name}` takes whole numbers, not {shown(extent)}")
        extents.append(extent)
    known = prod(extent for extent in extents if extent != -1)
    if extents.count(-1) > 1 or known < 1:
        raise Malformed(f"`{subject.name}` takes extents from 1 and at most one -1")
    size = prod(subject.shape)
    shape = tuple(size // known if extent == -1 else extent for extent in extents)
    if prod(shape) != size:
        raise OpError(f"{size:,} values do not fit into {shape}")
    if not shape:
        return None
    return (Reshape(shape=shape),)
