"""The calls of a model that a config describes, and the shapes it records."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from archc.compiler import LARGEST, Shape

AXES = 16
"""Axes of any tensor that is looked at."""

Extents = tuple[int | None, ...]
"""A shape as Keras records it: the batch first, None where an axis is open."""


class Value(NamedTuple):
    """A tensor: one of the results of a call."""

    call: int
    result: int


class Layer(NamedTuple):
    """A layer, operation or input; one object however often it is called."""

    path: str
    """Names of the models around it and its own, joined by `/`."""
    class_name: str
    module: str | None
    config: Mapping[str, object]
    trainable: bool
    """Whether it and every functional model around it are."""
    keras: bool
    """Whether its class is one of Keras' own."""
    operation: bool
    """Whether it is a function of `keras.ops` that a functional model recorded."""
    reads: Extents | None
    """What it was built for, where the config says so."""
    quantised: bool = False
    """Whether Keras has quantised its weights."""


class Call(NamedTuple):
    """A layer being applied. Calls are in an order in which they can run."""

    layer: Layer
    inputs: tuple[Value, ...]
    recorded: dict[int, Extents]
    """What the config says of the shapes of its results, by number of the result. It grows while
    the config is being read."""
    scalar: int | float | None
    """The plain number in `x * 2`, where it is all that it is given beside tensors."""
    args: tuple[object, ...]
    """What it is given by position, as the config has it: tensors, numbers, slices."""
    arguments: Mapping[str, object]
    """What is named in the call beside tensors: `training`, `axis`, `keepdims`."""
    plain: bool
    """Whether it reads tensors only, and nothing is named."""
    scope: str = ""
    """Below the model's, what names of its operations begin with in TensorFlow's function."""
    rank: int = 0
    """Its place in the order of execution."""


class Arguments(NamedTuple):
    """What a call is given beside tensors: see `Call`."""

    scalar: int | float | None = None
    args: tuple[object, ...] = ()
    named: Mapping[str, object] = MappingProxyType({})
    plain: bool = True


NO_ARGUMENTS = Arguments()


class Network(NamedTuple):
    """What a config says, calls in an order in which they can run: depth first from the outputs, so
    that of two branches the one that is merged first comes first."""

    name: str
    calls: tuple[Call, ...]
    inputs: tuple[int, ...]
    """The calls that stand for the inputs, in the model's order."""
    outputs: tuple[Value, ...]
    custom: str | None
    """The class of the model as a whole, where it is not one of Keras' own."""
    names: tuple[str, ...] = ()
    """Of the outputs, where the model returns them by names."""


def extents(value: object) -> Extents | None:
    """A recorded shape, the batch included; None where it is none."""
    if not isinstance(value, list | tuple) or not 0 < len(value) <= AXES:
        return None
    for extent in value:
        whole = isinstance(extent, int) and not isinstance(extent, bool)
        if extent is not None and not (whole and 0 < extent <= LARGEST):
            return None
    return tuple(value)


def closed(shape: Extents | None) -> Shape | None:
    """A recorded shape without the batch; None where an axis is open."""
    if shape is None:
        return None
    inner = tuple(extent for extent in shape[1:] if extent is not None)
    return inner if len(inner) == len(shape) - 1 else None
