"""Convolutions, dense layers and pools over any number of axes, beyond what the language has."""

from math import prod

from archc.compiler import (
    Conv,
    DepthwiseConv,
    Op,
    OpError,
    Placement,
    Shape,
    Step,
    Traced,
    Weight,
    strided,
)
from archc.models.importer.subject import Map, Subject, chained, entering, reads
from archc.models.importer.tables import REDUCED

Windowed = tuple[tuple[int, ...], str, tuple[int, ...]]


def _window(
    subject: Subject, map: Map, kernel: tuple[int, ...], stride: tuple[int, ...]
) -> Windowed:
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
        for extent, k, s, d in zip(map.extents, kernel, stride, dilation, strict=True)
    )
    if min(leaving) < 1:
        raise OpError("a window does not fit into the feature map")
    return leaving, padding, dilation


class _Row:
    """The steps of a layer over one axis: its tensors are laid out as maps of one row."""

    def __init__(self, shape: Shape) -> None:
        self.steps: list[Step] = []
        self.shape = shape

    def add(self, operator: str, shape: Shape, *traced: Traced, **facts: object) -> None:
        step = Step(operator, shape, (len(self.steps) - 1,), traced=traced)
        self.steps.append(step._replace(**facts))  # type: ignore[arg-type]
        self.shape = shape

    def lay(self, scope: str) -> None:
        """Make a map of one row."""
        shape = (1, *self.shape)
        expanded = Traced(f"{scope}ExpandDims", (), (f"{scope}ExpandDims/dim",))
        self.add("EXPAND_DIMS", shape, expanded, tables=((1, *shape),))

    def lift(self, *traced: Traced) -> None:
        """Take the row out of the map again."""
        shape = self.shape[1:]
        self.add("SQUEEZE", shape, *traced, tables=((1, *shape),))

    def kernel(
        self, operator: str, shape: Shape, traced: Traced, weights: int, window: Placement
    ) -> None:
        """A convolution without the bias, which is added to what is taken out of the map."""
        facts = {"weights": weights, "biases": shape[-1], "zero_bias": True, "window": window}
        self.add(operator, shape, traced, **facts)

    def bias(self, channels: int) -> None:
        if channels:
            self.add("ADD", self.shape, BIASED, weights=channels, affine=True)

    def pad(self, before: int, after: int, *traced: Traced) -> None:
        extent, channels = self.shape
        shape = (extent + before + after, channels)
        self.add("PAD", shape, *traced, tables=((0, 0, before, after, 0, 0),))


BIASED = Traced("BiasAdd", ("reshape",), ("Reshape/shape",))
PADDED = Traced("Pad", (), ("Const",))


def _placed(
    kernel: tuple[int, ...], stride: tuple[int, ...], padding: str, dilation: tuple[int, ...]
) -> Placement:
    """A window over one axis, over a map of one row."""
    return Placement((1, kernel[0]), (1, stride[0]), padding, (1, dilation[0]))


