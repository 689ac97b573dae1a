"""From the operators of a file to the epochs of the NPU compiler (`docs/latency.md`, "Epochs").

The compiler runs several operators as one step where it can: an activation in the convolution
before it, a sum in the later of its addends. What moves no values takes no time.
"""

from collections.abc import Callable
from operator import attrgetter

from archc.analysis.latency.model import Net, Op
from archc.typed import Any, NamedTuple
from archc.values import below, equal, larger

VIEWS = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "PACK", "PAD"})
"""What is another view of its input, or done by what reads it."""
FUSED = frozenset(
    {"RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH", "LOGISTIC", "PRELU", "TANH", "SWISH"}
)
"""What a convolution, dense layer or sum before it computes along with its result."""
SEEN = frozenset(
    {"MEAN", "MAX_POOL_2D", "AVERAGE_POOL_2D", "LOGISTIC", "MUL", "ADD", "SUB", "RELU", "RELU6"}
    | {"LEAKY_RELU", "QUANTIZE", "TANH", "PRELU"}
)
"""Operators whose own epochs are in the calibration."""
ALIGNED = 8
"""Channels that the hardware moves together."""
LARGE_KERNEL = 7
"""Rows or columns from which a convolution keeps partial sums."""
SMALL = 4096
"""Bytes up to which a softmax or dequantisation counts for nothing."""
SWISH = "SWISH"
"""`x * sigmoid(x)`, which no file has as one operator."""

SOFTWARE = frozenset({"software", "softmax"})


class Step:
    """An epoch while operators are still merged into it."""

    __slots__ = (
        *("activation", "addend", "channels", "groups", "kernel", "kind", "macs", "made", "ops"),
        *(
            "partial",
            "pixels",
            "pooled",
            "read",
            "reads",
            "stride",
            "unaligned",
            "unknown",
            "weights",
        ),
        *("width", "written"),
    )

    def __init__(self, kind: str, ops: list[int], reads: list[int], made: int) -> None:
        self.kind = kind
        self.ops = ops
        self.reads = reads
        """Buffers."""
        self.made = made
        """The buffer it writes."""
        self.read = 0
        """Bytes of the maps it reads, a fused addend left out."""
        self.written = 0
        """Bytes of its own result, before a fused pool."""
        self.addend = 0
        """Bytes of a fused addend."""
        self.pooled: int | None = None
        """Bytes that a fused pool leaves of its result."""
        self.width = 1
        """Bytes of a value of its result."""
        self.weights: float = 0
        """Bytes read from flash."""
        self.kernel = 1
        self.stride = 1
        self.groups = 1
        self.channels = (0, 0)
        """Read and made."""
        self.pixels = (0, 0)
        """Of the map read and of the result."""
        self.macs = 0
        self.activation = False
        """Whether an activation is fused, one that a convolution's own clamp (ReLU) is not."""
        self.partial = False
        """Whether a convolution keeps partial sums."""
        self.unknown = False
        self.unaligned = False

    @property
    def numbers(self) -> tuple[Any, ...]:
        """All that its time follows from, but for the plan of memory."""
        return (*_NUMBERS(self), *self.channels, *self.pixels)

    @property
    def result(self) -> int:
        """Bytes that it writes in the end."""
        return (self.written if self.pooled is None else self.pooled) * self.width


_PLACES = ("ops", "reads", "made", "channels", "pixels")
_NUMBERS = attrgetter(*[name for name in Step.__slots__ if name not in _PLACES])


class Epochs(NamedTuple):
    """The epochs of a network in order, with the buffers between them."""

    steps: tuple[Step, ...]
    sizes: tuple[int, ...]
    """Values of each buffer, which are bytes but for those of a DEQUANTIZE."""
    inputs: tuple[int, ...]
    """Buffers of the network's inputs."""
    outputs: frozenset[int]
    """Buffers that nothing reads: the network's results."""
    makers: tuple[int, ...]
    """The operator that each buffer is the result of; -1, ... for inputs."""


def epochs(net: Net) -> Epochs:
    """The epochs of a network."""
    return _Builder(net).build()


