"""What the language has no operator for, as data: the facts of one layer, worked out beforehand."""

from typing import NamedTuple

from archc.compiler import KerasCall, Op, Shape, Step, Traced, Weight

UNSEEN = "?"
"""Begins the name of the operator that stands where what the converter makes is not known."""


class Facts(NamedTuple):
    """What is known of a layer. None is what is not."""

    class_name: str
    """Of the Keras layer."""
    shape: Shape
    """Of its result, the batch excluded."""
    weights: tuple[Weight, ...] = ()
    macs: int | None = 0
    stedgeai_macc: int | None = None
    """As ST Edge AI counts it."""
    steps: tuple[Step, ...] | None = None
    """What the converter makes of it."""
    width: int | None = None
    """Output channels that a target's alignment judges."""
    normalises: bool = False
    mark: str = ""
    """Makes it differ from others of the same facts."""


class Foreign(Op):
    """A layer, or a part of one, that the language cannot say. It registers nowhere.

    ``keyword`` is the operator that it is a wider form of, such as `dense` for one on a feature
    map, or else the name of its class: by it a target judges.
    """

    facts: Facts

    def __init__(self, keyword: str, facts: Facts) -> None:
        self.__dict__.update(keyword=keyword, facts=facts)

    def infer(self, *inputs: Shape) -> Shape:
        return self.facts.shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.facts.weights

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return self.facts.macs or 0

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return self.facts.stedgeai_macc or 0

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(self.facts.class_name)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        if self.facts.steps is not None:
            return self.facts.steps
        # A name of its own, so that no pass takes two of them for one.
        reads = tuple(-1 - place for place in range(len(inputs)))
        traced = (Traced("call"),)  # by which it stands behind all that it reads
        return (Step(f"{UNSEEN}{self.facts.mark}", output, inputs=reads, traced=traced),)

    def title(self, brief: bool) -> str | None:
        return self.keyword

    @property
    def normalises(self) -> bool:
        return self.facts.normalises

    def aligned_width(self) -> int | None:
        return self.facts.width


def facts_of(op: Op, output: Shape, *inputs: Shape) -> Facts:
    """What is known of any operator, as data."""
    if isinstance(op, Foreign):
        return op.facts
    return Facts(
        op.keras(output, *inputs).class_name,
        output,
        op.weights(*inputs),
        op.macs(output, *inputs),
        op.stedgeai_macc(output, *inputs),
        op.device(output, *inputs),
        op.aligned_width(),
        op.normalises,
    )


def unknown(op: Op, figure: str) -> bool:
    """Whether a figure of an operator is not known."""
    if not isinstance(op, Foreign):
        return False
    facts: dict[str, object] = op.facts._asdict()
    return facts.get(figure, facts["steps"]) is None


def deploys(op: Op) -> bool:
    """Whether it is known what the converter makes of an operator."""
    return not isinstance(op, Foreign) or op.facts.steps is not None