@reads("Conv1D", "Conv2D", "Conv3D")
def _conv(subject: Subject) -> tuple[Op, ...] | None:
    map, layer = entering(subject), subject.layer
    axes = len(map.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    filters, groups = layer.count("filters"), layer.count("groups", 1)
    bias = layer.flag("use_bias", True)
    leaving, padding, dilation = _window(subject, map, kernel, stride)
    if map.channels % groups or filters % groups:
        raise OpError(f"{groups} groups do not divide the channels evenly")
    weights = (Weight("kernel", (*kernel, map.channels // groups, filters)),)
    macs = prod(leaving) * weights[0].size
    steps = None
    if axes == 1 and map.last:
        row = _Row(subject.shape)
        if padding == "causal":
            row.pad((kernel[0] - 1) * dilation[0], 0, PADDED)
            padding = "valid"
        row.lay("convolution/")
        traced = Traced("convolution", ("convolution_expanddims_1",))
        window = _placed(kernel, stride, padding, dilation)
        row.kernel("CONV_2D", (1, *leaving, filters), traced, weights[0].size, window)
        row.lift(Traced("convolution/Squeeze"))
        row.bias(filters if bias else 0)
        # How a grouped one is laid out was not observed.
        steps = tuple(row.steps) if groups == 1 else None
    return (
        subject.foreign(
            map.shape(leaving, filters),
            weights=(*weights, Weight("bias", (filters,))) if bias else weights,
            macs=macs,
            stedgeai_macc=macs + (filters if bias else 0),
            width=filters,
            steps=steps,
        ),
    )


@reads("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
def _conv_transpose(subject: Subject) -> tuple[Op, ...] | None:
    map, layer = entering(subject), subject.layer
    axes = len(map.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    dilation = layer.counts("dilation_rate", axes, 1)
    filters, padding = layer.count("filters"), layer.padding
    if padding is None or layer.value("output_padding") is not None:
        return None
    leaving = []
    for extent, k, s, d in zip(map.extents, kernel, stride, dilation, strict=True):
        reach = (k - 1) * d + 1
        leaving.append(extent * s + (max(reach - s, 0) if padding == "valid" else 0))
    weights = [Weight("kernel", (*kernel, filters, map.channels))]
    macs = prod(map.extents) * weights[0].size
    if layer.flag("use_bias", True):
        weights.append(Weight("bias", (filters,)))
    return (
        subject.foreign(
            map.shape(tuple(leaving), filters),
            weights=tuple(weights),
            macs=macs,
            width=filters,
        ),
    )


@reads("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(subject: Subject) -> tuple[Op, ...] | None:
    map, layer = entering(subject), subject.layer
    axes = len(map.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    multiplier = layer.count("depth_multiplier", 1)
    leaving, padding, dilation = _window(subject, map, kernel, stride)
    channels = map.channels * multiplier
    weights = [Weight("kernel", (*kernel, map.channels, multiplier))]
    macs = prod(leaving) * weights[0].size
    bias = layer.flag("use_bias", True)
    steps = None
    if axes == 1 and map.last and padding in ("same", "valid") and dilation == (1,):
        row = _Row(subject.shape)
        row.lay("")
        traced = Traced("depthwise", ("expanddims_1",))
        window = _placed(kernel, stride, padding, dilation)
        made = (1, *leaving, channels)
        row.kernel("DEPTHWISE_CONV_2D", made, traced, weights[0].size, window)
        row.lift(Traced("Squeeze"))
        row.bias(channels if bias else 0)
        steps = tuple(row.steps)
    if bias:
        weights.append(Weight("bias", (channels,)))
    shape = map.shape(leaving, channels)
    return (subject.foreign(shape, weights=tuple(weights), macs=macs, steps=steps),)


@reads("SeparableConv1D", "SeparableConv2D")
def _separable(subject: Subject) -> tuple[Op, ...] | None:
    map, layer = entering(subject), subject.layer
    axes = len(map.extents)
    kernel, stride = layer.counts("kernel_size", axes), layer.counts("strides", axes, 1)
    filters, multiplier = layer.count("filters"), layer.count("depth_multiplier", 1)
    bias = layer.flag("use_bias", True)
    leaving, padding, dilation = _window(subject, map, kernel, stride)
    if axes == 2 and map.last and padding in ("same", "valid"):
        depthwise = DepthwiseConv(
            kernel=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
            multiplier=multiplier,
            bias=False,
        )
        return chained(subject, (depthwise, Conv(channels=filters, bias=bias)))
    channels = map.channels * multiplier
    depth = Weight("depthwise_kernel", (*kernel, map.channels, multiplier))
    point = Weight("pointwise_kernel", (*(1,) * axes, channels, filters))
    weights = (depth, point, Weight("bias", (filters,))) if bias else (depth, point)
    macs = prod(leaving) * (depth.size + point.size)
    shape = map.shape(leaving, filters)
    steps = None
    if axes == 1 and map.last and padding in ("same", "valid") and dilation == (1,):
        row = _Row(subject.shape)
        row.lay("")
        window = _placed(kernel, stride, padding, dilation)
        traced = Traced("separable_conv2d/depthwise", ("expanddims_1",))
        made = (1, *leaving, channels)
        row.kernel("DEPTHWISE_CONV_2D", made, traced, depth.size, window)
        one = Placement((1, 1), (1, 1), "valid")
        last = Traced("separable_conv2d", ("expanddims_2",))
        row.kernel("CONV_2D", (1, *leaving, filters), last, point.size, one)
        row.lift(Traced("Squeeze"))
        row.bias(filters if bias else 0)
        steps = tuple(row.steps)
    return (subject.foreign(shape, weights=weights, macs=macs, width=filters, steps=steps),)


@reads("Dense")
def _dense(subject: Subject) -> tuple[Op, ...] | None:
    """On more than a vector: one row per position, as one matrix."""
    shape, units = subject.shape, subject.layer.count("units")
    bias = subject.layer.flag("use_bias", True)
    if not shape:
        return None
    kernel = Weight("kernel", (shape[-1], units))
    macs = prod(shape) * units
    rows = prod(shape[:-1])
    scope = "Tensordot"
    entered = Traced(f"{scope}/Reshape", (), (f"{scope}/Reshape/shape",))
    left = Traced(scope, (), (f"{scope}/shape",))
    after = (*shape[:-1], units)

    def matrix(columns: int) -> Shape:
        # What has one row is a vector with a batch.
        return (rows, columns) if rows > 1 else (columns,)

    product = Step(
        "FULLY_CONNECTED",
        matrix(units),
        (0,),
        weights=kernel.size,
        batched=rows == 1,
        traced=(Traced(f"{scope}/MatMul", ("cast",)),),
    )
    flat = Step(
        "RESHAPE",
        matrix(shape[-1]),
        tables=((rows, shape[-1]),),
        batched=rows == 1,
        traced=(entered,),
    )
    steps: tuple[Step, ...] = (
        flat,
        product,
        Step("RESHAPE", after, (1,), tables=((1, *after),), traced=(left,)),
    )
    if bias:
        added = Traced("BiasAdd", ("biasadd",))
        steps += (Step("ADD", after, (2,), weights=units, affine=True, traced=(added,)),)
    return (
        subject.foreign(
            after,
            "dense",
            weights=(kernel, Weight("bias", (units,))) if bias else (kernel,),
            macs=macs,
            stedgeai_macc=macs + (units if bias else 0),
            steps=steps,
        ),
    )


@reads("Embedding")
def _embedding(subject: Subject) -> tuple[Op, ...] | None:
    rows, columns = subject.layer.count("input_dim"), subject.layer.count("output_dim")
    table = Weight("embeddings", (rows, columns))
    return (subject.foreign((*subject.shape, columns), weights=(table,)),)


# --- pools --------------------------------------------------------------------------------------

_POOLS = {"Max": ("MAX_POOL_2D", "MaxPool1d"), "Average": ("AVERAGE_POOL_2D", "AvgPool1d")}


@reads(*(f"{kind}Pooling{n}D" for kind in ("Average", "Max") for n in (1, 2, 3)))
def _pool(subject: Subject) -> tuple[Op, ...] | None:
    map, layer = entering(subject), subject.layer
    axes = len(map.extents)
    window = layer.counts("pool_size", axes, 2)
    stride = layer.counts("strides", axes) if layer.value("strides") is not None else window
    leaving, padding, dilation = _window(subject, map, window, stride)
    steps = None
    if axes == 1 and map.last:
        operator, name = _POOLS[subject.name.partition("Pooling")[0]]
        row = _Row(subject.shape)
        row.lay(f"{name}/")
        placed = _placed(window, stride, padding, dilation)
        row.add(operator, (1, *leaving, map.channels), Traced(name), window=placed)
        row.lift(Traced(f"{name}/Squeeze"))
        steps = tuple(row.steps)
    return (subject.foreign(map.shape(leaving, map.channels), steps=steps),)


def reduced(kind: str, before: Shape, axes: tuple[int, ...], keepdims: bool) -> Step:
    """Axes reduced to one value, in the order that they are given in; the batch is axis 0."""
    operator, name = REDUCED[kind]
    extents = ((place, 1 if place in axes else extent) for place, extent in enumerate(before, 1))
    shape = tuple(extent for place, extent in extents if keepdims or place not in axes)
    traced = Traced(name, (), (f"{name}/reduction_indices",))
    return Step(operator, shape, tables=(axes,), traced=(traced,))


@reads(*(f"Global{kind}Pooling{n}D" for kind in ("Average", "Max") for n in (1, 2, 3)))
def _global_pool(subject: Subject) -> tuple[Op, ...] | None:
    map = entering(subject)
    keepdims = subject.layer.flag("keepdims", False)
    if len(map.extents) == 1 and map.last:
        kind = subject.name.removeprefix("Global").partition("Pooling")[0]
        return subject.made(reduced(kind, subject.shape, (1,), keepdims))
    if keepdims:
        return (subject.foreign(map.shape((1,) * len(map.extents), map.channels)),)
    return (subject.foreign((map.channels,)),)
