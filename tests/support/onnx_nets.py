"""Networks as ONNX files, written with `onnx.helper`: the shapes that quantised files come in.

Each case is a float network and how onnxruntime is asked to quantise it. What is special about one
stands in its name. All are small: nothing that is counted depends on size.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


class Net:
    """A network under construction: each method adds a node and returns its result."""

    def __init__(self, *shapes: Sequence[int | str], opset: int = 17, ir: int = 8) -> None:
        self.rng = np.random.default_rng(len(shapes))
        self.opset, self.ir = opset, ir
        self.inputs = [f"x{n}" for n in range(len(shapes))]
        self.shapes = list(shapes) or [("N", 3, 16, 16)]
        self.inputs = self.inputs or ["x0"]
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.held = False
        """Whether constants are `Constant` nodes."""

    @property
    def x(self) -> str:
        return self.inputs[0]

    def constant(self, values: Any, name: str | None = None) -> str:
        name = name or f"c{len(self.constants) + len(self.nodes)}"
        tensor = numpy_helper.from_array(np.asarray(values), name)
        if self.held:
            self.nodes.append(helper.make_node("Constant", [], [name], f"n_{name}", value=tensor))
        else:
            self.constants.append(tensor)
        return name

    def weights(self, *shape: int, scale: float = 0.3) -> str:
        return self.constant((self.rng.normal(size=shape) * scale).astype(np.float32))

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        name = f"{kind.lower()}{len(self.nodes)}"
        made = [f"{name}_out{n}" if n else f"{name}_out" for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), made, name=name, **attributes))
        return made[0] if outputs == 1 else made

    def conv(
        self,
        x: str,
        before: int,
        after: int,
        k: int = 3,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
        weights: str | None = None,
        **more: Any,
    ) -> str:
        filter = weights or self.weights(after, before // groups, k, k)
        inputs = [x, filter] + ([self.weights(after)] if bias else [])
        edge = [k // 2] * 4
        return self.node(
            "Conv",
            *inputs,
            kernel_shape=[k, k],
            strides=[stride] * 2,
            pads=edge,
            group=groups,
            **more,
        )

    def relu6(self, x: str) -> str:
        return self.node("Clip", x, self.constant(np.float32(0)), self.constant(np.float32(6)))

    def gemm(self, x: str, before: int, after: int, turned: bool = True) -> str:
        shape = (after, before) if turned else (before, after)
        return self.node("Gemm", x, self.weights(*shape), self.weights(after), transB=int(turned))

    def pooled(self, x: str) -> str:
        return self.node("Flatten", self.node("GlobalAveragePool", x))

    def model(self, *outputs: str) -> ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "net",
            [
                helper.make_tensor_value_info(name, FLOAT, list(shape))
                for name, shape in zip(self.inputs, self.shapes, strict=True)
            ],
            [helper.make_tensor_value_info(name, FLOAT, None) for name in outputs],
            self.constants,
        )
        opset = [helper.make_opsetid("", self.opset)]
        return helper.make_model(graph, opset_imports=opset, ir_version=self.ir)


def chain(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 8))
    h = n.node("Relu", n.conv(h, 8, 16, stride=2, bias=False))
    return (n.gemm(n.pooled(h), 16, 10),)


def separable(n: Net) -> tuple[str, ...]:
    h = n.relu6(n.conv(n.x, 3, 8, stride=2))
    h = n.relu6(n.conv(h, 8, 8, groups=8))
    h = n.relu6(n.conv(h, 8, 16, k=1))
    h = n.relu6(n.conv(h, 16, 32, groups=16))
    return (n.node("Softmax", n.gemm(n.pooled(h), 32, 5, turned=False)),)


def residual(n: Net) -> tuple[str, ...]:
    h = n.relu6(n.conv(n.x, 3, 8))
    for _ in range(2):
        e = n.relu6(n.conv(h, 8, 24, k=1))
        e = n.relu6(n.conv(e, 24, 24, groups=24))
        h = n.node("Add", h, n.conv(e, 24, 8, k=1))
    return (n.gemm(n.pooled(h), 8, 4),)


def squeezed(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 8))
    s = n.node("Relu", n.conv(n.node("GlobalAveragePool", h), 8, 4, k=1))
    h = n.node("Mul", h, n.node("Sigmoid", n.conv(s, 4, 8, k=1)))
    return (n.gemm(n.pooled(h), 8, 4),)


def hard_squeezed(n: Net) -> tuple[str, ...]:
    h = n.node("HardSwish", n.conv(n.x, 3, 8))
    s = n.node("Relu", n.conv(n.node("GlobalAveragePool", h), 8, 4, k=1))
    gate = n.node("HardSigmoid", n.conv(s, 4, 8, k=1), alpha=1 / 6)
    h = n.node("Mul", gate, h)
    return (n.gemm(n.pooled(n.node("HardSwish", n.conv(h, 8, 16, stride=2))), 16, 4),)


def silu(n: Net) -> tuple[str, ...]:
    h = n.x
    for before, after in ((3, 8), (8, 8), (8, 16)):
        h = n.conv(h, before, after)
        h = n.node("Mul", h, n.node("Sigmoid", h))
    return (n.conv(h, 16, 6, k=1),)


def split_hard_swish(n: Net) -> tuple[str, ...]:
    h = n.conv(n.x, 3, 8)
    h = n.node("Mul", n.node("HardSigmoid", h, alpha=1 / 6), h)
    return (n.gemm(n.pooled(n.conv(h, 8, 8)), 8, 4),)


def added_hard_swish(n: Net) -> tuple[str, ...]:
    """As tf2onnx 1.17.0 writes that of Keras."""
    h = n.conv(n.x, 3, 8)
    three, low, high, sixth = (n.constant(np.array(v, np.float32)) for v in (3, 0, 6, 1 / 6))
    gate = n.node("Mul", n.node("Clip", n.node("Add", h, three), low, high), sixth)
    return (n.gemm(n.pooled(n.conv(n.node("Mul", h, gate), 8, 8)), 8, 4),)


def traced_pad(n: Net, x: str, extent: int) -> str:
    """As PyTorch traces the padding of timm's `tf_` models for a 3x3 kernel of stride 2:
    `max((ceil(n / 2) - 1) * 2 + 3 - n, 0)`, all of it behind the map."""
    size = n.node("Cast", n.constant(np.int64(extent)), to=TensorProto.FLOAT)
    steps = n.node("Ceil", n.node("Div", size, n.constant(np.float32(2))))
    one, two, three = (n.constant(np.float32(value)) for value in (1, 2, 3))
    reach = n.node("Add", n.node("Mul", n.node("Sub", steps, one), two), three)
    reach = n.node("Clip", n.node("Sub", reach, size), n.constant(np.float32(0)))
    pad = n.node("Cast", reach, to=TensorProto.INT64)
    pad = n.node("Unsqueeze", pad, n.constant(np.array([0], np.int64)))
    zeros = n.constant(np.zeros(6, np.int64))
    return str(n.node("Pad", x, n.node("Concat", zeros, pad, pad, axis=0)))


def inception(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 8))
    a = n.node("Relu", n.conv(h, 8, 4, k=1))
    b = n.node("Relu", n.conv(n.node("Relu", n.conv(h, 8, 6, k=1)), 6, 8))
    c = n.conv(n.node("MaxPool", h, kernel_shape=[3, 3], pads=[1] * 4), 8, 4, k=1)
    h = n.node("Relu", n.node("Concat", a, b, c, axis=1))
    return (n.gemm(n.pooled(h), 16, 4),)


def branches(n: Net) -> tuple[str, ...]:
    """Two long branches, which onnxruntime writes level by level."""
    h = n.conv(n.x, 3, 4)
    ends = []
    for _ in range(3):
        b = h
        for before, after in ((4, 16), (16, 16), (16, 2)):
            b = n.node("Relu", n.conv(b, before, after))
        ends.append(b)
    return (n.conv(n.node("Concat", *ends, axis=1), 6, 4),)


def pools(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 8))
    h = n.node("MaxPool", h, kernel_shape=[2, 2], strides=[2, 2])
    h = n.node("Relu", n.conv(h, 8, 8))
    h = n.node("AveragePool", h, kernel_shape=[2, 2], strides=[2, 2])
    return (n.gemm(n.node("Flatten", h), 8 * 16, 4),)


def pyramid(n: Net) -> tuple[str, ...]:
    low = n.node("Relu", n.conv(n.x, 3, 8))
    high = n.node("Relu", n.conv(low, 8, 8, stride=2))
    scales = n.constant(np.array([1, 1, 2, 2], np.float32))
    up = n.node("Resize", high, "", scales, mode="nearest")
    return (n.conv(n.node("Concat", up, low, axis=1), 16, 4),)


def decoder(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 8, stride=2))
    filter = n.weights(8, 4, 2, 2)
    h = n.node("ConvTranspose", h, filter, n.weights(4), kernel_shape=[2, 2], strides=[2, 2])
    return (n.conv(n.node("Relu", h), 4, 2, k=1),)


def products(n: Net) -> tuple[str, ...]:
    """A dense layer as exporters from Keras write it."""
    h = n.node("Relu", n.conv(n.x, 3, 8, stride=2))
    h = n.node("Add", n.node("MatMul", n.pooled(h), n.weights(8, 16)), n.weights(16))
    h = n.node("Relu", h)
    return (n.node("Add", n.node("MatMul", h, n.weights(16, 4)), n.weights(4)),)


def attention(n: Net) -> tuple[str, ...]:
    """A product of two feature maps, and a layer normalisation."""
    h = n.conv(n.x, 3, 8, stride=2)
    flat = n.node("Reshape", h, n.constant(np.array([1, 8, 64], np.int64)))
    turned = n.node("Transpose", flat, perm=[0, 2, 1])
    scores = n.node("Softmax", n.node("MatMul", turned, flat), axis=-1)
    h = n.node("MatMul", scores, turned)
    ones, zeros = n.constant(np.ones(8, np.float32)), n.constant(np.zeros(8, np.float32))
    return (n.node("LayerNormalization", h, ones, zeros, axis=-1),)


def mean_island(n: Net) -> tuple[str, ...]:
    """What `torch.onnx.export` makes of a global pool: `ReduceMean` is not quantised."""
    h = n.node("Relu", n.conv(n.x, 3, 8))
    h = n.node("ReduceMean", h, axes=[2, 3], keepdims=1)
    h = n.node("Reshape", h, n.constant(np.array([1, 8], np.int64)))
    return (n.gemm(h, 8, 4),)


def unregistered(n: Net) -> tuple[str, ...]:
    """Operators that onnxruntime leaves alone: one between others, two in a row, the last one."""
    h = n.conv(n.node("Tanh", n.conv(n.x, 3, 8)), 8, 8)
    h = n.conv(n.node("Elu", n.node("Tanh", h)), 8, 4)
    return (n.node("Elu", h),)


def turned_first(n: Net) -> tuple[str, ...]:
    h = n.node("Transpose", n.x, perm=[0, 3, 1, 2])
    h = n.node("Relu", n.conv(h, 3, 8, stride=2))
    return (n.gemm(n.pooled(h), 8, 4),)


def batchnorm(n: Net) -> tuple[str, ...]:
    def norm(x: str, channels: int) -> str:
        values = [n.constant(n.rng.uniform(0.5, 1, channels).astype("f4")) for _ in range(4)]
        return n.node("BatchNormalization", x, *values)

    h = n.node("Relu", norm(n.conv(n.x, 3, 8), 8))
    h = norm(n.node("Relu", n.conv(h, 8, 8)), 8)  # behind an activation: no tool folds it
    return (n.gemm(n.pooled(n.conv(h, 8, 4)), 4, 4),)


def constant_nodes(n: Net) -> tuple[str, ...]:
    n.held = True
    return separable(n)


def shared(n: Net) -> tuple[str, ...]:
    filter = n.weights(8, 8, 3, 3)
    h = n.node("Relu", n.conv(n.x, 3, 8))
    for _ in range(2):
        h = n.node("Relu", n.conv(h, 8, 8, weights=filter))
    return (n.gemm(n.pooled(h), 8, 4),)


def shape_chain(n: Net) -> tuple[str, ...]:
    """How Keras' and PyTorch's exporters write a flattening with an open batch."""
    h = n.node("Relu", n.conv(n.x, 3, 4, stride=2))
    batch = n.node("Gather", n.node("Shape", h), n.constant(np.array(0, np.int64)))
    first = n.node("Unsqueeze", batch, n.constant(np.array([0], np.int64)))
    shape = n.node("Concat", first, n.constant(np.array([-1], np.int64)), axis=0)
    return (n.gemm(n.node("Reshape", h, shape), 256, 4),)


def line(n: Net) -> tuple[str, ...]:
    """A network over one axis."""
    h = n.x
    for before, after in ((4, 8), (8, 8)):
        h = n.node(
            "Conv", h, n.weights(after, before, 3), n.weights(after), kernel_shape=[3], pads=[1, 1]
        )
        h = n.node("Relu", h)
    return (n.gemm(n.pooled(h), 8, 3),)


def parts(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 16))
    left, right = n.node("Split", h, n.constant(np.array([8, 8], np.int64)), outputs=2, axis=1)
    left = n.node("Relu", n.conv(left, 8, 8))
    h = n.node("Concat", left, right, axis=1)
    bounds = (n.constant(np.array([v], np.int64)) for v in (4, 12, 1))
    return (n.conv(n.node("Slice", h, *bounds), 8, 4),)


def two_outputs(n: Net) -> tuple[str, ...]:
    h = n.conv(n.x, 3, 8)
    return h, n.gemm(n.pooled(n.node("Relu", h)), 8, 4)


def two_inputs(n: Net) -> tuple[str, ...]:
    a = n.node("Relu", n.conv(n.inputs[0], 3, 8))
    b = n.node("Relu", n.conv(n.inputs[1], 1, 8))
    return (n.gemm(n.pooled(n.node("Mul", a, b)), 8, 4),)


def constants(n: Net) -> tuple[str, ...]:
    """Constants that stay float: of a difference, a quotient, a slope; and int8 ones of a sum."""
    h = n.node("PRelu", n.conv(n.x, 3, 8), n.weights(8, 1, 1))
    h = n.node("Sub", n.conv(h, 8, 8), n.weights(8, 1, 1))
    h = n.node("Div", n.conv(h, 8, 8), n.constant(np.full((8, 1, 1), 2, np.float32)))
    h = n.node("Add", n.conv(h, 8, 8), n.weights(8, 1, 1))
    return (n.conv(n.node("Mul", h, n.weights(1, 8, 1, 1)), 8, 4),)


def leaky(n: Net) -> tuple[str, ...]:
    h = n.node("LeakyRelu", n.conv(n.x, 3, 8), alpha=0.1)
    return (n.node("LeakyRelu", n.conv(h, 8, 4, stride=2), alpha=0.1),)


def padded(n: Net) -> tuple[str, ...]:
    pads = n.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    h = n.node("Pad", n.node("Relu", n.conv(n.x, 3, 8)), pads, n.constant(np.float32(0)))
    return (n.conv(h, 8, 4),)


def shuffled(n: Net) -> tuple[str, ...]:
    """Groups, and the shuffle behind them, over five axes."""
    h = n.node("Relu", n.conv(n.x, 3, 8))
    h = n.node("Relu", n.conv(h, 8, 8, k=1, groups=2))
    h = n.node("Reshape", h, n.constant(np.array([1, 2, 4, 16, 16], np.int64)))
    h = n.node("Transpose", h, perm=[0, 2, 1, 3, 4])
    h = n.node("Reshape", h, n.constant(np.array([1, 8, 16, 16], np.int64)))
    return (n.conv(h, 8, 4, groups=2),)


def identities(n: Net) -> tuple[str, ...]:
    h = n.node("Identity", n.node("Relu", n.conv(n.x, 3, 8)))
    filter = n.node("Identity", n.weights(4, 8, 3, 3))
    return (n.gemm(n.pooled(n.node("Identity", n.conv(h, 8, 4, weights=filter))), 4, 4),)


def merges_of_one(n: Net) -> tuple[str, ...]:
    h = n.node("Concat", n.node("Relu", n.conv(n.x, 3, 8)), axis=1)
    for kind in ("Max", "Min", "Sum", "Mean"):
        h = n.node(kind, n.conv(h, 8, 8))
    return (n.gemm(n.pooled(h), 8, 4),)


class Case(NamedTuple):
    """A network, and how it is quantised."""

    name: str
    build: Callable[[Net], tuple[str, ...]]
    options: dict[str, Any] = {}  # noqa: RUF012  # never changed
    """For `quantize_static`; types by name."""
    net: dict[str, Any] = {}  # noqa: RUF012
    """For `Net`: shapes, opset."""
    prepared: bool = False
    """Whether `quant_pre_process` comes first."""

    def float_model(self) -> ModelProto:
        about = dict(self.net)
        net = Net(*about.pop("shapes", [("N", 3, 16, 16)]), **about)
        return net.model(*self.build(net))


CHANNELS = {"per_channel": True}
SYMMETRIC = {"extra_options": {"ActivationSymmetric": True}}
KEPT = {"extra_options": {"QDQKeepRemovableActivations": True}}
PAIRED = {"extra_options": {"DedicatedQDQPair": True}}
SHORT = {"activation_type": "QInt16"}
NIBBLES = {"weight_type": "QInt4"}
LAST = {"shapes": [("N", 16, 16, 3)]}
VECTORS = {"shapes": [("N", 4, 32)]}
PAIR = {"shapes": [(1, 3, 16, 16), (1, 1, 16, 16)]}

CASES: tuple[Case, ...] = (
    *(
        Case(f"{build.__name__}-{how}", build, options, {}, prepared)
        for build in (chain, separable, residual, squeezed, inception, branches)
        for how, options, prepared in (
            ("tensor", {}, False),
            ("channel", CHANNELS, False),
            ("prepared", CHANNELS, True),
        )
    ),
    *(
        Case(build.__name__, build, CHANNELS if number % 2 else {})
        for number, build in enumerate(
            (silu, split_hard_swish, hard_squeezed, pools, pyramid, decoder, products, mean_island)
        )
    ),
    Case("added_hard_swish", added_hard_swish, CHANNELS),
    Case("silu-prepared", silu, CHANNELS, prepared=True),
    Case("hard_squeezed-prepared", hard_squeezed, {}, prepared=True),
    Case("products-prepared", products, CHANNELS, prepared=True),
    Case("attention", attention),
    Case("unregistered", unregistered),
    Case("unregistered-channel", unregistered, CHANNELS),
    Case("turned_first", turned_first, CHANNELS, LAST),
    Case("batchnorm", batchnorm),
    Case("batchnorm-prepared", batchnorm, CHANNELS, prepared=True),
    Case("constant_nodes", constant_nodes),
    Case("constant_nodes-channel", constant_nodes, CHANNELS),
    Case("constant_nodes-prepared", constant_nodes, CHANNELS, prepared=True),
    Case("shared", shared, CHANNELS),
    Case("shape_chain", shape_chain),
    Case("shape_chain-prepared", shape_chain, CHANNELS, prepared=True),
    Case("line", line, CHANNELS, VECTORS),
    Case("parts", parts, CHANNELS),
    Case("two_outputs", two_outputs),
    Case("two_inputs", two_inputs, {}, PAIR),
    Case("constants", constants, CHANNELS),
    Case("leaky", leaky),
    Case("padded", padded),
    Case("shuffled", shuffled, CHANNELS),
    Case("identities", identities),
    Case("merges_of_one", merges_of_one),
    Case("separable-symmetric", separable, SYMMETRIC),
    Case("residual-kept", residual, KEPT),
    Case("inception-kept", inception, KEPT),
    Case("branches-pairs", branches, PAIRED),
    Case("residual-pairs", residual, PAIRED),
    Case("separable-opset11", separable, {}, {"opset": 11, "ir": 6}),
    Case("pools-opset11", pools, {}, {"opset": 11, "ir": 6}),
    Case("chain-int16", chain, SHORT, {"opset": 21, "ir": 10}),
    Case("residual-int16", residual, SHORT),
    Case("chain-int4", chain, NIBBLES, {"opset": 21, "ir": 10}),
    Case("separable-int4", separable, NIBBLES),
    Case("chain-uint8", chain, {"activation_type": "QUInt8"}),
    Case("residual-convolutions", residual, {"op_types_to_quantize": ["Conv"]}),
    Case("silu-convolutions", silu, {"op_types_to_quantize": ["Conv"]}),
    Case("residual-excluded", residual, {"nodes_to_exclude": ["conv2", "conv8"]}),
    Case("inception-excluded", inception, {"nodes_to_exclude": ["concat10", "maxpool8"]}),
    Case("chain-float", chain, {"float": True}),
    Case("silu-float", silu, {"float": True}),
)
