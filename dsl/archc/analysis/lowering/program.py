"""The deployed graph while passes work on it: instructions that know their users."""

from collections.abc import Iterator
from typing import Any

from archc.analysis.lowering.deployed import Unknown
from archc.analysis.lowering.order import Place
from archc.ops.base import Shape, Step

OUTPUT = -1
"""Stands for the network's outputs among the users of an instruction, which are its inputs."""
SOURCE = 0
"""The instruction that stands for the network's first input."""
ENTRY = ""
"""The operator of what stands for an input."""


class Instruction:
    """A TFLite operator being worked on."""

    __slots__ = (
        *("activation", "border", "index", "inputs", "layers", "moved", "place", "step", "twin"),
        "users",
    )

    def __init__(
        self, index: int, step: Step, inputs: list[int], layers: frozenset[int], place: Place
    ) -> None:
        self.index = index
        self.step = step
        self.inputs = inputs
        self.layers = layers
        self.place = place
        """Where it stands in the file."""
        self.activation: str | None = None
        """The activation fused into it."""
        self.border = False
        self.twin: int | None = None
        """The instruction whose filter and bias it reads too."""
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
    """Instructions by index; removed ones leave a gap. Walks go in order of creation, after
    `sort` in that of their places; both are orders of execution."""

    def __init__(self, shape: Shape) -> None:
        self._all: list[Instruction | None] = []
        self._walk: list[int] = []
        self.sources: list[int] = []
        self.enter(shape)
        self.outputs: list[int] = []
        self.unknown: dict[Unknown, None] = {}

    def __getitem__(self, index: int) -> Instruction:
        instruction = self._all[index]
        assert instruction is not None, "a removed instruction is read"
        return instruction

    def __iter__(self) -> Iterator[Instruction]:
        """The instructions there are, the network's inputs excluded. They may change meanwhile;
        what is added is not visited."""
        for number in range(1, len(self._walk)):
            instruction = self._all[self._walk[number]]
            if instruction is not None and instruction.operator != ENTRY:
                yield instruction

    def enter(self, shape: Shape) -> Instruction:
        """Add an input of the network."""
        source = self.add(Step(ENTRY, shape), [], frozenset(), ())
        self.sources.append(source.index)
        return source

    def add(
        self, step: Step, inputs: list[int], layers: frozenset[int], place: Place
    ) -> Instruction:
        instruction = Instruction(len(self._all), step, inputs, layers, place)
        self._all.append(instruction)
        self._walk.append(instruction.index)
        self._use(instruction)
        return instruction

    def finish(self, *outputs: int) -> None:
        """Declare which instructions give the network's outputs."""
        self.outputs = list(outputs)
        for place, output in enumerate(outputs):
            self[output].users.setdefault(OUTPUT, []).append(place)

    def doubt(self, instruction: Instruction, reason: str) -> None:
        """Record that what becomes of an instruction is not known."""
        self.unknown[Unknown(tuple(sorted(instruction.layers)), reason)] = None

    def source(self, instruction: Instruction, place: int = 0) -> Instruction:
        """The instruction whose result is read at an input."""
        return self[instruction.inputs[place]]

    def rewire(self, user: Instruction, place: int, source: Instruction) -> None:
        """Make an instruction read another result; what nothing reads any more goes."""
        self._rewire(user.index, user.inputs, place, source)

    def emit(self, place: int, source: Instruction) -> None:
        """Let another result be an output of the network; what nothing reads any more goes."""
        self._rewire(OUTPUT, self.outputs, place, source)

    def _rewire(self, user: int, inputs: list[int], place: int, source: Instruction) -> None:
        old = self[inputs[place]]
        inputs[place] = source.index
        source.users.setdefault(user, []).append(place)
        old.users[user].remove(place)
        self._clean(old, user)

    def lift(self, user: Instruction, first: Instruction, last: Instruction) -> None:
        """Move an instruction that alone reads the last of a row ahead of the first of it."""
        before = self.source(first)
        last.users, user.users = user.users, {first.index: [0]}
        for reader, places in last.users.items():
            inputs = self._inputs(reader)
            for place in places:
                inputs[place] = last.index
        del before.users[first.index]
        first.inputs = [user.index]
        user.inputs = [before.index] * len(user.inputs)
        before.users[user.index] = list(range(len(user.inputs)))

    def sort(self) -> None:
        """Let walks go in the order of places from now on."""
        there = (self[index] for index in self._walk[1:] if self._all[index] is not None)
        self._walk[1:] = [i.index for i in sorted(there, key=lambda i: (i.place, i.index))]

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
            inputs = self._inputs(user)
            for place in places:
                inputs[place] = new.index
            new.users.setdefault(user, []).extend(places)
        self._remove(old)

    def change(self, instruction: Instruction, **changes: Any) -> None:
        """Change fields of an instruction's step."""
        instruction.step = instruction.step._replace(**changes)

    def _inputs(self, user: int) -> list[int]:
        return self.outputs if user == OUTPUT else self[user].inputs

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
            if gone.operator == ENTRY:
                continue
            self._all[gone.index] = None
            for index in set(gone.inputs):
                source = self[index]
                del source.users[gone.index]
                if not source.users:
                    doomed.append(source)