class _Builder:
    def __init__(self, net: Net) -> None:
        self.net = net
        self.elements = [rows * columns * channels for rows, columns, channels in net.tensors]
        self.operators = _swishes(net)
        """With the indices in the file of what each stands for."""
        self.readers = [0] * len(net.tensors)
        for op, _ in self.operators:
            for tensor in op.reads:
                self.readers[tensor] += 1
        self.steps: list[Step] = []
        self.places: dict[int, int] = {}
        """Buffer to the step that writes it."""
        self.buffers: dict[int, int] = {}
        """Tensor to the buffer it lies in."""
        self.sizes: list[int] = []
        self.makers: list[int] = []

    def build(self) -> Epochs:
        inputs = tuple(self._input(number, tensor) for number, tensor in enumerate(self.net.inputs))
        for op, ops in self.operators:
            if op.operator in VIEWS:
                self._alias(op)
            elif not self._fuse(op, ops):
                _HANDLERS.get(op.operator, _Builder._elementwise)(self, op, ops)
            for tensor in op.makes[1:]:  # where no handler sees more than one result
                self.buffers.setdefault(tensor, self.buffers[op.makes[0]])
        outputs = {
            self.buffers[tensor]
            for op, _ in self.operators
            for tensor in op.makes
            if not self.readers[tensor]
        }
        return Epochs(
            tuple(self.steps), tuple(self.sizes), inputs, frozenset(outputs), tuple(self.makers)
        )

    # --- buffers ------------------------------------------------------------------------------

    def _buffer(self, size: int, maker: int) -> int:
        self.sizes.append(size)
        self.makers.append(maker)
        return len(self.sizes) - 1

    def _input(self, number: int, tensor: int) -> int:
        """The step that converts or copies an input; its buffer is that of the image as given."""
        size = self.elements[tensor]
        given, copied = self._buffer(size, -1 - number), self._buffer(size, -1 - number)
        step = Step("software" if self.net.floats else "input", [], [given], copied)
        step.read = step.written = size
        self._add(step)
        self.buffers[tensor] = copied
        return given

    def _add(self, step: Step) -> None:
        self.places[step.made] = len(self.steps)
        self.steps.append(step)

    def _emit(self, kind: str, op: Op, ops: list[int], made: int | None = None) -> Step:
        """A new step that reads all of an operator's maps and makes one of its results."""
        tensor = op.makes[0] if made is None else made
        step = Step(
            kind,
            ops,
            [self.buffers[tensor] for tensor in op.reads],
            self._buffer(self.elements[tensor], ops[-1]),
        )
        step.read = sum([self.elements[tensor] for tensor in op.reads])
        step.written, step.width = self.elements[tensor], op.width
        self.buffers[tensor] = step.made
        self._add(step)
        return step

    def _alias(self, op: Op) -> None:
        for tensor in op.makes:
            self.buffers[tensor] = self.buffers[op.reads[0]]

    def _owner(self, tensor: int) -> Step | None:
        """The step whose result a tensor is, if nothing else reads that."""
        place = self.places.get(self.buffers[tensor])
        return self.steps[place] if place is not None and self.readers[tensor] == 1 else None

    def _absorb(self, step: Step, op: Op, ops: list[int]) -> None:
        """Let a step make an operator's result in place of its own."""
        tensor = op.makes[0]
        place = self.places.pop(step.made)
        step.made = self.buffers[tensor] = self._buffer(self.elements[tensor], ops[-1])
        self.places[step.made] = place
        step.ops += ops

    # --- operators ----------------------------------------------------------------------------

    def _fuse(self, op: Op, ops: list[int]) -> bool:
        """Merge an operator into the step before it, where the compiler does."""
        if op.operator in FUSED:
            step = self._owner(op.reads[0])
            twice = op.operator in (SWISH, "HARD_SWISH") and self.net.qdq
            if twice or step is None or step.kind not in _COMPUTE or step.activation:
                return False
            step.activation = True
        elif op.operator == "MAX_POOL_2D" and op.stride > 1:
            step = self._owner(op.reads[0])
            if (
                step is None
                or step.kind not in ("conv", "pointwise")
                or step.pooled is not None
                or step.addend
            ):
                return False
            step.pooled = self.elements[op.makes[0]]
        else:
            return False
        self._absorb(step, op, ops)
        return True

    def _sum(self, op: Op, ops: list[int]) -> None:
        """A sum of two maps is computed with the later one of its addends, if that is a
        convolution and the other one is there by then."""
        if len(op.reads) != 2:
            self._elementwise(op, ops)
            return
        hosts = []
        for tensor in op.reads:
            step = self._owner(tensor)
            if step is not None and step.kind in _KERNELS and not (step.activation or step.addend):
                hosts.append((self.places[step.made], tensor, step))
        if hosts:
            place, tensor, step = max(hosts, key=lambda host: host[0])
            others = [other for other in op.reads if other != tensor]
            if others and self.places.get(self.buffers[others[0]], -1) < place:
                step.addend = self.elements[others[0]]
                step.reads.append(self.buffers[others[0]])
                self._absorb(step, op, ops)
                return
        self._emit("add", op, ops)

    def _kernel(self, op: Op, ops: list[int]) -> None:
        rows, columns, channels = self.net.tensors[op.reads[0]]
        made = self.net.tensors[op.makes[0]]
        step = self._emit("conv", op, ops)
        step.kernel, step.stride, step.groups = larger(*op.kernel), op.stride, op.groups
        step.channels, step.pixels = (channels, made[2]), (rows * columns, made[0] * made[1])
        step.weights, step.macs = op.weights, made[0] * made[1] * op.weights
        if op.operator == "TRANSPOSE_CONV":
            step.groups = step.stride = 1
            step.unknown = True
        elif op.operator == "DEPTHWISE_CONV_2D":
            step.kind = "depthwise"
            step.weights = op.weights * depthwise_growth(columns, channels, step.kernel) / GRAIN
            step.activation = op.activation not in (None, "RELU", "RELU6")
        elif rows * columns == 1:
            step.kind = "dense"
        elif step.kernel == 1 and step.groups == 1:
            step.kind = "pointwise"
        step.partial = step.kind == "conv" and step.kernel >= LARGE_KERNEL

    def _dense(self, op: Op, ops: list[int]) -> None:
        self._emit("dense", op, ops).weights = op.weights

    def _concat(self, op: Op, ops: list[int]) -> None:
        maps = [self.net.tensors[tensor] for tensor in op.reads]
        made = self.net.tensors[op.makes[0]]
        widths = [each[2] for each in maps]
        listed = self.net.ranks[op.makes[0]] == 3
        channels = made[2] == sum(widths) and all(each[:2] == made[:2] for each in maps)
        rows = listed and not channels and not self.net.qdq
        aligned = all(width % ALIGNED == 0 for width in widths)
        alike = all(width == widths[0] for width in widths)
        hardware = rows or (aligned and (self.net.qdq or alike))
        if listed and channels:
            hardware = False
        step = self._emit("move" if hardware else "software", op, ops)
        step.unaligned = not aligned and not rows

    def _slice(self, op: Op, ops: list[int]) -> None:
        source = self.net.tensors[op.reads[0]]
        aligned = all(self.net.tensors[tensor][2] % ALIGNED == 0 for tensor in op.makes)
        along = self.net.tensors[op.makes[0]][:2] == source[:2]
        kind = "move" if source[1] > 1 and along and aligned else "software"
        for tensor in op.makes:
            step = self._emit(kind, op, ops, tensor)
            step.read = step.written
            step.unaligned = source[1] > 1 and not aligned

    def _nearest(self, op: Op, ops: list[int]) -> None:
        """Copies beside each other, which the CPU then puts in order."""
        size = self.elements[op.makes[0]]
        copies = Step("move", ops, [self.buffers[op.reads[0]]], self._buffer(size, ops[-1]))
        copies.read, copies.written = self.elements[op.reads[0]], size
        self._add(copies)
        ordered = Step("software", ops, [copies.made], self._buffer(size, ops[-1]))
        ordered.read = ordered.written = size
        self._add(ordered)
        self.buffers[op.makes[0]] = ordered.made

    def _transpose(self, op: Op, ops: list[int]) -> None:
        if sum(extent > 1 for extent in self.net.tensors[op.reads[0]]) < 2:
            self._alias(op)
        else:
            self._emit("software", op, ops)

    def _softmax(self, op: Op, ops: list[int]) -> None:
        if self.elements[op.makes[0]] <= SMALL:
            self._alias(op)
        else:
            self._emit("softmax", op, ops)

    def _dequantize(self, op: Op, ops: list[int]) -> None:
        if self.elements[op.makes[0]] <= SMALL:
            self._alias(op)
        else:
            self._emit("software", op, ops).width = 4

    def _quantize(self, op: Op, ops: list[int]) -> None:
        """At an input it is what the conversion of that input does."""
        place = self.places.get(self.buffers[op.reads[0]])
        if place is not None and place < len(self.net.inputs):
            self._alias(op)
            self.steps[place].ops += ops
        else:
            self._elementwise(op, ops)

    def _product(self, op: Op, ops: list[int]) -> None:
        sizes = [self.elements[tensor] for tensor in op.reads]
        if len(sizes) == 2 and sizes[0] != sizes[1]:
            self._emit("broadcast", op, ops)
        else:
            self._elementwise(op, ops)

    def _silu(self, op: Op, ops: list[int]) -> None:
        """Two steps: the function that gates, and the product with what it gates."""
        source, size = self.buffers[op.reads[0]], self.elements[op.makes[0]]
        gate = Step("silu", ops, [source], self._buffer(size, ops[-1]))
        product = Step("silu", ops, [source, gate.made], self._buffer(size, ops[-1]))
        for step in (gate, product):
            step.read = step.written = size
            self._add(step)
        self.buffers[op.makes[0]] = product.made

    def _strange(self, op: Op, ops: list[int]) -> None:
        self._emit("software", op, ops).unknown = True

    def _elementwise(self, op: Op, ops: list[int]) -> None:
        if not op.reads:
            return
        kinds = {"MAX_POOL_2D": "pool", "AVERAGE_POOL_2D": "pool"}
        self._emit(kinds.get(op.operator, "elementwise"), op, ops).unknown = op.operator not in SEEN


