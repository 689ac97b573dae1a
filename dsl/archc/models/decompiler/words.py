"""Operators of the language for those of a deployed file."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from archc.compiler import OPERATORS, Op, Shape
from archc.models.decompiler.network import unsayable
from archc.models.deployed import FileGraph, Operator, Tensor

PLAIN = {
    "RELU": "relu",
    "RELU6": "relu6",
    "LOGISTIC": "sigmoid",
    "TANH": "tanh",
    "HARD_SWISH": "hard_swish",
    "SWISH": "swish",
    "GELU": "gelu",
    "L2_NORMALIZATION": "l2_normalise",
}
"""Operators of one tensor without arguments."""
NORMALISATION = "what scales and shifts channels is `batchnorm`, with the usual settings"
_CLOSE = 1e-3
"""Of the slope of a hard sigmoid; exporters write 1/6 with four digits and more."""


class Seen(NamedTuple):
    """An operator of the file with what it reads."""

    graph: FileGraph
    operator: Operator
    inputs: tuple[Shape, ...]
    """Of what it reads that is computed."""
    output: Shape
    positive: bool = False
    """Whether nothing that it reads is below zero."""

    def refuse(self, why: str) -> Exception:
        what = f"(`{self.operator.label}`) cannot be said: {why}"
        return unsayable(self.operator.name, what, "replace it in the model, and convert it again")

    def table(self, place: int) -> tuple[int, ...]:
        """The whole numbers of an operand.

        Raises:
            Rejected: it is no constant of whole numbers.
        """
        inputs = self.operator.inputs
        index = inputs[place] if place < len(inputs) else -1
        values = self.graph.tensors[index].values if index >= 0 else None
        if values is None:
            raise self.refuse("it is not told by constants")
        return values

    def setting(self, name: str) -> float | None:
        """A number of the operator; None where its format keeps none of that name."""
        return dict(self.operator.settings).get(name)

    @property
    def filter(self) -> Tensor:
        if self.operator.filter is None or not self.graph.tensors[self.operator.filter].constant:
            raise self.refuse("its filter is computed")
        return self.graph.tensors[self.operator.filter]


Ops = tuple[Op, ...]


def reshaped(seen: Seen) -> Ops:
    if seen.inputs[0] == seen.output:
        return ()
    if len(seen.output) == 1 and len(seen.inputs[0]) > 1:
        return (OPERATORS["flatten"](),)
    return (OPERATORS["reshape"](shape=seen.output),)


# --- windows ---


def _same(extent: int, kernel: int, stride: int) -> tuple[int, int]:
    """What TensorFlow adds before and after an axis for `same`."""
    total = max((-(-extent // stride) - 1) * stride + kernel - extent, 0)
    return total // 2, total - total // 2


def _placed(seen: Seen, *, neutral: bool = True) -> tuple[Ops, dict[str, object]]:
    """What comes before a window, and how it lies. TensorFlow's `same` adds what is left over
    behind the map; a file that adds other amounts has a padding of its own, where zeros are
    `neutral`."""
    window, pads = seen.operator.window, seen.operator.pads
    if window is None or window.padding not in ("same", "valid"):
        raise seen.refuse("its window is not told")
    given: dict[str, object] = {"kernel": window.kernel, "stride": window.stride}
    if pads is None:
        return (), {**given, "padding": window.padding}
    if not any(pads):
        return (), {**given, "padding": "valid"}
    if len(seen.inputs[0]) != 3:
        raise seen.refuse("it pads what is not a map")
    amounts = []
    for axis in (0, 1):
        reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1
        amounts.append(_same(seen.inputs[0][axis], reach, window.stride[axis]))
    if pads == (amounts[0][0], amounts[1][0], amounts[0][1], amounts[1][1]):
        return (), {**given, "padding": "same"}
    if not neutral:
        raise seen.refuse("it pads in another way than TensorFlow does")
    pad = OPERATORS["zero_pad"](before=pads[:2], after=pads[2:])
    return (pad,), {**given, "padding": "valid"}


def _conv(seen: Seen) -> Ops:
    channels, window = seen.filter.shape[0], seen.operator.window
    if channels == seen.inputs[0][-1] == 1:  # which is both; in a network it is the depthwise one
        return _dwconv(seen)
    dilation = window.dilation if window else (1, 1)
    biased = seen.operator.bias is not None
    more = {"dilation": dilation, "groups": seen.operator.groups, "bias": biased}
    before, given = _placed(seen)
    return (*before, OPERATORS["conv"](channels=channels, **given, **more))


def _dwconv(seen: Seen) -> Ops:
    width, window = seen.filter.shape[-1], seen.operator.window
    entering = seen.inputs[0][-1]
    if width % entering:
        raise seen.refuse("its filter does not fit what it reads")
    more = {
        "dilation": window.dilation if window else (1, 1),
        "multiplier": width // entering,
        "bias": seen.operator.bias is not None,
    }
    before, given = _placed(seen)
    return (*before, OPERATORS["dwconv"](**given, **more))


def _conv_transpose(seen: Seen) -> Ops:
    window, cut = seen.operator.window, seen.operator.pads
    if window is None or window.dilation != (1, 1) or seen.operator.groups != 1:
        raise seen.refuse("the language has no such operator")
    padding = window.padding
    if cut is not None:
        over = [k - s for k, s in zip(window.kernel, window.stride, strict=True)]
        same = tuple(n // 2 for n in over) + tuple(n - n // 2 for n in over)
        padding = "same" if cut == same else "valid" if not any(cut) else ""
        if not padding or min(over) < 0:
            raise seen.refuse("it cuts off its result in another way than TensorFlow does")
    given = {"kernel": window.kernel, "stride": window.stride, "padding": padding}
    biased = seen.operator.bias is not None
    return (OPERATORS["conv_transpose"](channels=seen.filter.shape[0], **given, bias=biased),)


def _dense(seen: Seen) -> Ops:
    biased = seen.operator.bias is not None
    return (OPERATORS["dense"](units=seen.filter.shape[0], bias=biased),)


def _max_pool(seen: Seen) -> Ops:
    if seen.operator.window is not None and seen.operator.window.dilation != (1, 1):
        raise seen.refuse("its window is dilated")
    before, given = _placed(seen, neutral=seen.positive)
    return (*before, OPERATORS["max_pool"](window=given.pop("kernel"), **given))


def _average_pool(seen: Seen) -> Ops:
    """TensorFlow leaves what it adds out of the mean; a file that counts it has zeros there."""
    counted = bool(seen.setting("count_include_pad"))
    before, given = _placed(seen, neutral=counted)
    if counted and given["padding"] == "same" and seen.operator.pads is not None:
        top, left, bottom, right = seen.operator.pads
        before = (OPERATORS["zero_pad"](before=(top, left), after=(bottom, right)),)
        given["padding"] = "valid"
    return (*before, OPERATORS["average_pool"](window=given.pop("kernel"), **given))


def _global(keyword: str) -> Callable[[Seen], Ops]:
    def make(seen: Seen) -> Ops:
        rank = len(seen.inputs[0]) + 1
        axes = {axis % rank for axis in seen.table(1)}
        wide = {axis for axis in (1, 2) if rank == 4 and seen.inputs[0][axis - 1] > 1}
        if rank != 4 or not wide <= axes <= {1, 2}:
            raise seen.refuse("it is not over rows and columns")
        return (OPERATORS[keyword](keepdims=len(seen.output) == 3),)

    return make


def _pad(seen: Seen) -> Ops:
    amounts = seen.table(1)
    if len(amounts) != 8 or any(amounts[:2]) or any(amounts[6:]) or min(amounts) < 0:
        raise seen.refuse("it pads more than rows and columns")
    top, bottom, left, right = amounts[2:6]
    return (OPERATORS["zero_pad"](before=(top, left), after=(bottom, right)),)


# --- shapes ---


def _resize(interpolation: str) -> Callable[[Seen], Ops]:
    def make(seen: Seen) -> Ops:
        (rows, columns), wanted = seen.inputs[0][:2], seen.output[:2]
        if wanted[0] % rows == wanted[1] % columns == 0 and wanted != (rows, columns):
            scale = (wanted[0] // rows, wanted[1] // columns)
            return (OPERATORS["upsample"](scale=scale, interpolation=interpolation),)
        return (OPERATORS["resize"](size=wanted, interpolation=interpolation),)

    return make


def _permute(seen: Seen) -> Ops:
    order = seen.table(1)
    if order[:1] != (0,):
        raise seen.refuse("it moves the batch")
    if order == tuple(range(len(order))):
        return ()
    return (OPERATORS["permute"](order=order[1:]),)


def _slice(seen: Seen) -> Ops:
    """A slice of channels, or the inner rows and columns."""
    begin = seen.table(1)
    shape, output = seen.inputs[0], seen.output
    if len(begin) != len(shape) + 1 or begin[0] != 0 or len(output) != len(shape):
        raise seen.refuse("it cuts in a way that the language has no word for")
    if seen.operator.kind == "STRIDED_SLICE" and set(seen.table(3)) != {1}:
        raise seen.refuse("it leaves out every other value")
    pairs = zip(begin[1:], shape, strict=True)
    starts = tuple(at if at >= 0 else at + extent for at, extent in pairs)
    if starts[:-1] == (0,) * (len(shape) - 1) and output[:-1] == shape[:-1]:
        return (OPERATORS["slice"](first=starts[-1], count=output[-1]),)
    if len(shape) != 3 or starts[-1] or output[-1] != shape[-1]:
        raise seen.refuse("it cuts channels and places at once")
    after = tuple(shape[axis] - starts[axis] - output[axis] for axis in (0, 1))
    return (OPERATORS["crop"](before=starts[:2], after=after),)


# --- activations that have numbers ---


def _softmax(seen: Seen) -> Ops:
    if seen.setting("axis") not in (None, -1):
        raise seen.refuse("it is not over the channels")
    return (OPERATORS["softmax"](),)


def _elu(seen: Seen) -> Ops:
    if seen.setting("alpha") not in (None, 1):
        raise seen.refuse("its slope is not 1")
    return (OPERATORS["elu"](),)


def _leaky_relu(seen: Seen) -> Ops:
    slope = seen.setting("alpha")
    if slope is None or not 0 <= slope <= 1:
        raise seen.refuse("its slope is not told")
    return (OPERATORS["leaky_relu"](slope=Fraction(f"{slope:.7g}")),)


def _hard_sigmoid(seen: Seen) -> Ops:
    slope, offset = seen.setting("alpha"), seen.setting("beta")
    if slope is None or abs(slope - 1 / 6) > _CLOSE or offset != 0.5:
        raise seen.refuse("it is not `relu6(x + 3) / 6`")
    return (OPERATORS["hard_sigmoid"](),)


def _batchnorm(seen: Seen) -> Ops:
    return (OPERATORS["batchnorm"](),)


OPS: dict[str, Callable[[Seen], Ops]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _dwconv,
    "TRANSPOSE_CONV": _conv_transpose,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _average_pool,
    "MAX_POOL_2D": _max_pool,
    "MEAN": _global("global_average_pool"),
    "REDUCE_MAX": _global("global_max_pool"),
    "PAD": _pad,
    "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "RESIZE_BILINEAR": _resize("bilinear"),
    "TRANSPOSE": _permute,
    "SLICE": _slice,
    "STRIDED_SLICE": _slice,
    "SOFTMAX": _softmax,
    "ELU": _elu,
    "LEAKY_RELU": _leaky_relu,
    "HardSigmoid": _hard_sigmoid,
    "BatchNormalization": _batchnorm,
}
"""Operators of one tensor, by the words of a deployed graph."""
