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

    __slots__ = ("activation", "border", "index", "inputs", "layers", "place", "step", "users")

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
        self.users: dict[int, int] = {}
        """Who reads it, and on how many of its inputs."""

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
        return len(self.users) == 1 and next(iter(self.users.values())) == 1


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
        added ones are not visited."""
        for index in range(1, len(self._all)):
            instruction = self._all[index]
            if instruction is not None:
                yield instruction

    def add(
        self, step: Step, inputs: list[int], layers: frozenset[int], place: Place
    ) -> Instruction:
        instruction = Instruction(len(self._all), step, inputs, layers, place)
        self._all.append(instruction)
        for source in inputs:
            users = self[source].users
            users[instruction.index] = users.get(instruction.index, 0) + 1
        return instruction

    def finish(self, output: int) -> None:
        """Declare which instruction gives the network's output."""
        self.output = output
        self[output].users[OUTPUT] = 1

    def doubt(self, instruction: Instruction, reason: str) -> None:
        """Record that what becomes of an instruction is not known."""
        self.unknown.append(Unknown(tuple(sorted(instruction.layers)), reason))

    def source(self, instruction: Instruction, place: int = 0) -> Instruction:
        """The instruction whose result is read at an input."""
        return self[instruction.inputs[place]]

    def rewire(self, user: Instruction, place: int, source: Instruction) -> None:
        """Make an instruction read another result; what nothing reads any more goes."""
        old = self[user.inputs[place]]
        user.inputs[place] = source.index
        source.users[user.index] = source.users.get(user.index, 0) + 1
        self._drop_use(old, user.index)

    def read(self, user: Instruction, sources: list[int]) -> None:
        """Make an instruction read other results. Those it read before must have other users."""
        for source in sources:
            users = self[source].users
            users[user.index] = users.get(user.index, 0) + 1
        for source in user.inputs:
            self._drop_use(self[source], user.index)
        user.inputs = sources

    def replace(self, old: Instruction, new: Instruction) -> None:
        """Let all that read one instruction read another, and remove the first."""
        for user, uses in old.users.items():
            if user == OUTPUT:
                self.output = new.index
            else:
                inputs = self[user].inputs
                inputs[:] = [new.index if source == old.index else source for source in inputs]
            new.users[user] = new.users.get(user, 0) + uses
        old.users = {}
        self._remove(old)

    def change(self, instruction: Instruction, **changes: Any) -> None:
        instruction.step = instruction.step._replace(**changes)

    def _drop_use(self, source: Instruction, user: int) -> None:
        source.users[user] -= 1
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
            for index in gone.inputs:
                source = self[index]
                source.users[gone.index] -= 1
                if not source.users[gone.index]:
                    del source.users[gone.index]
                if not source.users:
                    doomed.append(source)
