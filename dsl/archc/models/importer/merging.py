"""Layers and functions that merge tensors, or a tensor and a number."""

from fractions import Fraction
from hashlib import sha256
from math import prod

from archc.compiler import Add, Multiply, Op, OpError, Shape, Step, Traced
from archc.models.importer.foreign import Foreign
from archc.models.importer.subject import Subject, broadcast, reads
from archc.models.importer.tables import MERGING


@reads("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
def _merge(subject: Subject) -> tuple[Op, ...] | None:
    return (elementwise(subject, subject.name),)


def elementwise(subject: Subject, name: str) -> Op:
    """A merging function of tensors that broadcast.

    Raises:
        OpError: they do not.
    """
    shape = broadcast(subject.inputs)
    count = len(subject.inputs)
    steps: tuple[Step, ...] | None = None
    if len({len(one) for one in subject.inputs}) == 1:
        steps = _merged(name, shape, subject.inputs)
    counts = name in ("Add", "Multiply", "Subtract")
    return subject.foreign(
        shape,
        name.lower(),
        stedgeai_macc=prod(shape) * (count - 1) if counts else None,
        steps=steps,
    )


def _merged(name: str, shape: Shape, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
    sums = [broadcast(inputs[:place]) for place in range(1, len(inputs))]
    biases = [Add().as_bias(first, one) for first, one in zip(sums, inputs[1:], strict=True)]
    rows = any(bias not in (0, first[-1]) for bias, first in zip(biases, sums, strict=True))
    if name in ("Add", "Average") and rows and len(shape) != 3:
        # Traced as the bias of a map with channels first, which does not convert.
        step = Step("ADD", shape, (-1, -2), traced=(Traced("BiasAdd"),))
        return (step,) if name == "Add" and len(inputs) == 2 else None
    if name in ("Add", "Multiply"):
        return (Add() if name == "Add" else Multiply()).device(shape, *inputs)
    if name == "Average":
        summed = Add().device(shape, *inputs)
        share = Fraction(1, len(inputs))
        divided = Traced("truediv", (), ("truediv/y",))
        last = Step("MUL", shape, (len(summed) - 1,), scalar=share, traced=(divided,))
        return (*summed, last)
    if len(inputs) > 2 and name not in ("Maximum", "Minimum"):
        return None
    operator, traced = MERGING[name]
    steps: list[Step] = []
    for place in range(1, len(inputs)):
        label = f"{traced}_{place - 1}" if place > 1 else traced
        between = broadcast(inputs[: place + 1])
        reads_ = (place - 2, -1 - place)
        steps.append(Step(operator, between, reads_, traced=(Traced(label),)))
    return tuple(steps)


def with_number(subject: Subject, name: str, number: Fraction, left: bool) -> Op:
    """A function of a tensor and a number, which stands first if ``left``."""
    operator, traced = MERGING[name]
    shape = subject.shape
    if operator == "DIV" and not left and number:
        operator, number = "MUL", 1 / number
    turned = left and operator in ("SUB", "DIV")
    step = Step(operator, shape, scalar=number, left=turned, traced=(Traced(traced),))
    return subject.foreign(shape, name.lower(), steps=(step,))


def with_vector(subject: Subject, name: str, values: tuple[Fraction, ...]) -> Foreign | None:
    """A function of a tensor and a constant for each channel."""
    operator, traced = MERGING[name]
    shape = subject.shape
    if operator not in ("ADD", "MUL", "SUB") or len(values) != shape[-1] or len(values) < 2:
        return None
    if all(value == (1 if operator == "MUL" else 0) for value in values):
        return subject.foreign(shape, name.lower(), steps=())
    shared = "values " + sha256(repr(values).encode()).hexdigest()  # others may compute with them
    step = Step(operator, shape, weights=len(values), affine=True, shared=shared)
    return subject.foreign(shape, name.lower(), steps=(step._replace(traced=(Traced(traced),)),))


@reads("Concatenate")
def _concatenate(subject: Subject) -> tuple[Op, ...] | None:
    return concatenated(subject, subject.layer.axis("axis"))


def concatenated(subject: Subject, axis: int | None) -> tuple[Op, ...] | None:
    """Tensors one after the other along an axis, counted from the last.

    Raises:
        OpError: their other axes differ.
    """
    shapes = subject.inputs
    if axis is None or -axis > len(shapes[0]) or len({len(shape) for shape in shapes}) > 1:
        return None
    shape = list(shapes[0])
    shape[axis] = sum(one[axis] for one in shapes)
    for one in shapes:
        if any(
            a != b
            for i, (a, b) in enumerate(zip(one, shape, strict=True))
            if i != axis % len(shape)
        ):
            raise OpError(f"shapes do not concatenate: {' and '.join(map(str, shapes))}")
    joined = Traced("concat", (), ("concat/axis",))
    reads_ = tuple(-1 - index for index in range(len(shapes)))
    step = Step("CONCATENATION", tuple(shape), reads_, settings=(Fraction(axis),), traced=(joined,))
    return subject.made(step, keyword="concat")
