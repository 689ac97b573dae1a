"""Random networks as ONNX files and random ways to quantise them, one for each seed."""

from random import Random
from typing import Any

import numpy as np

from support.onnx_nets import Case, Net

UNARY = ("Relu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "LeakyRelu", "Elu", "Softplus")


class Grower:
    """Grows a network from maps that are still to be read."""

    def __init__(self, net: Net, rng: Random) -> None:
        self.net, self.rng = net, rng
        self.maps = [(net.x, 3, 16)]
        """Name, channels, rows and columns."""

    def pick(self) -> tuple[str, int, int]:
        recent = self.maps[-3:]
        return self.rng.choice(recent if self.rng.random() < 0.8 else self.maps)

    def alike(self, channels: int, side: int) -> list[str]:
        return [name for name, c, s in self.maps if (c, s) == (channels, side)]

    def grow(self) -> None:
        name, channels, side = self.pick()
        step = self.rng.choice(STEPS)
        made = step(self, name, channels, side)
        if made is not None:
            self.maps.append(made)

    # --- steps ---

    def conv(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        rng = self.rng
        after, stride = rng.choice((4, 8, 12, 16)), 2 if s > 4 and rng.random() < 0.25 else 1
        groups = c if rng.random() < 0.3 else 1
        after = c if groups > 1 else after
        k = rng.choice((1, 3, 3, 5))
        h = self.net.conv(x, c, after, k, stride, groups, rng.random() < 0.7)
        return self.activated(h), after, -(-s // stride)

    def activated(self, h: str) -> str:
        kind = self.rng.random()
        if kind < 0.35:
            return str(self.net.node("Relu", h))
        if kind < 0.5:
            return self.net.relu6(h)
        if kind < 0.6:
            return str(self.net.node("Mul", h, self.net.node("Sigmoid", h)))
        return h

    def unary(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        return self.net.node(self.rng.choice(UNARY), x), c, s

    def add(self, x: str, c: int, s: int) -> tuple[str, int, int] | None:
        others = [name for name in self.alike(c, s) if name != x]
        if not others:
            return None
        kind = self.rng.choice(("Add", "Mul", "Add", "Sub"))
        return self.activated(self.net.node(kind, x, self.rng.choice(others))), c, s

    def concat(self, x: str, c: int, s: int) -> tuple[str, int, int] | None:
        others = [(name, w) for name, w, side in self.maps if side == s and name != x]
        if not others or c > 32:
            return None
        other, width = self.rng.choice(others)
        return self.net.node("Concat", x, other, axis=1), c + width, s

    def pool(self, x: str, c: int, s: int) -> tuple[str, int, int] | None:
        if s < 4:
            return None
        kind = self.rng.choice(("MaxPool", "AveragePool"))
        return self.net.node(kind, x, kernel_shape=[2, 2], strides=[2, 2]), c, s // 2

    def gate(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        h = self.net.conv(self.net.node("GlobalAveragePool", x), c, c, 1)
        return self.net.node("Mul", x, self.net.node("Sigmoid", h)), c, s

    def grown(self, x: str, c: int, s: int) -> tuple[str, int, int] | None:
        if s > 8:
            return None
        scales = self.net.constant(np.array([1, 1, 2, 2], np.float32))
        return self.net.node("Resize", x, "", scales, mode="nearest"), c, 2 * s

    def constant(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        kind = self.rng.choice(("Add", "Mul", "Sub", "Div"))
        values = np.abs(self.net.rng.normal(size=(c, 1, 1))).astype(np.float32) + 0.5
        return self.net.node(kind, x, self.net.constant(values)), c, s

    def same(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        return self.net.node("Identity", x), c, s

    def parted(self, x: str, c: int, s: int) -> tuple[str, int, int] | None:
        if c % 2:
            return None
        sizes = self.net.constant(np.array([c // 2, c // 2], np.int64))
        left, right = self.net.node("Split", x, sizes, outputs=2, axis=1)
        self.maps.append((left, c // 2, s))
        return right, c // 2, s

    def flat(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        shape = self.net.constant(np.array([1, c, s * s], np.int64))
        back = self.net.constant(np.array([1, c, s, s], np.int64))
        return self.net.node("Reshape", self.net.node("Reshape", x, shape), back), c, s

    def shuffled(self, x: str, c: int, s: int) -> tuple[str, int, int]:
        return self.net.node("Transpose", x, perm=[0, 1, 3, 2]), c, s


STEPS = (
    *(Grower.conv,) * 5,
    *(Grower.unary, Grower.add, Grower.add, Grower.concat, Grower.pool, Grower.gate, Grower.grown),
    *(Grower.constant, Grower.same, Grower.parted, Grower.flat, Grower.shuffled),
)


def case(seed: int) -> Case:
    """A network and how it is quantised, by its seed."""
    rng = Random(seed)
    steps = rng.randint(2, 14)

    def build(net: Net) -> tuple[str, ...]:
        grower = Grower(net, Random(seed))
        net.held = rng.random() < 0.2
        for _ in range(steps):
            grower.grow()
        name, channels, _ = grower.maps[-1]
        ends = [net.gemm(net.pooled(name), channels, 4, turned=seed % 2 == 0)]
        if seed % 5 == 0 and len(grower.maps) > 2:
            ends.append(grower.maps[-2][0])
        outputs = tuple(end for end in dict.fromkeys(ends) if end != net.x)
        prune(net, outputs)
        return outputs

    return Case(f"random{seed}", build, _options(rng), {}, rng.random() < 0.3)


def prune(net: Net, outputs: tuple[str, ...]) -> None:
    """Take out what no output depends on: the session would run it, and no device does."""
    needed = set(outputs)
    kept = []
    for node in reversed(net.nodes):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    net.nodes = kept[::-1]
    net.constants = [tensor for tensor in net.constants if tensor.name in needed]


def _options(rng: Random) -> dict[str, Any]:
    options: dict[str, Any] = {"per_channel": rng.random() < 0.5}
    extra = {
        name: True
        for name in ("ActivationSymmetric", "QDQKeepRemovableActivations", "DedicatedQDQPair")
        if rng.random() < 0.15
    }
    if extra:
        options["extra_options"] = extra
    kind = rng.random()
    if kind < 0.1:
        options["activation_type"] = "QInt16"
    elif kind < 0.2:
        options["weight_type"] = "QInt4"
    elif kind < 0.3:
        options["op_types_to_quantize"] = rng.choice((["Conv"], ["Conv", "Gemm", "Add", "Relu"]))
    return options
