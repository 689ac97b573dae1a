"""A layer as it is called, and the readings that know what one of a class is."""

from collections.abc import Callable
from typing import NamedTuple

from archc.compiler import KerasLayer, Op, OpError, Shape, Step
from archc.models.importer.calls import Call
from archc.models.importer.foreign import Facts, Foreign, facts_of


class Subject(NamedTuple):
    """A layer as it is called."""

    layer: KerasLayer
    inputs: tuple[Shape, ...]
    call: Call

    @property
    def shape(self) -> Shape:
        return self.inputs[0]

    @property
    def name(self) -> str:
        return self.layer.class_name

    def foreign(self, shape: Shape, keyword: str | None = None, **facts: object) -> Foreign:
        known = Facts(self.name, shape)._replace(**facts)  # type: ignore[arg-type]
        return Foreign(keyword or self.name, known)

    def made(self, *steps: Step, keyword: str | None = None, **facts: object) -> tuple[Op, ...]:
        """The layer by the TFLite operators it becomes; the last one's result is its own."""
        shape = steps[-1].shape if steps else self.shape
        return (self.foreign(shape, keyword, steps=steps, **facts),)


class Meaning(NamedTuple):
    """What a layer is: operators one after the other, the first of which reads what it reads."""

    ops: tuple[Op, ...] = ()
    unseen: str | None = None
    """Why not all of it is known, if so."""
    mixes: bool = False
    """Whether it moves values between the batch and other axes, so that shapes without the batch
    say nothing any more."""


Reading = Callable[[Subject], "tuple[Op, ...] | None"]
READINGS: dict[str, Reading] = {}
"""By the class of a layer; None is for arguments that are not known."""


def reads(*names: str) -> Callable[[Reading], Reading]:
    """Declare the reading of layers of some classes."""

    def register(reading: Reading) -> Reading:
        for name in names:
            READINGS[name] = reading
        return reading

    return register


class Map(NamedTuple):
    """A feature map of any number of axes."""

    extents: tuple[int, ...]
    channels: int
    last: bool
    """Whether channels are the last axis."""

    def shape(self, extents: tuple[int, ...], channels: int) -> Shape:
        return (*extents, channels) if self.last else (channels, *extents)


def entering(subject: Subject) -> Map:
    """The feature map that a layer for 1, 2 or 3 axes reads.

    Raises:
        OpError: it does not have so many.
    """
    axes, shape = _axes(subject.name), subject.shape
    if len(shape) != axes + 1:
        raise OpError(f"`{subject.name}` is called on a tensor of {len(shape)} axes")
    last = subject.layer.channels_last
    return Map(shape[:-1] if last else shape[1:], shape[-1] if last else shape[0], last)


def _axes(name: str) -> int:
    """How many axes a layer's windows have: the digit in its name; two without one."""
    return next((int(letter) for letter in name if letter.isdigit()), 2)


def chained(subject: Subject, ops: tuple[Op, ...]) -> tuple[Op, ...]:
    """Operators one after the other that are this layer, which is not of their classes.

    Raises:
        OpError: they cannot read one another.
    """
    shapes = subject.inputs
    chain = []
    for op in ops:
        output = op.infer(*shapes)
        facts = facts_of(op, output, *shapes)._replace(class_name=subject.name)
        chain.append(Foreign(subject.name, facts))
        shapes = (output,)
    return tuple(chain)


def nothing(subject: Subject) -> tuple[Op, ...]:
    """A layer that leaves what it reads as it is."""
    return subject.made(keyword="identity", stedgeai_macc=0)


def broadcast(shapes: tuple[Shape, ...]) -> Shape:
    """The shape of tensors taken together, the batch aside, which Keras aligns on its own.

    Raises:
        OpError: they do not fit.
    """
    result: list[int] = []
    for place in range(1, max(map(len, shapes)) + 1):
        extents = {shape[-place] for shape in shapes if len(shape) >= place} - {1}
        if len(extents) > 1:
            raise OpError(f"shapes do not broadcast: {' and '.join(map(str, shapes))}")
        result.append(extents.pop() if extents else 1)
    return tuple(reversed(result))
