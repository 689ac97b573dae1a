"""Activations: as layers, as arguments of layers and as functions.

What the converter makes of one was observed with TensorFlow 2.21.0 (`docs/lowering.md`,
"Folding and fusing").
"""

from collections.abc import Mapping
from fractions import Fraction
from math import prod

from archc.compiler import (
    OPERATORS,
    PRELU,
    Activation,
    KerasLayer,
    Op,
    Shape,
    Step,
    Traced,
    Weight,
    clipped,
    shown,
)
from archc.models.importer.foreign import Facts, Foreign
from archc.models.importer.subject import Subject, nothing, reads
from archc.models.importer.tables import ACTIVATIONS, UNKNOWN

OWN = "activation"
"""The keyword of an activation that is a function of the user's."""


def _softplus(shape: Shape) -> tuple[Step, ...]:
    return (
        Step("EXP", shape, traced=(Traced("Softplus"),)),
        Step("ADD", shape, (0,), scalar=Fraction(1)),
        Step("LOG", shape, (1,)),
    )


def written(name: str, shape: Shape) -> tuple[Step, ...] | None:
    """The steps of a function of `keras.activations` that the language has not."""
    if name in ACTIVATIONS:
        operator, traced = ACTIVATIONS[name]
        return (Step(operator, shape, traced=(Traced(traced),)),)
    if name == "hard_tanh":
        return clipped(shape, Fraction(-1), Fraction(1))
    if name == "softplus":
        return _softplus(shape)
    if name == "mish":
        tanh = Step("TANH", shape, (2,), traced=(Traced("Tanh"),))
        return (*_softplus(shape), tanh, Step("MUL", shape, (-1, 3), traced=(Traced("mul"),)))
    if name == "softsign":
        return (
            Step("ABS", shape, traced=(Traced("Softsign"),)),
            Step("ADD", shape, (0,), scalar=Fraction(1)),
            Step("DIV", shape, (-1, 1)),
        )
    return None


def activation(value: object, owner: str, shape: Shape) -> tuple[tuple[Op, ...], str | None]:
    """What an `activation` argument adds after a layer, and why it is not known, if it is not."""
    if value is None or value == "linear":
        return (), None
    if isinstance(value, str):
        op = recognised(KerasLayer("Activation", {"activation": value}))
        if op is not None:
            return (op,), None
        steps = written(value, shape)
        if steps is not None:
            return (Foreign(value, Facts(owner, shape, steps=steps)),), None
        if value in UNKNOWN:
            why = f"what the converter makes of the activation {shown(value)} is not known here"
            return (Foreign(value, Facts(owner, shape)),), why
    if isinstance(value, Mapping):
        config, name = value.get("config"), value.get("class_name")
        module = value.get("module")
        own = isinstance(module, str) and module.startswith("keras.") and isinstance(name, str)
        if own and isinstance(config, Mapping) and isinstance(name, str):
            op = recognised(KerasLayer(name, config, len(shape) + 1))
            if op is not None and not op.weights(shape) and op.infer(shape) == shape:
                return (op,), None
    why = "its activation is a custom function, which is not counted"
    return (Foreign(OWN, Facts(owner, shape)),), why


def recognised(layer: KerasLayer) -> Op | None:
    """The activation of the language that a layer is."""
    for operator in OPERATORS.values():
        if issubclass(operator, Activation):
            op = operator.from_keras(layer)
            if op is not None:
                return op
    return None


@reads("Activation")
def _activation(subject: Subject) -> tuple[Op, ...] | None:
    ops, _ = activation(subject.layer.value("activation"), subject.name, subject.shape)
    if any(op.keyword == OWN for op in ops):
        return None
    return ops or nothing(subject)


@reads("ELU")
def _elu(subject: Subject) -> tuple[Op, ...] | None:
    return elu(subject, subject.layer.number("alpha", 1.0))


def elu(subject: Subject, alpha: Fraction) -> tuple[Op, ...]:
    steps = written("elu", subject.shape) if alpha == 1 else None
    return (subject.foreign(subject.shape, "elu", steps=steps),)


@reads("LeakyReLU")
def _leaky(subject: Subject) -> tuple[Op, ...] | None:
    return leaky(subject, subject.layer.number("negative_slope", 0.3))


def leaky(subject: Subject, slope: Fraction) -> tuple[Op, ...]:
    """A slope of 1 leaves nothing, any other LEAKY_RELU."""
    if slope == 1:
        return nothing(subject)
    traced = (Traced("LeakyRelu"),)
    step = Step("LEAKY_RELU", subject.shape, settings=(slope,), traced=traced)
    return subject.made(step, keyword="leaky_relu")


@reads("ReLU")
def _relu(subject: Subject) -> tuple[Op, ...] | None:
    """Bounded by other numbers than 6, or with a slope; one with both, or with a threshold, is made
    of operators that are not known here."""
    layer, shape = subject.layer, subject.shape
    slope = layer.number("negative_slope")
    if layer.number("threshold") or (slope and layer.value("max_value") is not None):
        return (subject.foreign(shape, "relu"),)
    if slope:
        return leaky(subject, slope)
    relu = Step("RELU", shape, traced=(Traced("Relu"),))
    bounds = clipped(shape, Fraction(0), layer.number("max_value"), 0)
    return subject.made(relu, *bounds, keyword="relu")


@reads("Softmax")
def _softmax(subject: Subject) -> tuple[Op, ...] | None:
    axis = subject.layer.axis("axis")
    return None if axis is None or -axis > len(subject.shape) else softmax(subject, axis)


def softmax(subject: Subject, axis: int) -> tuple[Op, ...]:
    """Over another axis than the last it is moved there and back."""
    shape, last = subject.shape, len(subject.shape)
    order = list(range(last + 1))
    place = axis % (last + 1)
    order[place], order[last] = last, place
    moved = tuple((1, *shape)[one] for one in order)[1:]
    table = (tuple(order),)
    return subject.made(
        Step("TRANSPOSE", moved, tables=table, traced=(Traced("transpose"),)),
        Step("SOFTMAX", moved, (0,), traced=(Traced("Softmax"),)),
        Step("TRANSPOSE", shape, (1,), tables=table, traced=(Traced("transpose_1"),)),
        keyword="softmax",
    )


@reads("PReLU")
def _prelu(subject: Subject) -> tuple[Op, ...] | None:
    shape = list(subject.shape)
    shared = subject.layer.value("shared_axes")
    if shared is not None:
        for axis in shared if isinstance(shared, list | tuple) else (shared,):
            if not isinstance(axis, int) or isinstance(axis, bool) or not 1 <= axis <= len(shape):
                raise subject.layer.wrong("shared_axes", "axes from 1")
            shape[axis - 1] = 1
    slopes = tuple(shape)
    step = Step("PRELU", subject.shape, weights=prod(slopes), traced=PRELU)
    return subject.made(step, keyword="prelu", weights=(Weight("alpha", slopes),))