_KERNELS = frozenset({"conv", "pointwise", "depthwise"})
_COMPUTE = _KERNELS | {"dense", "add"}

_HANDLERS: dict[str, Callable[[_Builder, Op, list[int]], None]] = {
    "ADD": _Builder._sum,
    "CONV_2D": _Builder._kernel,
    "DEPTHWISE_CONV_2D": _Builder._kernel,
    "TRANSPOSE_CONV": _Builder._kernel,
    "FULLY_CONNECTED": _Builder._dense,
    "CONCATENATION": _Builder._concat,
    "STRIDED_SLICE": _Builder._slice,
    "SLICE": _Builder._slice,
    "SPLIT": _Builder._slice,
    "SPLIT_V": _Builder._slice,
    "RESIZE_NEAREST_NEIGHBOR": _Builder._nearest,
    "RESIZE_BILINEAR": _Builder._strange,
    "BATCH_MATMUL": _Builder._strange,
    "TRANSPOSE": _Builder._transpose,
    "SOFTMAX": _Builder._softmax,
    "DEQUANTIZE": _Builder._dequantize,
    "QUANTIZE": _Builder._quantize,
    "MUL": _Builder._product,
    SWISH: _Builder._silu,
    "HARD_SWISH": _Builder._silu,
}


def _swishes(net: Net) -> list[tuple[Op, list[int]]]:
    """The operators, a LOGISTIC and the product of it with what it reads being one `SWISH`."""
    readers: dict[int, list[int]] = {}
    for index, op in enumerate(net.operators):
        for tensor in op.reads:
            readers.setdefault(tensor, []).append(index)
    gates: dict[int, int] = {}
    """Product to the LOGISTIC."""
    for index, op in enumerate(net.operators):
        if op.operator == "LOGISTIC" and len(users := readers.get(op.makes[0], [])) == 1:
            product = net.operators[users[0]]
            if product.operator == "MUL" and set(product.reads) == {op.reads[0], op.makes[0]}:
                gates[users[0]] = index
    left_out = set(gates.values())
    found = []
    for index, op in enumerate(net.operators):
        if index in gates:
            gate = net.operators[gates[index]]
            found.append((Op(SWISH, gate.reads, op.makes), [gates[index], index]))
        elif index not in left_out:
            found.append((op, [index]))
    return found


GRAIN = 64
"""What `depthwise_growth` counts in."""


def depthwise_growth(width: int, channels: int, kernel: int) -> int:
    """How many times the weights of a depthwise convolution are read, in 64ths: those of a 3x3 one
    over a map 7 pixels wide with more than 512 channels are stored as ``channels / 64`` copies
    (exact for MobileNetV2's 960 and MobileNetV3's 1,344 channels, too much for 720 and 1,024)."""
    like: int = equal(width, 7) * equal(kernel, 3)
    if type(like) is int and not like:  # most
        return GRAIN
    grows: int = below(512, channels) * like
    return GRAIN + grows * (channels - GRAIN)
