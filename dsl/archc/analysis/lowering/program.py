"""The deployed graph while passes work on it: instructions that know their users."""

from collections.abc import Iterator
from typing import Any

from archc.analysis.lowering.deployed import Unknown
from archc.ops.base import Shape, Step

OUTPUT = -1
"""Stands for the network's output among the users of an instruction."""
SOURCE = 0
"""The instruction that stands for the network's input."""

Place = tuple[int, ...]


class Instruction:
    """A TFLite operator being worked on."""

    __slots__ = (
        *("activation", "border", "index", "inputs", "layers", "moved", "place", "step", "users"),
    )

    def __init__(
        self, index: int, step: Step, inputs: list[int], layers: frozenset[int], place: Place
    ) -> None:
        self.index = index
        self.step = step
        self.inputs = inputs
        self.layers = layers
        self.place = place
        """Where it stands; sorting by it gives a valid execution order."""
        self.activation: str | None = None
        """The activation fused into it."""
        self.border = False
        self.moved = False
        """Whether it changed places with a RESHAPE that stood before it."""
        self.users: dict[int, list[int]] = {}
        """Who reads it, and as which of its inputs."""

    @property
    def operator(self) -> str:
        return self.step.operator

    @property
    def shape(self) -> Shape:
        return self.step.shape

    @property
    def constant(self) -> bool:
        """Whether it computes with a constant beside the one tensor it reads: `x * c`, `x + c`."""
        return self.step.affine or self.step.scalar is not None

    @property
    def used_once(self) -> bool:
        """Whether exactly one input of one instruction, or the network's output, is its result."""
        return len(self.users) == 1 and len(next(iter(self.users.values()))) == 1


class Program:
    """Instructions by index. Removed ones leave a gap; walks go in order of creation."""

    def __init__(self, shape: Shape) -> None:
        self._all: list[Instruction | None] = []
        self.add(Step("", shape), [], frozenset(), ())
        self.output = SOURCE
        self.unknown: list[Unknown] = []

    def __getitem__(self, index: int) -> Instruction:
        instruction = self._all[index]
        assert instruction is not None, "a removed instruction is read"
        return instruction

    def __iter__(self) -> Iterator[Instruction]:
        """The instructions there are, the network's input excluded. They may change meanwhile;
        what is added is not visited."""
        for index in range(1, len(self._all)):
            instruction = self._all[index]
            if instruction is not None:
                yield instruction

    def add(
        self, step: Step, inputs: list[int], layers: frozenset[int], place: Place
    ) -> Instruction:
        instruction = Instruction(len(self._all), step, inputs, layers, place)
        self._all.append(instruction)
        self._use(instruction)
        return instruction

    def finish(self, output: int) -> None:
        """Declare which instruction gives the network's output."""
        self.output = output
        self[output].users[OUTPUT] = [0]

    def doubt(self, instruction: Instruction, reason: str) -> None:
        """Record that what becomes of an instruction is not known."""
        self.unknown.append(Unknown(tuple(sorted(instruction.layers)), reason))

    def source(self, instruction: Instruction, place: int = 0) -> Instruction:
        """The instruction whose result is read at an input."""
        return self[instruction.inputs[place]]

    def rewire(self, user: Instruction, place: int, source: Instruction) -> None:
        """Make an instruction read another result; what nothing reads any more goes."""
        old = self.source(user, place)
        user.inputs[place] = source.index
        source.users.setdefault(user.index, []).append(place)
        old.users[user.index].remove(place)
        self._clean(old, user.index)

    def read(self, user: Instruction, sources: list[int]) -> None:
        """Make an instruction read other results; what nothing reads any more goes."""
        before = set(user.inputs) - set(sources)
        for index in set(user.inputs):
            del self[index].users[user.index]
        user.inputs = sources
        self._use(user)
        for index in before:
            if not self[index].users:
                self._remove(self[index])

    def replace(self, old: Instruction, new: Instruction) -> None:
        """Let all that read one instruction read another, and remove the first."""
        users, old.users = old.users, {}
        for user, places in users.items():
            if user == OUTPUT:
                self.output = new.index
            else:
                inputs = self[user].inputs
                for place in places:
                    inputs[place] = new.index
            new.users.setdefault(user, []).extend(places)
        self._remove(old)

    def change(self, instruction: Instruction, **changes: Any) -> None:
        """Change fields of an instruction's step."""
        instruction.step = instruction.step._replace(**changes)

    def _use(self, instruction: Instruction) -> None:
        for place, source in enumerate(instruction.inputs):
            self[source].users.setdefault(instruction.index, []).append(place)

    def _clean(self, source: Instruction, user: int) -> None:
        if not source.users[user]:
            del source.users[user]
        if not source.users:
            self._remove(source)

    def _remove(self, instruction: Instruction) -> None:
        doomed = [instruction]
        while doomed:  # not recursive: chains may be ten thousand long
            gone = doomed.pop()
            if gone.index == SOURCE:
                continue
            self._all[gone.index] = None
            for index in set(gone.inputs):
                source = self[index]
                del source.users[gone.index]
                if not source.users:
                    doomed.append(source)
