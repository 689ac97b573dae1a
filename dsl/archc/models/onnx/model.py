"""What an ONNX file holds, as far as costs depend on it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from archc.compiler import product
from archc.models.elements import bits

FLOATS = frozenset({"float32", "float16", "bfloat16", "float64"})

Attribute = int | float | str | tuple[int | float | str, ...] | None
"""None for one that holds a tensor."""


class Value(NamedTuple):
    """A tensor, as shape inference sees it."""

    dtype: str
    shape: tuple[int, ...]
    """With the batch, as the file has it."""

    @property
    def bytes(self) -> int:
        return stored_bytes(self.dtype, self.shape)


class Constant(NamedTuple):
    """An initializer, or what a `Constant` node holds."""

    dtype: str
    shape: tuple[int, ...]
    external: bool
    """Whether its values are in another file, which is not read."""
    values: tuple[int | float, ...] | None
    """Of a small one: all of its numbers."""
    zero: bool = False
    """Whether it is a zero point, and 0 everywhere."""
    finite: bool = True
    """Whether all of its numbers are finite, as far as they are in the file."""
    zeros: tuple[int, ...] = ()
    """How many slices along its first and its second axis are all zeros; empty if not known."""


class Node(NamedTuple):
    """An operator of the file."""

    kind: str
    """As `Conv`."""
    domain: str
    """Empty for ONNX's own."""
    name: str
    """Of the file's, or of its first result where it has none."""
    inputs: tuple[str, ...]
    """Names of tensors; empty where an optional one is left out."""
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    nested: bool = False
    """Whether it holds graphs of its own."""

    def numbers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """An attribute that is a list of whole numbers."""
        value = self.attributes.get(name)
        if not isinstance(value, tuple):
            return default
        return tuple(one for one in value if isinstance(one, int))

    def number(self, name: str, default: float) -> float:
        value = self.attributes.get(name)
        return value if isinstance(value, int | float) else default

    def read(self, place: int) -> str:
        """The name of what it reads at a place; empty if nothing."""
        return self.inputs[place] if place < len(self.inputs) else ""


class Model(NamedTuple):
    """A file."""

    name: str
    """Of the file."""
    ir_version: int
    producer: str
    producer_version: str
    opsets: Mapping[str, int]
    """Version by domain, of the domains that nodes are of."""
    inputs: tuple[str, ...]
    """Without those that are initializers."""
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    """In the order of execution, each reading only what is made before it."""
    constants: Mapping[str, Constant]
    """By the name of the tensor."""
    values: Mapping[str, Value]
    """What is computed, and the inputs, by name."""
    open_batch: tuple[str, ...]
    """Inputs whose batch the file leaves open; it is taken as 1."""
    worked: Mapping[str, tuple[int | float, ...] | None] = MappingProxyType({})
    """Numbers of short constants that nodes compute, as far as they were worked out."""


def stored_bytes(dtype: str, shape: tuple[int, ...]) -> int:
    """Bytes of a tensor; elements of less than a byte are packed."""
    return -(-product(shape) * bits(dtype) // 8)
