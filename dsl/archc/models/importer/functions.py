"""Functions of `keras.ops` that a functional model records: operators on tensors and numbers."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import prod

from archc.compiler import OPERATORS as LANGUAGE
from archc.compiler import KerasLayer, Malformed, Op, OpError, Shape, Step, Traced, clipped, sliced
from archc.models.importer.activations import activation, elu, leaky, softmax
from archc.models.importer.calls import Extents
from archc.models.importer.kernels import reduced
from archc.models.importer.merging import (
    concatenated,
    elementwise,
    with_number,
    with_vector,
)
from archc.models.importer.shaping import padded, repeated, reshape, transposed
from archc.models.importer.subject import Meaning, Reading, Subject, nothing
from archc.models.importer.tables import CALLED, LIGHT, MERGING, REDUCED, SINGLE

_READINGS: dict[str, Reading] = {}


def _reads(*names: str) -> Callable[[Reading], Reading]:
    def register(reading: Reading) -> Reading:
        for name in names:
            _READINGS[name] = reading
        return reading

    return register


def understand(subject: Subject, given: Extents | None) -> Meaning:
    """What a function is, as far as it is known.

    Raises:
        Malformed: its config is not one of it.
    """
    name = subject.name
    shape: Shape | None = None
    if given is not None and None not in given[1:]:
        shape = tuple(extent for extent in given[1:] if extent is not None)
    if name == "Reshape" and len(subject.inputs) == 1:
        return _reshape(subject)
    try:
        ops = _known(subject)
    except OpError as error:
        return Meaning(unseen=error.message)
    if ops is not None:
        return Meaning(ops)
    why = f"what the converter makes of the function `{name}` is not known here"
    light = name in LIGHT or name in _READINGS or name in SINGLE or name in MERGING
    if shape is None or not light:
        return Meaning(unseen=f"the function `{name}` is not known here")
    return Meaning((subject.foreign(shape),), why)


def _known(subject: Subject) -> tuple[Op, ...] | None:
    name, call = subject.name, subject.call
    if name in MERGING:
        return _arithmetic(subject)
    if len(subject.inputs) == 1 and call.plain:
        if name in CALLED:
            ops, unseen = activation(CALLED[name], name, subject.shape)
            return None if unseen else ops
        if name in SINGLE:
            operator, traced = SINGLE[name]
            return subject.made(Step(operator, subject.shape, traced=(Traced(traced),)))
    reading = _READINGS.get(name)
    single = len(subject.inputs) == 1 or name == "Concatenate"
    return reading(subject) if reading is not None and single else None


def _reshape(subject: Subject) -> Meaning:
    target = subject.layer.value("newshape")
    if isinstance(target, list | tuple) and len(target) > 1:
        # The first extent is the batch; where it is worked out, the rest has to keep it.
        rest = _settled(subject, target)
        if rest is not None:
            return Meaning(reshape(subject, rest) or ())
    why = "`Reshape` moves values between the batch and other axes"
    return Meaning(unseen=why, mixes=True)


def _settled(subject: Subject, target: Sequence[object]) -> tuple[int, ...] | None:
    """The extents of a reshape without the batch, if it stays the first axis and is 1."""
    extents = [one for one in target if isinstance(one, int) and not isinstance(one, bool)]
    if len(extents) < len(target) or extents[0] not in (-1, 1) or extents.count(-1) > 1:
        return None
    size, rest = prod(subject.shape), extents[1:]
    known = prod(extent for extent in rest if extent != -1)
    if known < 1 or size % known:
        return None
    settled = tuple(size // known if extent == -1 else extent for extent in rest)
    return settled if prod(settled) == size else None


def _arithmetic(subject: Subject) -> tuple[Op, ...] | None:
    """Arithmetic on two tensors, or on one and a number or a constant per channel."""
    call, name = subject.call, subject.name
    if len(subject.inputs) == 2 and call.plain:
        return _merged(subject)
    if len(subject.inputs) != 1 or len(call.args) != 2:
        return None
    left = not _is_tensor(call.args[0])
    other = call.args[0 if left else 1]
    if call.scalar is not None:
        number = subject.layer.exact("the number", call.scalar)
        return (with_number(subject, name, number, left),)
    values = None if left and name == "Subtract" else _vector(subject.layer, other)
    op = with_vector(subject, name, values) if values is not None else None
    return (op,) if op is not None else None


def _merged(subject: Subject) -> tuple[Op, ...] | None:
    """Two tensors, the batch of one of fewer axes being one more of ones."""
    rank = max(map(len, subject.inputs))
    spread = tuple((1,) * (rank - len(shape)) + shape for shape in subject.inputs)
    return (elementwise(subject._replace(inputs=spread), subject.name),)


def _is_tensor(value: object) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__"


def _vector(layer: KerasLayer, value: object) -> tuple[Fraction, ...] | None:
    """The values of an array of one axis."""
    if not isinstance(value, Mapping) or value.get("class_name") != "__numpy__":
        return None
    config = value.get("config")
    values = config.get("value") if isinstance(config, Mapping) else None
    if not isinstance(values, list | tuple) or not values or len(values) > 65_536:
        return None
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in values):
        return None
    return tuple(layer.exact("the array", one) for one in values)


# --- one tensor ---------------------------------------------------------------------------------


@_reads("LeakyRelu")
def _leaky(subject: Subject) -> tuple[Op, ...] | None:
    return leaky(subject, subject.layer.number("negative_slope", 0.2))


@_reads("Elu")
def _elu(subject: Subject) -> tuple[Op, ...] | None:
    return elu(subject, subject.layer.number("alpha", 1.0))


@_reads("Softmax")
def _softmax(subject: Subject) -> tuple[Op, ...] | None:
    axis = subject.layer.axis("axis")
    if axis is None or -axis > len(subject.shape):
        return None
    if axis == -1:
        return activation("softmax", subject.name, subject.shape)[0]
    return softmax(subject, axis)


@_reads("LogSoftmax")
def _log_softmax(subject: Subject) -> tuple[Op, ...] | None:
    if subject.layer.axis("axis") != -1:
        return None
    return activation("log_softmax", subject.name, subject.shape)[0]


@_reads("Clip")
def _clip(subject: Subject) -> tuple[Op, ...] | None:
    low, high = subject.layer.number("x_min"), subject.layer.number("x_max")
    return subject.made(*clipped(subject.shape, low, high))


@_reads("Power")
def _power(subject: Subject) -> tuple[Op, ...] | None:
    call = subject.call
    if call.scalar is None or len(call.args) != 2 or not _is_tensor(call.args[0]):
        return None
    traced = (Traced("Pow"),)
    if call.scalar == 1:
        return nothing(subject)
    if call.scalar == 2:
        return subject.made(Step("MUL", subject.shape, (-1, -1), traced=traced))
    if call.scalar == 0.5:
        return subject.made(Step("SQRT", subject.shape, traced=traced))
    return None


def _axes(subject: Subject, value: object) -> tuple[int, ...] | None:
    """Axes, counted from 0, which is the batch; None where that is one of them."""
    listed = value if isinstance(value, list | tuple) else (value,)
    rank = len(subject.shape) + 1
    found = []
    for axis in listed:
        if isinstance(axis, bool) or not isinstance(axis, int) or not -rank <= axis < rank:
            return None
        found.append(axis % rank)
    return tuple(found) if 0 not in found and len(set(found)) == len(found) else None


@_reads(*(name for name in REDUCED if name != "Average"))
def _reduction(subject: Subject) -> tuple[Op, ...] | None:
    layer = subject.layer
    axes = _axes(subject, layer.value("axis"))
    keepdims = layer.flag("keepdims", False)
    if not axes or layer.value("initial") is not None:
        return None
    step = reduced(subject.name, subject.shape, axes, keepdims)
    return subject.made(step) if step.shape else None


# --- shapes -------------------------------------------------------------------------------------


@_reads("Transpose")
def _transpose(subject: Subject) -> tuple[Op, ...] | None:
    axes = subject.layer.value("axes")
    if not isinstance(axes, list | tuple) or len(axes) != len(subject.shape) + 1 or axes[0] != 0:
        return None
    order = _axes(subject, axes[1:])
    return None if order is None else transposed(subject, (0, *order))


@_reads("Swapaxes")
def _swap(subject: Subject) -> tuple[Op, ...] | None:
    axes = _axes(subject, [subject.layer.value("axis1"), subject.layer.value("axis2")])
    if axes is None:
        return None
    order = list(range(len(subject.shape) + 1))
    order[axes[0]], order[axes[1]] = axes[1], axes[0]
    return transposed(subject, tuple(order))


@_reads("Moveaxis")
def _move(subject: Subject) -> tuple[Op, ...] | None:
    source = _axes(subject, subject.layer.value("source"))
    target = _axes(subject, subject.layer.value("destination"))
    if source is None or target is None or len(source) != len(target):
        return None
    order = [axis for axis in range(len(subject.shape) + 1) if axis not in source]
    for place, axis in sorted(zip(target, source, strict=True)):
        order.insert(place, axis)
    return transposed(subject, tuple(order))


@_reads("ExpandDims")
def _expand(subject: Subject) -> tuple[Op, ...] | None:
    axis, rank = subject.layer.value("axis"), len(subject.shape) + 2
    if isinstance(axis, bool) or not isinstance(axis, int) or not 0 < axis % rank < rank:
        return None
    place = axis % rank - 1
    shape = (*subject.shape[:place], 1, *subject.shape[place:])
    traced = Traced("ExpandDims", (), ("ExpandDims/dim",))
    return subject.made(Step("EXPAND_DIMS", shape, tables=((1, *shape),), traced=(traced,)))


@_reads("Squeeze")
def _squeeze(subject: Subject) -> tuple[Op, ...] | None:
    axes = _axes(subject, subject.layer.value("axis"))
    if not axes or any(subject.shape[axis - 1] != 1 for axis in axes):
        return None
    shape = tuple(n for i, n in enumerate(subject.shape, 1) if i not in axes)
    if not shape:
        return None
    traced = Traced("Squeeze")
    return subject.made(Step("SQUEEZE", shape, tables=((1, *shape),), traced=(traced,)))


@_reads("Concatenate")
def _concatenate(subject: Subject) -> tuple[Op, ...] | None:
    return concatenated(subject, subject.layer.axis("axis")) if subject.call.plain else None


@_reads("Pad")
def _pad(subject: Subject) -> tuple[Op, ...] | None:
    layer, rank = subject.layer, len(subject.shape) + 1
    width = layer.value("pad_width")
    if layer.value("mode") != "constant" or subject.call.arguments or not subject.call.plain:
        return None
    if not isinstance(width, list | tuple) or len(width) != rank:
        return None
    pairs = layer.amounts("pad_width", rank)
    if pairs[0] != (0, 0):
        return None
    extents = zip(subject.shape, pairs[1:], strict=True)
    shape = tuple(extent + before + after for extent, (before, after) in extents)
    return subject.made(padded(shape, pairs[1:]))


@_reads("Repeat")
def _repeat(subject: Subject) -> tuple[Op, ...] | None:
    axes = _axes(subject, subject.layer.value("axis"))
    count = subject.layer.value("repeats")
    if axes is None or isinstance(count, bool) or not isinstance(count, int) or count < 1:
        return None
    return subject.made(*repeated(subject.shape, axes[0] - 1, count))


@_reads("Tile")
def _tile(subject: Subject) -> tuple[Op, ...] | None:
    value = subject.layer.value("repeats")
    rank = len(subject.shape) + 1
    if not isinstance(value, list | tuple) or len(value) != rank or value[0] != 1:
        return None
    tiles = subject.layer.counts("repeats", rank)
    shape = tuple(a * b for a, b in zip(subject.shape, tiles[1:], strict=True))
    traced = Traced("Tile", (), ("Tile/multiples",))
    return subject.made(Step("TILE", shape, tables=(tiles,), traced=(traced,)))


@_reads("Flip")
def _flip(subject: Subject) -> tuple[Op, ...] | None:
    axes = _axes(subject, subject.layer.value("axis"))
    if not axes:
        return None
    traced = Traced("ReverseV2", (), ("ReverseV2/axis",))
    return subject.made(Step("REVERSE_V2", subject.shape, tables=(axes,), traced=(traced,)))


_POOLS = {"MaxPool": "MaxPooling2D", "AveragePool": "AveragePooling2D"}


@_reads(*_POOLS)
def _pool(subject: Subject) -> tuple[Op, ...] | None:
    if len(subject.shape) != 3 or subject.layer.value("data_format") == "channels_first":
        return None
    keys = ("pool_size", "strides", "padding")
    config = {key: subject.layer.value(key) for key in keys}
    layer = KerasLayer(_POOLS[subject.name], config, 4, subject.shape)
    ops = (operator.from_keras(layer) for operator in LANGUAGE.values())
    op = next((op for op in ops if op is not None), None)
    if op is not None:
        op.infer(subject.shape)
    return None if op is None else (op,)


@_reads("GetItem")
def _item(subject: Subject) -> tuple[Op, ...] | None:
    """`x[...]` with slices, indices and an ellipsis; a new axis is not read here."""
    args = subject.call.args
    if len(args) != 2 or subject.call.arguments:
        return None
    keys = list(args[1]) if isinstance(args[1], list | tuple) else [args[1]]
    shape, rank = (1, *subject.shape), len(subject.shape) + 1
    dots = [place for place, key in enumerate(keys) if _is(key, "__ellipsis__")]
    if len(dots) > 1 or len(keys) - len(dots) > rank:
        return None
    place = dots[0] if dots else len(keys)
    whole = {"class_name": "__slice__", "config": {}}
    keys[place : place + 1] = [whole] * (rank - (len(keys) - len(dots)))
    found = [_part(key, extent) for key, extent in zip(keys, shape, strict=True)]
    parts = [part for part in found if part is not None]
    if len(parts) < rank or parts[0] != (0, 1, 1, True):
        return None
    result = []
    for begin, end, step, kept in parts[1:]:
        extent = len(range(begin, end, step))
        if extent < 1:
            return None
        result += [extent] * kept
    begins, ends, steps, kept_axes = zip(*parts, strict=True)
    if not result:
        return None
    # Axes that are dropped tell slices apart that are otherwise alike.
    return subject.made(sliced(tuple(result), begins, ends, (*steps, *map(int, kept_axes))))


def _is(key: object, class_name: str) -> bool:
    return isinstance(key, Mapping) and key.get("class_name") == class_name


def _part(key: object, extent: int) -> tuple[int, int, int, bool] | None:
    """Begin, end and step of a slice or an index along an axis, and whether the axis stays."""
    if isinstance(key, int) and not isinstance(key, bool):
        at = key + extent if key < 0 else key
        return (at, at + 1, 1, False) if 0 <= at < extent else None
    if not isinstance(key, Mapping) or not _is(key, "__slice__"):
        return None
    config = key.get("config")
    if not isinstance(config, Mapping):
        raise Malformed("`GetItem` has a slice without its bounds")
    bounds = [config.get(name) for name in ("start", "stop", "step")]
    for bound in bounds:
        if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int)):
            return None
    if bounds[2] == 0:
        return None
    return (*slice(*bounds).indices(extent), True)
