"""Random specs unlike those of `strategies`: sizes from 1 and mostly odd, operators in odd places.

`strategies` writes trees from the registry to try the language; this writes networks to try the
lowering: batch normalisations and activations anywhere, no-ops between, vectors and maps of one
value, equal branches, several dense layers in a row. It follows shapes, so that nearly all of its
specs compile. `tests/fuzz/odd_networks.py` puts many of them through the converter.
"""

from random import Random
from typing import NamedTuple

from archc.ops import OPERATORS, Shape
from archc.ops.arguments import OpError
from archc.ops.base import product

VALUES, WEIGHTS, MOST = 6_000, 20_000, 24
"""The most values of a feature map, of a kernel, and statements of a spec."""

KEEPING = (
    *("activation",) * 9,
    *("batchnorm",) * 6,
    *("dropout", "no_padding", "no_upsampling", "same_reshape", "layernorm"),
    *("conv_keep", "conv_keep", "dwconv_keep", "dwconv_keep", *("dense_keep",) * 4),
)
"""What leaves the shape as it is."""
CHANGING = (
    *("conv",) * 6,
    *("dwconv",) * 4,
    *("dense",) * 10,
    *("max_pool", "average_pool", "max_pool", "average_pool"),
    *("global_average_pool",) * 3,
    *("global_max_pool", "conv_transpose", "conv_transpose", "zero_pad", "zero_pad"),
    *("flatten", "flatten", "reshape", "reshape", "upsample", "same_padded", "ds", "ir"),
)
MERGING = (
    *("skip", "skip", "skip", "gate", "gate", "add", "add", "multiply", "concat", "concat"),
    *("se", "attention_pool", "named", "branch"),
)
ACTIVATIONS = (
    *("relu6", "relu6", "relu6", "relu", "relu", "sigmoid", "softmax", "tanh", "hard_sigmoid"),
    *("hard_swish", "swish", "gelu", "leaky_relu", "leaky_relu(0.1)"),
)


class OddSpec(NamedTuple):
    text: str
    io: str
    """The types at the border with which it is converted."""


def odd_spec(seed: int) -> OddSpec:
    """A spec with one network; the same for the same seed."""
    return _Writer(Random(f"odd {seed}")).spec()


