"""A network as TFLM sees it: tensors and operators of one subgraph, constants among them."""

from archc.analysis.lowering.deployed import INPUT, Deployed, DeviceOp
from archc.ops.base import Shape
from archc.typed import NamedTuple
from archc.values import key


class Tensor(NamedTuple):
    """A tensor of the file."""

    shape: Shape
    """The batch included."""
    width: int
    """Bytes of a value."""
    scales: int
    """How many scales it has; 0 where it is not quantised."""
    constant: bool = False


class Window(NamedTuple):
    """How a kernel moves: rows before columns."""

    stride: tuple[int, int]
    dilation: tuple[int, int]
    valid: bool
    """Whether nothing is padded."""


class Operator(NamedTuple):
    """An operator over tensors."""

    name: str
    inputs: tuple[int, ...]
    """Indices of tensors; -1 where an optional one is left out."""
    outputs: tuple[int, ...]
    window: Window | None = None
    """Of a convolution or pool, where it is known."""


class Network(NamedTuple):
    """One subgraph, operators in the order of the file."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


_PER_CHANNEL = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})


def deployed_network(deployed: Deployed) -> Network:
    """The file that a deployed graph stands for.

    Constants of equal content are one tensor where they have one type: tables and single numbers.
    Biases have the scales of their own operator, so equal ones are several tensors over one buffer.
    """
    border = [op for op in deployed.operators if op.border]
    floats = not deployed.operators or any(op.float_result for op in border)
    tensors = _Tensors()
    made: dict[int, int] = {}
    for number, shape in enumerate(deployed.input_shapes):
        made[INPUT - number] = tensors.add((1, *shape), floats)
    inputs = tuple(made.values())
    for index, op in enumerate(deployed.operators):
        made[index] = tensors.add((op.batch, *op.shape), op.float_result)
    operators = tuple(
        [
            Operator(op.operator, tensors.operands(index, op, made), (made[index],), _window(op))
            for index, op in enumerate(deployed.operators)
        ]
    )
    leaves = {
        op.inputs[0]: index
        for index, op in enumerate(deployed.operators)
        if op.border and min(op.inputs) >= 0
    }
    outputs = tuple(made[leaves.get(output, output)] for output in deployed.outputs)
    return Network(tuple(tensors.all), operators, inputs, outputs)


class _Tensors:
    """The tensors of a file while operators are put together."""

    def __init__(self) -> None:
        self.all: list[Tensor] = []
        self.shared: dict[object, int] = {}
        self.filters: dict[int, int] = {}

    def add(self, shape: Shape, floats: bool) -> int:
        return self.put(Tensor(shape, 4 if floats else 1, 0 if floats else 1))

    def put(self, tensor: Tensor) -> int:
        self.all.append(tensor)
        return len(self.all) - 1

    def share(self, key: object, tensor: Tensor) -> int:
        if key not in self.shared:
            self.shared[key] = self.put(tensor)
        return self.shared[key]

    def operands(self, index: int, op: DeviceOp, made: dict[int, int]) -> tuple[int, ...]:
        """What an operator reads, constants where TFLite has them."""
        reads = [made[source] for source in op.inputs]
        tables = [
            self.share(key("table", table), Tensor((len(table),), 4, 0, True))
            for table in op.tables
        ]
        if op.scalar is not None:
            tables.append(self.share(key("number", op.scalar), Tensor((1,), 1, 1, True)))
        constants = []
        if op.weights or op.twin is not None:
            self.filters[index] = (
                self.put(_filter(op)) if op.twin is None else self.filters[op.twin]
            )
            constants.append(self.filters[index])
        if op.biases:
            constants.append(self.put(Tensor((op.biases,), 4, op.biases, True)))
        if op.operator == "TRANSPOSE_CONV":
            return (*tables, constants[0], *reads, *constants[1:])
        return (*reads, *constants, *tables)


def _filter(op: DeviceOp) -> Tensor:
    channels = op.shape[-1]
    if op.operator not in _PER_CHANNEL:
        return Tensor((op.weights,), 1, 1, True)
    kernel = op.window.kernel if op.window is not None else (1, 1)
    if op.operator == "DEPTHWISE_CONV_2D":
        return Tensor((1, *kernel, channels), 1, channels, True)
    each = op.weights // channels
    if op.operator == "FULLY_CONNECTED":
        return Tensor((channels, each), 1, channels, True)
    depth = each // (kernel[0] * kernel[1])
    return Tensor((channels, *kernel, depth), 1, channels, True)


def _window(op: DeviceOp) -> Window | None:
    if op.window is None:
        return None
    return Window(op.window.stride, op.window.dilation, op.window.padding == "valid")
