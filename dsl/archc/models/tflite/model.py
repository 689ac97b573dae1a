"""What a TFLite file holds."""

from math import prod
from typing import NamedTuple

Fused = str
"""The name of a fused activation: `RELU`, `RELU6`, `RELU_N1_TO_1`, `TANH`, `SIGN_BIT`."""


class Quantization(NamedTuple):
    """How the integers of a tensor stand for numbers: `scale * (q - zero_point)`.

    One scale is of the whole tensor; several belong to the slices along ``axis``.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int


class Tensor(NamedTuple):
    """A tensor of a subgraph. Shapes include the batch."""

    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    """The shape with -1 where an extent is left open; equal to ``shape`` where none is."""
    dtype: str
    """`int8`, `float32`, ..."""
    buffer: int
    """Index of its buffer; equal constants may share one."""
    start: int
    """Where its values begin in the file."""
    size: int
    """Bytes of its values; 0 for what is computed."""
    quantization: Quantization | None
    sparse: bool
    """Whether the values are stored without their zeros."""
    variable: bool
    """Whether its values outlive a run."""

    @property
    def constant(self) -> bool:
        return self.size > 0

    @property
    def elements(self) -> int:
        return prod(self.shape)


class Operator(NamedTuple):
    """An operator of a subgraph, in the order of execution."""

    name: str
    """As in TFLite's schema; `CUSTOM` for one that TFLite does not define."""
    custom: str | None
    """The name of a custom operator."""
    version: int
    inputs: tuple[int, ...]
    """Indices of tensors; -1 where an optional one is left out."""
    outputs: tuple[int, ...]
    activation: Fused | None
    """The activation fused into it."""
    stride: tuple[int, int] | None
    """Rows and columns; of a convolution or pool."""
    padding: str | None
    """`SAME` or `VALID`; of a convolution or pool."""
    dilation: tuple[int, int] | None
    """Rows and columns; of a convolution."""
    window: tuple[int, int] | None
    """Rows and columns of a pool."""

    @property
    def shown(self) -> str:
        """Its name, with that of a custom operator."""
        return self.name if self.custom is None else f"{self.name} `{self.custom}`"


class Subgraph(NamedTuple):
    """A graph of operators over tensors; the first one of a file is its network."""

    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]


class Model(NamedTuple):
    """A file. ``data`` are its bytes, in which constants are found by start and size."""

    name: str
    version: int
    """Of the schema; 3 in all files since 2018."""
    description: str
    subgraphs: tuple[Subgraph, ...]
    metadata: tuple[str, ...]
    """Names of what else is in the file."""
    data: bytes
    names: dict[int, str] = {}  # noqa: RUF012  # of a tuple that does not change
    """Of inputs and outputs of the first subgraph, by index of their tensors: those of the file's
    first signature that is of it."""

    def values(self, tensor: Tensor) -> bytes:
        """The bytes of a constant."""
        return self.data[tensor.start : tensor.start + tensor.size]
