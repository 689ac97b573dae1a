"""The arrays that layers hold, in a form in which those of different classes can be compared.

A Dense is a convolution of 1x1, a DepthwiseConv2D one of as many groups as it has channels, a
Conv1D one over a map of one row, and a SeparableConv2D two in a row. Their kernels differ by axes
of one element and by how axes are grouped, never by the order of values, so that copying is
reshaping.
"""

from collections.abc import Hashable, Iterator
from math import prod
from typing import Any, NamedTuple

_CONV = {"Conv1D", "Conv2D", "Conv3D", "Dense"}
_DEPTHWISE = {"DepthwiseConv1D", "DepthwiseConv2D"}
_SEPARABLE = {"SeparableConv1D", "SeparableConv2D"}
_TRANSPOSED = {"Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"}


class Array(NamedTuple):
    """One variable."""

    layer: str
    """Path of its layer."""
    role: str
    """What it is called in the layer: `kernel`, `gamma`, ..."""
    variable: Any
    extents: tuple[int, ...]
    """Its shape without axes of one element."""
    merged: tuple[int, ...] = ()
    """The same where all values of a map meet in one result, as in a Dense behind a Flatten."""

    @property
    def name(self) -> str:
        return f"{self.layer}/{self.role}"

    @property
    def shown(self) -> str:
        """Its name and shape."""
        return f"`{self.name}` {'x'.join(map(str, self.variable.shape)) or 'scalar'}"

    def fits(self, other: "Array") -> bool:
        """Whether its values, in their order, are those of the other."""
        forms = {self.extents, self.merged or self.extents}
        return bool(forms & {other.extents, other.merged or other.extents})


class Atom(NamedTuple):
    """A layer with arrays, or one part of it, where it does several things in a row."""

    layer: str
    part: int
    class_name: str
    key: Hashable
    """What it has to have in common with its counterpart."""
    details: Hashable
    """What it should have in common with it: window, strides, dilation, groups."""
    layout: tuple[int, ...]
    """Its window, axes of one element included."""
    arrays: tuple[Array, ...]


def atoms(path: str, layer: Any, entering: tuple[int, ...] | None) -> Iterator[Atom]:
    """The parts of a layer that hold arrays, in the order in which they compute.

    Args:
        path: of the layer.
        layer: of Keras, built.
        entering: the shape that it reads without the batch, where that is known.
    """
    kind = type(layer).__name__
    held = list(getattr(layer, "weights", ()))  # a function has none
    if not held:
        return
    roles = _roles(layer, held)
    if type(layer).__module__.startswith("keras.") and set(roles) <= {*_KERNELS, "bias"}:
        if kind in _CONV | _DEPTHWISE | _TRANSPOSED and "kernel" in roles:
            yield _convolution(path, layer, 0, roles, entering, ("kernel", "bias"))
            return
        if kind in _SEPARABLE and "pointwise_kernel" in roles:
            yield _convolution(path, layer, 0, roles, entering, ("depthwise_kernel",))
            yield _convolution(path, layer, 1, roles, None, ("pointwise_kernel", "bias"))
            return
    arrays = [Array(path, role, v, _trimmed(v.shape)) for role, v in roles.items()]
    key = kind, tuple((array.role, array.extents) for array in arrays)
    yield Atom(path, 0, kind, key, (), (), tuple(arrays))


_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def _roles(layer: Any, held: list[Any]) -> dict[str, Any]:
    """Variables by what they are called in their layer, in Keras' order."""
    names = [str(variable.name) for variable in held]
    if len(set(names)) < len(names):  # parts of it have variables of the same names
        names = [str(variable.path).partition("/")[2] for variable in held]
    if len(set(names)) < len(names):
        names = [f"{name}_{number}" for number, name in enumerate(names)]
    return dict(zip(names, held, strict=True))


def _convolution(
    path: str,
    layer: Any,
    part: int,
    roles: dict[str, Any],
    entering: tuple[int, ...] | None,
    wanted: tuple[str, ...],
) -> Atom:
    kind = type(layer).__name__
    depthwise = kind in _DEPTHWISE or wanted == ("depthwise_kernel",)
    pointwise = wanted[0] == "pointwise_kernel"
    shape = tuple(map(int, roles[wanted[0]].shape))
    window, (read, made) = shape[:-2], shape[-2:]
    if depthwise:
        groups, read, made = read, 1, read * made
    else:
        groups = int(getattr(layer, "groups", 1))
    plain = tuple(extent for extent in (*window, read, made) if extent > 1)
    merged: tuple[int, ...] = ()
    valid = getattr(layer, "padding", "valid") == "valid" and groups == 1
    if valid and entering is not None and entering[:-1] == window:
        merged = tuple(n for n in (prod(window) * read, made) if n > 1)
    kernel = Array(path, wanted[0], roles[wanted[0]], plain, merged)
    others = [
        Array(path, role, roles[role], _trimmed(roles[role].shape))
        for role in wanted[1:]
        if role in roles
    ]
    moved = "transposed" if kind in _TRANSPOSED else "convolution"
    key = moved, prod(window) * read, made, *(array.role for array in others)
    named = () if pointwise else ("strides", "dilation_rate")
    settings = [_settings(getattr(layer, name, ())) for name in named]
    details = _trimmed(window), read, groups, *settings
    return Atom(path, part, kind, key, details, window, (kernel, *others))


def _settings(value: Any) -> tuple[int, ...]:
    return _trimmed(value if isinstance(value, tuple | list) else (value,))


def _trimmed(shape: Any) -> tuple[int, ...]:
    return tuple(int(extent) for extent in shape if extent != 1)
