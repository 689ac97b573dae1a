"""What Keras layers are: operators of the language, or the facts of what it has no operator for.

Shapes, parameters and MACs follow the layers of Keras 3.15; what the converter makes of one is
given only where it was observed (`lowering.md` sections 1 to 3), and not known otherwise.
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import NamedTuple

from archc.importer.config import Call, Extents
from archc.importer.foreign import Facts, Foreign, deploys, facts_of
from archc.ops.activation import Activation
from archc.ops.base import OPERATORS, Op, OpError, Shape, Step, Traced, Weight
from archc.ops.convolution import Conv, DepthwiseConv, strided
from archc.ops.merge import Add, Multiply
from archc.ops.recognise import LARGEST, KerasLayer, Malformed, shown
from archc.ops.reshaping import Reshape


class Subject(NamedTuple):
    """A layer as it is called."""

    layer: KerasLayer
    inputs: tuple[Shape, ...]
    call: Call

    @property
    def shape(self) -> Shape:
        return self.inputs[0]

    @property
    def name(self) -> str:
        return self.layer.class_name

    def foreign(self, shape: Shape, keyword: str | None = None, **facts: object) -> Foreign:
        known = Facts(self.name, shape)._replace(**facts)  # type: ignore[arg-type]
        return Foreign(keyword or self.name, known)


class Meaning(NamedTuple):
    """What a layer is: operators one after the other, the first of which reads what it reads."""

    ops: tuple[Op, ...] = ()
    unseen: str | None = None
    """Why not all of it is known, if so."""
    mixes: bool = False
    """Whether it moves values between the batch and other axes, so that shapes without the batch
    say nothing any more."""


Reading = Callable[[Subject], "tuple[Op, ...] | None"]
_READINGS: dict[str, Reading] = {}


def _reads(*names: str) -> Callable[[Reading], Reading]:
    def register(reading: Reading) -> Reading:
        for name in names:
            _READINGS[name] = reading
        return reading

    return register


_ACTIVATED = frozenset(
    {
        *(f"Conv{n}D" for n in (1, 2, 3)),
        *(f"Conv{n}DTranspose" for n in (1, 2, 3)),
        *(f"{kind}Conv{n}D" for kind in ("Depthwise", "Separable") for n in (1, 2)),
        "Dense",
    }
)
"""Layers with an activation of their own."""

_STRANGE = {"Lambda": "it holds code of its own, which is not run"}
"""Why a layer is not known, where there is more to say."""

_MERGING = frozenset(
    {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}
)


def understand(call: Call, inputs: tuple[Shape, ...], given: Extents | None) -> Meaning:
    """What a layer is that reads tensors of these shapes.

    Raises:
        Malformed: its config is not one of its class.
    """
    if not all(inputs):
        return Meaning(unseen="it reads a tensor without axes")
    layer = KerasLayer(call.layer.class_name, call.layer.config, len(inputs[0]) + 1, inputs[0])
    subject = Subject(layer, inputs, call)
    name = layer.class_name
    if call.layer.operation:
        return _operation(subject, given)
    if not call.layer.keras:
        return Meaning(unseen=f"`{name}` is a custom layer")
    if name in _MERGING:
        if len(inputs) < 2:
            raise Malformed(f"{name} is called on one tensor")
    elif len(inputs) != 1:
        return Meaning(unseen=f"{len(inputs)} tensors are given to `{name}`")
    try:
        ops = _plain(subject)
    except OpError as error:
        return Meaning(unseen=error.message)
    if ops is None:
        if name in _READINGS:
            return Meaning(unseen=f"`{name}` with these arguments is not known here")
        return Meaning(unseen=_STRANGE.get(name, f"how `{name}` computes is not known here"))
    if name in _ACTIVATED:
        shape = inputs
        for op in ops:
            shape = (op.infer(*shape),)
        after, unseen = activation(call.layer.config.get("activation"), name, shape[0])
        ops += after
    else:
        unseen = None
    if not layer.channels_last:
        unseen = "its channels are first, where the converter moves axes about"
    elif unseen is None and not all(map(deploys, ops)):
        unseen = f"what the converter makes of `{name}` is not known here"
    return Meaning(ops, unseen)


def _plain(subject: Subject) -> tuple[Op, ...] | None:
    """The layer without its activation: by the language if it can say it, else by facts."""
    failed: OpError | None = None
    layer = subject.layer
    if layer.class_name == "Reshape":
        return reshape(subject, layer.value("target_shape"))
    for operator in OPERATORS.values():
        op = operator.from_keras(layer)
        if op is not None:
            try:
                op.infer(*subject.inputs)
            except OpError as error:
                failed = error
                break
            return (op,)
    reading = _READINGS.get(layer.class_name)
    ops = reading(subject) if reading is not None else None
    if ops is None and failed is not None:
        raise failed
    if ops is not None and any(extent > LARGEST for op in ops for extent in _extents(op)):
        raise OpError("an extent is beyond int32")
    return ops


def _extents(op: Op) -> Shape:
    return op.facts.shape if isinstance(op, Foreign) else ()


# --- activations --------------------------------------------------------------------------------

_ELEMENTWISE = frozenset(
    {
        *("celu", "exponential", "hard_shrink", "hard_tanh", "log_sigmoid", "mish", "selu"),
        *("soft_shrink", "softplus", "softsign", "sparse_plus", "squareplus", "tanh_shrink"),
        *("threshold", "log_softmax", "sparsemax", "sparse_sigmoid", "elu"),
    }
)
"""Functions that keep the shape and multiply no matrices."""


OWN = "activation"
"""The keyword of an activation that is a function of the user's."""


