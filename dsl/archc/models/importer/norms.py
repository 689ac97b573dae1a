"""Layers that scale, move and normalise, and those that leave values as they are."""

from collections.abc import Mapping
from math import prod

from archc.compiler import KerasLayer, Op, Shape, Step, Traced, Weight
from archc.models.importer.subject import Subject, nothing, reads

IDLE = (
    *("ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"),
    *("Identity", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    *(f"Random{kind}" for kind in ("Brightness", "Contrast", "Flip", "Rotation", "Translation")),
    "RandomZoom",
)
"""Layers that leave values as they are outside training."""


@reads(*IDLE)
def _identity(subject: Subject) -> tuple[Op, ...] | None:
    return nothing(subject)


@reads("Masking")
def _masking(subject: Subject) -> tuple[Op, ...] | None:
    return (subject.foreign(subject.shape),)


@reads("Rescaling")
def _rescaling(subject: Subject) -> tuple[Op, ...] | None:
    shape = subject.shape
    steps: list[Step] = []
    for operator, key, neutral in (("MUL", "scale", 1), ("ADD", "offset", 0)):
        value = subject.layer.value(key, neutral)
        step = Step(operator, shape, (len(steps) - 1,), traced=(Traced(operator.lower()),))
        if isinstance(value, list | tuple):
            numbers = [subject.layer.exact(key, one) for one in value]
            if len(numbers) != shape[-1]:
                return (subject.foreign(shape, "rescaling"),)
            if any(number != neutral for number in numbers):
                steps.append(step._replace(weights=len(numbers), affine=True))
        elif isinstance(value, Mapping):  # an array
            return (subject.foreign(shape, "rescaling"),)
        elif (number := subject.layer.number(key, neutral)) != neutral:
            steps.append(step._replace(scalar=number))
    return subject.made(*steps, keyword="rescaling")


@reads("Normalization")
def _normalization(subject: Subject) -> tuple[Op, ...] | None:
    """Its statistics are variables unless they were given; `count` is one more. What is said of
    variables is said of such as data were adapted to: before that nothing is left of it."""
    shape, layer = subject.shape, subject.layer
    given = layer.value("mean") is not None
    axes = layer.value("axis", -1)
    kept: list[int] = []
    listed = axes if isinstance(axes, list | tuple) else () if axes is None else (axes,)
    for axis in listed:
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise layer.wrong("axis", "axes")
        kept.append(axis if axis >= 0 else axis + layer.rank)
    if any(not 1 <= axis < layer.rank for axis in kept):
        return None
    size = tuple(shape[axis - 1] for axis in kept)
    weights = (
        ()
        if given
        else (
            Weight("mean", size, trainable=False),
            Weight("variance", size, trainable=False),
            Weight("count", (), trainable=False),
        )
    )
    steps = None if layer.flag("invert", False) else _standardised(layer, shape, kept)
    return (subject.foreign(shape, "normalization", weights=weights, steps=steps),)


def _standardised(layer: KerasLayer, shape: Shape, axes: list[int]) -> tuple[Step, ...] | None:
    """`(x - mean) / deviation`, per channel or by one number; constants that are given and change
    nothing are left out."""
    if axes not in ([], [len(shape)]):
        return None
    steps: list[Step] = []
    parts = (("SUB", "Sub", "mean", 0), ("MUL", "truediv", "variance", 1))
    for operator, traced, key, neutral in parts:
        value = layer.value(key)
        listed = value if isinstance(value, list | tuple) else [value]
        if all(one == neutral for one in listed):
            continue
        size = shape[-1] if axes else 1
        step = Step(operator, shape, (len(steps) - 1,), weights=size, affine=True, spread=True)
        steps.append(step._replace(traced=(Traced(traced),)))
    return tuple(steps)


@reads("BatchNormalization")
def _batchnorm(subject: Subject) -> tuple[Op, ...] | None:
    """Over another axis than the last."""
    shape, layer = subject.shape, subject.layer
    axis = layer.axis("axis")
    if axis is None or -axis > len(shape) or layer.flag("renorm", False):
        return None
    channels = shape[axis]
    weights = [
        Weight("moving_mean", (channels,), False),
        Weight("moving_variance", (channels,), False),
    ]
    for flag, name in (("center", "beta"), ("scale", "gamma")):
        if layer.flag(flag, True):
            weights.insert(0, Weight(name, (channels,)))
    macc = 2 * prod(shape)
    facts = {"weights": tuple(weights), "stedgeai_macc": macc, "normalises": True}
    return (subject.foreign(shape, "batchnorm", **facts),)


@reads("LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization")
def _norm(subject: Subject) -> tuple[Op, ...] | None:
    layer, shape = subject.layer, subject.shape
    axes = layer.value("axis", -1)
    size: list[int] = []
    for axis in axes if isinstance(axes, list | tuple) else (axes,):
        if not isinstance(axis, int) or isinstance(axis, bool):
            raise layer.wrong("axis", "axes")
        place = axis if axis >= 0 else axis + layer.rank
        if not 1 <= place < layer.rank:
            return None
        size.append(shape[place - 1])
    wanted: tuple[str, ...] = ()
    if layer.class_name == "RMSNormalization":
        wanted = ("scale",)
    elif layer.class_name != "UnitNormalization":
        flags = (("gamma", "scale"), ("beta", "center"))
        wanted = tuple(name for name, flag in flags if layer.flag(flag, True))
        if layer.flag("rms_scaling", False):
            wanted = ("gamma",)
    weights = tuple(Weight(name, tuple(size)) for name in wanted)
    return (subject.foreign(shape, weights=weights),)