class _Writer:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.pick = random.choice
        self.left = MOST
        self.blocks: list[str] = []

    def spec(self) -> OddSpec:
        pick = self.pick
        shape = self.entrance()
        lines = [f"input {pick(['image', 'x1', 'mel'])}: {' x '.join(map(str, shape))}"]
        lines.append("rounding(divisor = 1)")
        if self.chance(0.3):
            text, after = self.body(shape, pick([1, 2, 3]))
            repeat = "(repeat = 2)" if after == shape and self.chance(0.4) else ""
            lines.append(f"stage {pick(['s', 'stem', 'Body'])}{repeat} {{ {text} }}")
            shape = after
        text, shape = self.body(shape, pick([1, 2, 3, 4, 5, 6, 8, 10]))
        lines.append(f"head {{ {text} }}")
        arch = f"arch {pick(['net', 'a', 'Zoo', 'n_1'])} {{"
        body = [f"    {line}" for line in lines]
        return OddSpec(
            "\n".join([*self.blocks, arch, *body, "}", ""]),
            pick(["float32", "float32", "int8", "uint8"]),
        )

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def entrance(self) -> Shape:
        if self.chance(0.2):
            return (self.pick([1, 2, 3, 7, 8, 16, 33, 63]),)
        sides = [1, 1, 2, 3, 4, 5, 7, 8, 9, 11]
        return self.pick(sides), self.pick(sides), self.pick([1, 1, 2, 3, 4, 5, 7, 8, 9])

    def body(self, shape: Shape, size: int, depth: int = 0) -> tuple[str, Shape]:
        """Statements that run on a shape, and the shape that comes out."""
        texts = []
        for _ in range(size):
            kinds = self.pick([KEEPING, KEEPING, CHANGING, MERGING if depth < 2 else CHANGING])
            text, shape = self.statement(self.pick(kinds), shape, depth)
            texts.append(text)
        return " ".join(filter(None, texts)), shape

    def keeping(self, shape: Shape, size: int) -> str:
        return " ".join(self.statement(self.pick(KEEPING), shape, 2)[0] for _ in range(size))

    def statement(self, kind: str, shape: Shape, depth: int) -> tuple[str, Shape]:
        """One statement; empty where one of this kind does not run on the shape or is too large."""
        self.left -= 1
        if self.left < 0:
            return "", shape
        try:
            text, after = getattr(self, f"_{kind}", self._plain(kind))(shape, depth)
        except OpError:
            return "", shape
        return (text, after) if product(after) <= VALUES else ("", shape)

    def _plain(self, keyword: str):  # type: ignore[no-untyped-def]
        """An operator by its keyword with arguments drawn for it."""

        def write(shape: Shape, depth: int) -> tuple[str, Shape]:
            return self.operator(keyword, shape, **self.arguments(keyword, shape))

        return write

    def operator(self, keyword: str, reads: Shape, /, **arguments: object) -> tuple[str, Shape]:
        op = OPERATORS[keyword](**arguments)
        after = op.infer(reads)
        if sum(weight.size for weight in op.weights(reads)) > WEIGHTS:
            raise OpError("too large")
        shown = []
        for name, value in arguments.items():
            text = op.args[name].show(value) if not isinstance(value, str) else value
            if name == "channels":
                text = f"exact({text})"
            shown.append(f"{name} = {text}")
        return (f"{keyword}({', '.join(shown)})" if shown else keyword), after

    def arguments(self, keyword: str, shape: Shape) -> dict[str, object]:
        pick = self.pick
        kernel = pick([(1, 1), (3, 3), (3, 3), (2, 2), (1, 3), (5, 2)])
        stride = pick([(1, 1), (1, 1), (2, 2), (1, 2), (3, 3)])
        padding = pick(["same", "same", "valid"])
        windowed: dict[str, object] = {"kernel": kernel, "stride": stride, "padding": padding}
        if self.chance(0.4):
            windowed["bias"] = self.chance(0.5)
        channels = pick([1, 2, 3, 5, 7, 8, 12])
        if keyword == "conv":
            if self.chance(0.15):
                windowed.update(stride=(1, 1), dilation=pick([(2, 2), (1, 2)]))
            groups = [g for g in (2, 3) if shape[-1] % g == 0 and channels % g == 0]
            if groups and self.chance(0.3):
                windowed["groups"] = pick(groups)
            return {"channels": channels, **windowed}
        if keyword == "dwconv":
            return {**windowed, "multiplier": pick([1, 1, 2])}
        if keyword == "conv_transpose":
            return {"channels": channels, **windowed}
        if keyword == "dense":
            units = pick([1, 2, 3, 4, 8, 10, 16])
            return {"units": units, "bias": False} if self.chance(0.2) else {"units": units}
        if keyword in ("max_pool", "average_pool"):
            window = pick([(1, 1), (2, 2), (2, 2), (3, 3), (1, 2)])
            more = {"stride": stride} if self.chance(0.4) else {}
            return {"window": window, "padding": padding, **more}
        if keyword.startswith("global"):
            return {"keepdims": True} if self.chance(0.5) else {}
        if keyword == "zero_pad":
            amounts = [(0, 0), (1, 1), (1, 0), (0, 1), (2, 2)]
            more = {"after": pick(amounts)} if self.chance(0.5) else {}
            return {"before": pick(amounts), **more}
        if keyword == "upsample":
            return {
                "scale": pick([(1, 1), (2, 2), (1, 2), (3, 1)]),
                "interpolation": pick(["nearest", "bilinear"]),
            }
        if keyword == "layernorm":
            return {"scale": self.chance(0.7), "center": self.chance(0.7)}
        if keyword == "reshape":
            return {"shape": self.reshaped(shape)}
        return {}

    def reshaped(self, shape: Shape) -> Shape:
        """A shape of as many values."""
        size = product(shape)
        first = self.pick([n for n in range(1, size + 1) if size % n == 0])
        second = self.pick([n for n in range(1, size // first + 1) if size // first % n == 0])
        rest = size // first // second
        return self.pick(
            [(size,), (1, 1, size), (first, second, rest), (rest, 1, size // rest), shape]
        )

    # what leaves the shape as it is

    def _activation(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.pick(ACTIVATIONS), shape

    def _batchnorm(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.pick(["batchnorm", "batchnorm", "batchnorm(epsilon = 0.01)"]), shape

    def _dropout(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        spatial = len(shape) == 3 and self.chance(0.3)
        return ("spatial_dropout(0.2)" if spatial else "dropout"), shape

    def _no_padding(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.operator("zero_pad", shape, before=(0, 0))

    def _no_upsampling(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        kind = self.pick(["nearest", "bilinear"])
        return self.operator("upsample", shape, scale=(1, 1), interpolation=kind)

    def _same_reshape(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.operator("reshape", shape, shape=shape)

    def _conv_keep(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        kernel = self.pick([(1, 1), (3, 3), (1, 3)])
        return self.operator("conv", shape, channels=shape[-1], kernel=kernel)

    def _dwconv_keep(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.operator("dwconv", shape, kernel=self.pick([(1, 1), (3, 3), (2, 3)]))

    def _dense_keep(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.operator("dense", shape, units=shape[-1])

    # blocks

    def _same_padded(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        stride = self.pick([1, 2])
        arguments = {"kernel": (3, 3), "stride": (stride, stride)}
        _, after = self.operator("dwconv", shape, **arguments, padding="same")
        text, _ = self.operator("dwconv", shape, **arguments, padding="valid")
        return f"same_pad(3x3, {stride}) {text}", after

    def _ds(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        channels, stride = self.pick([shape[-1], 3, 8]), self.pick([1, 2])
        _, after = self.operator("conv", shape, channels=channels, stride=(stride, stride))
        return f"ds(exact({channels}), {stride})", after

    def _ir(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        channels, stride = self.pick([shape[-1], 5, 8]), self.pick([1, 2])
        _, after = self.operator("conv", shape, channels=channels, stride=(stride, stride))
        return f"ir(exact({channels}), {stride}, expansion = 2)", after

    def _se(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        self.operator("global_average_pool", shape)
        return "se(reduction = 1)", shape

    def _attention_pool(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return "attention_pool", self.operator("global_average_pool", shape)[1]

    def _named(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        """A block of its own, called twice where the shape stays."""
        text, after = self.body(shape, self.pick([1, 2, 3]), depth + 1)
        name = f"block{len(self.blocks)}"
        self.blocks.append(f"block {name} {{ {text} }}")
        return (f"{name} {name}" if after == shape and self.chance(0.6) else name), after

    # merges

    def _branch(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        """Two equal bodies."""
        text = self.keeping(shape, self.pick([1, 1, 2]))
        merge = self.pick(["add", "multiply", "concat"])
        after = (*shape[:-1], 2 * shape[-1]) if merge == "concat" else shape
        return f"{merge} {{ {text} }} {{ {text} }}", after

    def _skip(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        text, after = self.body(shape, self.pick([1, 2, 2, 3]), depth + 1)
        return f"skip {{ {text} }}", after

    def _gate(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        if len(shape) == 1 or self.chance(0.4):
            return f"gate {{ {self.keeping(shape, self.pick([1, 2, 3]))} }}", shape
        inner = self.keeping(shape, self.pick([0, 1]))
        one = (1, 1, shape[-1])
        if self.chance(0.5):
            text = f"global_average_pool(keepdims = true) {self.keeping(one, self.pick([1, 2]))}"
        else:
            vector = self.keeping(one[-1:], self.pick([1, 2, 3]))
            text = f"global_average_pool {vector} reshape(1x1x{shape[-1]})"
        return f"gate {{ {inner} {text} }}", shape

    def _add(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.merged(self.pick(["add", "add", "multiply"]), shape)

    def _multiply(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        return self.merged("multiply", shape)

    def merged(self, keyword: str, shape: Shape) -> tuple[str, Shape]:
        """Two or three bodies that come to one shape, by a layer with weights or without."""
        after, layer = shape, ""
        if self.chance(0.5):
            keywords = ["dense"] if len(shape) == 1 else ["conv", "conv", "max_pool"]
            layer, after = self.statement(self.pick(keywords), shape, 2)
        bodies = []
        for _ in range(self.pick([2, 2, 3])):
            before = self.keeping(shape, self.pick([0, 0, 1]))
            bodies.append(f"{{ {before} {layer} {self.keeping(after, self.pick([0, 1, 2]))} }}")
        return f"{keyword} {' '.join(bodies)}", after

    def _concat(self, shape: Shape, depth: int) -> tuple[str, Shape]:
        bodies, width = [], 0
        for _ in range(self.pick([2, 2, 3])):
            text, after = self.keeping(shape, self.pick([0, 1, 2])), shape
            if self.chance(0.4):
                if len(shape) == 1:
                    layer, after = self.statement("dense", shape, 2)
                else:
                    channels = self.pick([1, 3, 8])
                    layer, after = self.operator("conv", shape, channels=channels)
                text = f"{text} {layer} {self.keeping(after, self.pick([0, 1]))}"
            width += after[-1]
            bodies.append(f"{{ {text} }}")
        return f"concat {' '.join(bodies)}", (*shape[:-1], width)