def activation(value: object, owner: str, shape: Shape) -> tuple[tuple[Op, ...], str | None]:
    """What an `activation` argument adds after a layer, and why it is not known, if it is not."""
    if value is None or value == "linear":
        return (), None
    if isinstance(value, str):
        layer = KerasLayer("Activation", {"activation": value})
        op = _recognised(layer)
        if op is not None:
            return (op,), None
        if value == "elu":
            return (_elu(owner, shape),), None
        if value in _ELEMENTWISE:
            why = f"what the converter makes of the activation {shown(value)} is not known here"
            return (Foreign(value, Facts(owner, shape)),), why
    if isinstance(value, Mapping):
        config, name = value.get("config"), value.get("class_name")
        module = value.get("module")
        own = isinstance(module, str) and module.startswith("keras.") and isinstance(name, str)
        if own and isinstance(config, Mapping) and isinstance(name, str):
            op = _recognised(KerasLayer(name, config, len(shape) + 1))
            if op is not None and not op.weights(shape) and op.infer(shape) == shape:
                return (op,), None
    why = "its activation is a function of its own, of which nothing is counted"
    return (Foreign(OWN, Facts(owner, shape)),), why


def _recognised(layer: KerasLayer) -> Op | None:
    """The activation that a layer is."""
    for operator in OPERATORS.values():
        if issubclass(operator, Activation):
            op = operator.from_keras(layer)
            if op is not None:
                return op
    return None


def _elu(class_name: str, shape: Shape) -> Foreign:
    """A float island (`lowering.md` section 3)."""
    steps = (
        Step("DEQUANTIZE", shape, float_result=True),
        Step("ELU", shape, inputs=(0,), float_result=True),
        Step("QUANTIZE", shape, inputs=(1,)),
    )
    return Foreign("elu", Facts(class_name, shape, steps=steps))


@_reads("Activation")
def _activation(subject: Subject) -> tuple[Op, ...] | None:
    ops, _ = activation(subject.layer.value("activation"), subject.name, subject.shape)
    if any(op.keyword == OWN for op in ops):
        return None
    return ops or (_nothing(subject),)


@_reads("ELU")
def _elu_layer(subject: Subject) -> tuple[Op, ...] | None:
    if subject.layer.number("alpha", 1.0) == 1:
        return (_elu(subject.name, subject.shape),)
    return (subject.foreign(subject.shape, "elu"),)


@_reads("ReLU", "LeakyReLU", "Softmax")
def _other_activation(subject: Subject) -> tuple[Op, ...] | None:
    return (subject.foreign(subject.shape),)


@_reads("PReLU")
def _prelu(subject: Subject) -> tuple[Op, ...] | None:
    shape = list(subject.shape)
    shared = subject.layer.value("shared_axes")
    if shared is not None:
        for axis in shared if isinstance(shared, list | tuple) else (shared,):
            if not isinstance(axis, int) or isinstance(axis, bool) or not 1 <= axis <= len(shape):
                raise subject.layer.wrong("shared_axes", "axes from 1")
            shape[axis - 1] = 1
    slopes = tuple(shape)
    step = Step("PRELU", subject.shape, weights=prod(slopes))
    return (
        subject.foreign(subject.shape, "prelu", weights=(Weight("alpha", slopes),), steps=(step,)),
    )


# --- what leaves values as they are -------------------------------------------------------------


def _nothing(subject: Subject) -> Foreign:
    return subject.foreign(subject.shape, "identity", stedgeai=0, steps=())


@_reads(
    *("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("Identity", "Masking", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
)
def _identity(subject: Subject) -> tuple[Op, ...] | None:
    if subject.name == "Masking":
        return (subject.foreign(subject.shape),)
    return (_nothing(subject),)


@_reads(
    *(f"Random{kind}" for kind in ("Brightness", "Contrast", "Flip", "Rotation", "Translation")),
    "RandomZoom",
)
def _augmentation(subject: Subject) -> tuple[Op, ...] | None:
    """Left as it is outside training; whether it leaves random functions behind is not known."""
    return (subject.foreign(subject.shape),)


@_reads("Rescaling")
def _rescaling(subject: Subject) -> tuple[Op, ...] | None:
    shape = subject.shape
    steps: list[Step] = []
    for operator, key, neutral in (("MUL", "scale", 1), ("ADD", "offset", 0)):
        value = subject.layer.value(key, neutral)
        reads = (len(steps) - 1,)
        if isinstance(value, list | tuple):
            numbers = [subject.layer.exact(key, one) for one in value]
            if len(numbers) != shape[-1]:
                return (subject.foreign(shape, "rescaling"),)
            if any(number != neutral for number in numbers):
                steps.append(Step(operator, shape, reads, weights=len(numbers), affine=True))
        elif isinstance(value, Mapping):  # an array
            return (subject.foreign(shape, "rescaling"),)
        elif (number := subject.layer.number(key, neutral)) != neutral:
            steps.append(Step(operator, shape, reads, scalar=number))
    return (subject.foreign(shape, "rescaling", steps=tuple(steps)),)


@_reads("Normalization")
def _normalization(subject: Subject) -> tuple[Op, ...] | None:
    """Its statistics are variables unless they were given; `count` is one more."""
    shape, layer = subject.shape, subject.layer
    given = layer.value("mean") is not None
    axes = layer.value("axis", -1)
    kept: list[int] = []
    listed = axes if isinstance(axes, list | tuple) else () if axes is None else (axes,)
    for axis in listed:
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise layer.wrong("axis", "axes")
        kept.append(axis if axis >= 0 else axis + layer.rank)
    if any(not 1 <= axis < layer.rank for axis in kept):
        return None
    size = tuple(shape[axis - 1] for axis in kept)
    weights = (
        ()
        if given
        else (
            Weight("mean", size, trainable=False),
            Weight("variance", size, trainable=False),
            Weight("count", (), trainable=False),
        )
    )
    return (subject.foreign(shape, "normalization", weights=weights),)


# --- normalisation ------------------------------------------------------------------------------


@_reads("BatchNormalization")
def _batchnorm(subject: Subject) -> tuple[Op, ...] | None:
    shape, layer = subject.shape, subject.layer
    axis = layer.axis("axis")
    if axis is None or -axis > len(shape) or layer.flag("renorm", False):
        return None
    channels = shape[axis]
    weights = [
        Weight("moving_mean", (channels,), False),
        Weight("moving_variance", (channels,), False),
    ]
    for flag, name in (("center", "beta"), ("scale", "gamma")):
        if layer.flag(flag, True):
            weights.insert(0, Weight(name, (channels,)))
    steps = (
        Step("MUL", shape, weights=channels, affine=True),
        Step("ADD", shape, inputs=(0,), weights=channels, affine=True),
    )
    return (
        subject.foreign(
            shape,
            "batchnorm",
            weights=tuple(weights),
            stedgeai=2 * prod(shape),
            steps=steps if axis == -1 else None,
            normalises=True,
        ),
    )


@_reads("LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization")
def _norm(subject: Subject) -> tuple[Op, ...] | None:
    layer, shape = subject.layer, subject.shape
    axes = layer.value("axis", -1)
    size: list[int] = []
    for axis in axes if isinstance(axes, list | tuple) else (axes,):
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise layer.wrong("axis", "axes")
        place = axis if axis >= 0 else axis + layer.rank
        if not 1 <= place < layer.rank:
            return None
        size.append(shape[place - 1])
    wanted: tuple[str, ...] = ()
    if layer.class_name == "RMSNormalization":
        wanted = ("scale",)
    elif layer.class_name != "UnitNormalization":
        flags = (("gamma", "scale"), ("beta", "center"))
        wanted = tuple(name for name, flag in flags if layer.flag(flag, True))
        if layer.flag("rms_scaling", False):
            wanted = ("gamma",)
    weights = tuple(Weight(name, tuple(size)) for name in wanted)
    return (subject.foreign(shape, weights=weights),)


# --- kernels ------------------------------------------------------------------------------------


class _Map(NamedTuple):
    """A feature map of any number of axes."""

    extents: tuple[int, ...]
    channels: int
    last: bool
    """Whether channels are the last axis."""

    def shape(self, extents: tuple[int, ...], channels: int) -> Shape:
        return (*extents, channels) if self.last else (channels, *extents)


def _map(subject: Subject) -> _Map:
    """The feature map that a layer for 1, 2 or 3 axes reads.

    Raises:
        OpError: it does not have so many.
    """
    axes, shape = _axes(subject.name), subject.shape
    if len(shape) != axes + 1:
        raise OpError(f"`{subject.name}` is called on a tensor of {len(shape)} axes")
    last = subject.layer.channels_last
    return _Map(shape[:-1] if last else shape[1:], shape[-1] if last else shape[0], last)


def _axes(name: str) -> int:
    """How many axes a layer's windows have: the digit in its name; two without one."""
    return next((int(letter) for letter in name if letter.isdigit()), 2)


def _window(
    subject: Subject, entering: _Map, kernel: tuple[int, ...], stride: tuple[int, ...]
) -> tuple[tuple[int, ...], str, tuple[int, ...]]:
    """The extents that leave a window, its padding and dilation."""
    layer = subject.layer
    axes = len(kernel)
    dilation = layer.counts("dilation_rate", axes, 1)
    padding = layer.text("padding", "valid")
    if padding not in ("same", "valid", "causal"):
        raise layer.wrong("padding", "`same` or `valid`")
    mode = "same" if padding == "causal" else padding
    leaving = tuple(
        strided(extent, k, s, mode, d)
        for extent, k, s, d in zip(entering.extents, kernel, stride, dilation, strict=True)
    )
    if min(leaving) < 1:
        raise OpError("a window does not fit into the feature map")
    return leaving, padding, dilation


def _chained(subject: Subject, ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """Operators one after the other that are this layer, which is not of their classes.

    Raises:
        OpError: they cannot read one another.
    """
    shapes = subject.inputs
    chain = []
    for op in ops:
        output = op.infer(*shapes)
        facts = facts_of(op, output, *shapes)._replace(class_name=subject.name)
        chain.append(Foreign(subject.name, facts))
        shapes = (output,)
    return tuple(chain)


@_reads("Conv1D", "Conv2D", "Conv3D")
def _conv(subject: Subject) -> tuple[Op, ...] | None:
    entering, layer = _map(subject), subject.layer
    axes = len(entering.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    filters, groups = layer.count("filters"), layer.count("groups", 1)
    bias = layer.flag("use_bias", True)
    leaving, padding, dilation = _window(subject, entering, kernel, stride)
    if entering.channels % groups or filters % groups:
        raise OpError(f"{groups} groups do not divide the channels evenly")
    weights = (Weight("kernel", (*kernel, entering.channels // groups, filters)),)
    macs = prod(leaving) * weights[0].size
    shape = entering.shape(leaving, filters)
    if axes == 1 and entering.last and padding != "causal" and dilation == (1,):
        # Laid out as a map of one row (`lowering.md` section 2).
        flat = Conv(
            channels=filters,
            kernel=(1, *kernel),
            stride=(1, *stride),
            padding=padding,
            groups=groups,
            bias=bias,
        )
        chain = (Reshape(shape=(1, *subject.shape)), flat, Reshape(shape=shape))
        return _chained(subject, chain)
    return (
        subject.foreign(
            shape,
            weights=(*weights, Weight("bias", (filters,))) if bias else weights,
            macs=macs,
            stedgeai=macs + (filters if bias else 0),
            width=filters,
        ),
    )


@_reads("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _conv_transpose(subject: Subject) -> tuple[Op, ...] | None:
    entering, layer = _map(subject), subject.layer
    axes = len(entering.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    dilation = layer.counts("dilation_rate", axes, 1)
    filters, padding = layer.count("filters"), layer.padding
    if padding is None or layer.value("output_padding") is not None:
        return None
    leaving = []
    for extent, k, s, d in zip(entering.extents, kernel, stride, dilation, strict=True):
        reach = (k - 1) * d + 1
        leaving.append(extent * s + (max(reach - s, 0) if padding == "valid" else 0))
    weights = [Weight("kernel", (*kernel, filters, entering.channels))]
    macs = prod(entering.extents) * weights[0].size
    if layer.flag("use_bias", True):
        weights.append(Weight("bias", (filters,)))
    return (
        subject.foreign(
            entering.shape(tuple(leaving), filters),
            weights=tuple(weights),
            macs=macs,
            width=filters,
        ),
    )


@_reads("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(subject: Subject) -> tuple[Op, ...] | None:
    entering, layer = _map(subject), subject.layer
    axes = len(entering.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    multiplier = layer.count("depth_multiplier", 1)
    leaving, _, _ = _window(subject, entering, kernel, stride)
    channels = entering.channels * multiplier
    weights = [Weight("kernel", (*kernel, entering.channels, multiplier))]
    macs = prod(leaving) * weights[0].size
    if layer.flag("use_bias", True):
        weights.append(Weight("bias", (channels,)))
    shape = entering.shape(leaving, channels)
    return (subject.foreign(shape, weights=tuple(weights), macs=macs),)


@_reads("SeparableConv1D", "SeparableConv2D")
def _separable(subject: Subject) -> tuple[Op, ...] | None:
    entering, layer = _map(subject), subject.layer
    axes = len(entering.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    filters, multiplier = layer.count("filters"), layer.count("depth_multiplier", 1)
    bias = layer.flag("use_bias", True)
    leaving, padding, dilation = _window(subject, entering, kernel, stride)
    if axes == 2 and entering.last and padding in ("same", "valid"):
        depthwise = DepthwiseConv(
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            multiplier=multiplier,
            bias=False,
        )
        return _chained(subject, (depthwise, Conv(channels=filters, bias=bias)))
    depth = Weight("depthwise_kernel", (*kernel, entering.channels, multiplier))
    point = Weight("pointwise_kernel", (*(1,) * axes, entering.channels * multiplier, filters))
    weights = (depth, point, Weight("bias", (filters,))) if bias else (depth, point)
    macs = prod(leaving) * (depth.size + point.size)
    shape = entering.shape(leaving, filters)
    return (subject.foreign(shape, weights=weights, macs=macs, width=filters),)


@_reads("Dense")
def _dense(subject: Subject) -> tuple[Op, ...] | None:
    """On more than a vector: one row per position, one operator that keeps the rank."""
    shape, units = subject.shape, subject.layer.count("units")
    bias = subject.layer.flag("use_bias", True)
    if not shape:
        return None
    kernel = Weight("kernel", (shape[-1], units))
    macs = prod(shape) * units
    step = Step(
        "FULLY_CONNECTED", (*shape[:-1], units), weights=kernel.size, biases=units if bias else 0
    )
    return (
        subject.foreign(
            (*shape[:-1], units),
            "dense",
            weights=(kernel, Weight("bias", (units,))) if bias else (kernel,),
            macs=macs,
            stedgeai=macs + (units if bias else 0),
            steps=(step,),
        ),
    )


@_reads("Embedding")
def _embedding(subject: Subject) -> tuple[Op, ...] | None:
    rows, columns = subject.layer.count("input_dim"), subject.layer.count("output_dim")
    table = Weight("embeddings", (rows, columns))
    return (subject.foreign((*subject.shape, columns), weights=(table,)),)


# --- merging ------------------------------------------------------------------------------------


@_reads("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
def _merge(subject: Subject) -> tuple[Op, ...] | None:
    return (elementwise(subject, subject.name),)


def elementwise(subject: Subject, name: str) -> Op:
    """A merging function of tensors that broadcast.

    Raises:
        OpError: they do not.
    """
    shape = broadcast(subject.inputs)
    equal_rank = len({len(one) for one in subject.inputs}) == 1
    steps: tuple[Step, ...] | None = None
    if equal_rank and name in ("Add", "Multiply"):
        op = Add() if name == "Add" else Multiply()
        steps = op.device(shape, *subject.inputs)
    elif equal_rank and len(subject.inputs) == 2 and name in ("Subtract", "Maximum", "Minimum"):
        operator = {"Subtract": "SUB", "Maximum": "MAXIMUM", "Minimum": "MINIMUM"}[name]
        steps = (Step(operator, shape, (-1, -2)),)
    counts = name in ("Add", "Multiply", "Subtract")
    return subject.foreign(
        shape,
        name.lower(),
        stedgeai=prod(shape) * (len(subject.inputs) - 1) if counts else None,
        steps=steps,
    )


def broadcast(shapes: tuple[Shape, ...]) -> Shape:
    """The shape of tensors taken together, the batch aside, which Keras aligns on its own.

    Raises:
        OpError: they do not fit.
    """
    result: list[int] = []
    for place in range(1, max(map(len, shapes)) + 1):
        extents = {shape[-place] for shape in shapes if len(shape) >= place} - {1}
        if len(extents) > 1:
            raise OpError(f"shapes do not broadcast: {' and '.join(map(str, shapes))}")
        result.append(extents.pop() if extents else 1)
    return tuple(reversed(result))


@_reads("Concatenate")
def _concatenate(subject: Subject) -> tuple[Op, ...] | None:
    axis = subject.layer.axis("axis")
    shapes = subject.inputs
    if axis is None or -axis > len(shapes[0]) or len({len(shape) for shape in shapes}) > 1:
        return None
    shape = list(shapes[0])
    shape[axis] = sum(one[axis] for one in shapes)
    for one in shapes:
        if any(
            a != b
            for i, (a, b) in enumerate(zip(one, shape, strict=True))
            if i != axis % len(shape)
        ):
            raise OpError(f"shapes do not concatenate: {' and '.join(map(str, shapes))}")
    reads = tuple(-1 - index for index in range(len(shapes)))
    step = Step("CONCATENATION", tuple(shape), inputs=reads)
    return (subject.foreign(tuple(shape), "concat", steps=(step,)),)


# --- pools, reshaping ---------------------------------------------------------------------------


@_reads(*(f"{kind}Pooling{n}D" for kind in ("Average", "Max") for n in (1, 2, 3)))
def _pool(subject: Subject) -> tuple[Op, ...] | None:
    entering, layer = _map(subject), subject.layer
    axes = len(entering.extents)
    window = layer.counts("pool_size", axes, 2)
    stride = layer.counts("strides", axes) if layer.value("strides") is not None else window
    leaving, _, _ = _window(subject, entering, window, stride)
    return (subject.foreign(entering.shape(leaving, entering.channels)),)


@_reads(*(f"Global{kind}Pooling{n}D" for kind in ("Average", "Max") for n in (1, 2, 3)))
def _global_pool(subject: Subject) -> tuple[Op, ...] | None:
    entering = _map(subject)
    if subject.layer.flag("keepdims", False):
        return (subject.foreign(entering.shape((1,) * len(entering.extents), entering.channels)),)
    return (subject.foreign((entering.channels,)),)


@_reads("Cropping1D", "Cropping2D", "Cropping3D")
def _cropping(subject: Subject) -> tuple[Op, ...] | None:
    return _resized(subject, "cropping", -1, "STRIDED_SLICE")


@_reads("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")
def _zero_padding(subject: Subject) -> tuple[Op, ...] | None:
    return _resized(subject, "padding", 1, None)


def _resized(subject: Subject, key: str, sign: int, operator: str | None) -> tuple[Op, ...] | None:
    entering = _map(subject)
    amounts = subject.layer.amounts(key, len(entering.extents))
    extents = tuple(
        extent + sign * (before + after)
        for extent, (before, after) in zip(entering.extents, amounts, strict=True)
    )
    if min(extents) < 1:
        raise OpError("nothing is left of the feature map")
    shape = entering.shape(extents, entering.channels)
    steps = None
    if operator and entering.last and len(extents) == 2:
        begin = (0, *(before for before, _ in amounts), 0)
        end = (0, *(-after for _, after in amounts), 0)
        steps = (Step(operator, shape, tables=(begin, end, (1,) * len(begin))),)
    return (subject.foreign(shape, steps=steps),)


@_reads("UpSampling1D", "UpSampling2D", "UpSampling3D")
def _upsampling(subject: Subject) -> tuple[Op, ...] | None:
    entering = _map(subject)
    factors = subject.layer.counts("size", len(entering.extents), 2)
    extents = tuple(e * f for e, f in zip(entering.extents, factors, strict=True))
    shape = entering.shape(extents, entering.channels)
    nearest = subject.layer.text("interpolation", "nearest") == "nearest"
    if not nearest or not entering.last or len(extents) != 2:
        return (subject.foreign(shape),)
    steps = _repeated(subject.shape, (factors[0], factors[1]))
    return (subject.foreign(shape, "upsample", steps=steps),)


def _repeated(shape: Shape, scale: tuple[int, int]) -> tuple[Step, ...]:
    """What the converter makes of an `UpSampling2D` to the nearest value."""
    steps: list[Step] = []

    def add(operator: str, shape: Shape, table: tuple[int, ...], traced: Traced) -> None:
        steps.append(Step(operator, shape, (len(steps) - 1,), tables=(table,), traced=(traced,)))

    def repeat(before: Shape, axis: int, factor: int, scope: str) -> None:
        """Repeat each element along an axis: the axis after it is set up and tiled."""
        after = tuple(n * factor if i == axis else n for i, n in enumerate(before))
        result = (*after[: axis - 1], after[axis - 1] * after[axis], *after[axis + 1 :])
        if factor > 1:
            tiles = (factor if i == axis else 1 for i in range(len(before)))
            expanded = Traced(f"{scope}/ExpandDims", (), (f"{scope}/ExpandDims/dim",))
            add("RESHAPE", before, (1, *before), expanded)
            add("TILE", after, (1, *tiles), Traced(f"{scope}/Tile", (), (f"{scope}/repeats",)))
        # For a factor of 1 it is traced too, and the shape stays as it is.
        last = Traced(f"{scope}/Reshape_1", (), (f"{scope}/strided_slice/stack",))
        add("RESHAPE", result, (1, *result), last)

    height, width, channels = shape
    repeat((height, 1, width, channels), 1, scale[0], "Repeat")
    repeat((height * scale[0], width, 1, channels), 2, scale[1], "Repeat_1")
    return tuple(steps)


_RESIZES = {"nearest": "RESIZE_NEAREST_NEIGHBOR", "bilinear": "RESIZE_BILINEAR"}


@_reads("Resizing")
def _resizing(subject: Subject) -> tuple[Op, ...] | None:
    entering = _map(subject)
    extents = (subject.layer.count("height"), subject.layer.count("width"))
    shape = entering.shape(extents, entering.channels)
    cut = any(subject.layer.flag(f"{how}_to_aspect_ratio", False) for how in ("crop", "pad"))
    operator = _RESIZES.get(subject.layer.text("interpolation", "bilinear"))
    if operator is None or cut or not entering.last or len(entering.extents) != 2:
        return (subject.foreign(shape),)
    return (subject.foreign(shape, steps=(Step(operator, shape, tables=(extents,)),)),)


@_reads("Permute")
def _permute(subject: Subject) -> tuple[Op, ...] | None:
    order = subject.layer.counts("dims", len(subject.shape))
    if sorted(order) != list(range(1, len(subject.shape) + 1)):
        raise subject.layer.wrong("dims", "each axis once")
    shape = tuple(subject.shape[axis - 1] for axis in order)
    steps = (Step("TRANSPOSE", shape, tables=((0, *order),)),)
    return (subject.foreign(shape, steps=steps),)


@_reads("RepeatVector")
def _repeat(subject: Subject) -> tuple[Op, ...] | None:
    return (subject.foreign((subject.layer.count("n"), *subject.shape)),)


@_reads("Flatten")
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


# --- functions of keras.ops ---------------------------------------------------------------------

_FUNCTIONS = {
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Silu": "silu",
    "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu",
}
"""Functions that are activations of the language."""

_LIGHT = frozenset(
    {
        *("Absolute", "Add", "Amax", "Amin", "Ceil", "Clip", "Concatenate", "Divide", "Exp"),
        *("ExpandDims", "Flip", "Floor", "GetItem", "Log", "Max", "Maximum", "Mean", "Min"),
        *("Minimum", "Moveaxis", "Multiply", "Negative", "Pad", "Power", "Reciprocal", "Repeat"),
        *("Reshape", "Roll", "Round", "Rsqrt", "Sign", "Sqrt", "Square", "Squeeze", "Stack"),
        *("Subtract", "Sum", "Swapaxes", "Tile", "Transpose", "TrueDivide", "Split"),
        *("Celu", "Elu", "Gelu", "HardShrink", "HardTanh", "LeakyRelu", "LogSigmoid"),
        *("LogSoftmax", "Selu", "SoftShrink", "Softmax", "Softplus", "Softsign"),
        *("AveragePool", "MaxPool", "Resize"),
    }
)
"""Functions that multiply no matrices, so that by our rule they count no MACs."""


def _operation(subject: Subject, given: Extents | None) -> Meaning:
    name, call = subject.name, subject.call
    shape = None
    if given is not None and None not in given[1:]:
        shape = tuple(extent for extent in given[1:] if extent is not None)
    if name in _FUNCTIONS and len(subject.inputs) == 1 and call.plain:
        op = _recognised(KerasLayer("Activation", {"activation": _FUNCTIONS[name]}))
        return Meaning((op,)) if op is not None else Meaning(unseen="unknown")
    if name in ("Add", "Multiply", "Subtract", "Maximum", "Minimum"):
        known = _arithmetic(subject)
        if known is not None:
            return Meaning((known,))
    if name == "Reshape" and len(subject.inputs) == 1:
        target = subject.layer.value("newshape")
        if isinstance(target, list | tuple) and len(target) > 1:
            # The first extent is the batch; where it is worked out, the rest has to keep it.
            rest = [extent for extent in target[1:] if isinstance(extent, int)]
            if len(rest) == len(target) - 1 and prod(rest) == prod(subject.shape) and min(rest) > 0:
                ops = reshape(subject, rest)
                return Meaning(ops or ())
        why = "`Reshape` moves values between the batch and other axes"
        return Meaning(unseen=why, mixes=True)
    why = f"what the converter makes of the function `{name}` is not known here"
    if shape is None or name not in _LIGHT:
        return Meaning(unseen=f"the function `{name}` is not known here")
    return Meaning((subject.foreign(shape),), why)


def _arithmetic(subject: Subject) -> Op | None:
    """Arithmetic on two tensors, or on one and a number."""
    call, name = subject.call, subject.name
    try:
        if len(subject.inputs) == 2 and call.plain:
            ranks = {len(shape) for shape in subject.inputs}
            return elementwise(subject, name) if len(ranks) == 1 else None
    except OpError:
        return None
    number = call.scalar
    if len(subject.inputs) == 1 and number is not None and name in ("Add", "Multiply"):
        exact = subject.layer.exact("the number", number)
        operator = "ADD" if name == "Add" else "MUL"
        steps = (Step(operator, subject.shape, scalar=exact),)
        return subject.foreign(subject.shape, name.lower(), steps=steps)
    return None
