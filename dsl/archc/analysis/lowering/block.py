"""A network while the converter works on it: operations in their order, each knowing its uses.

What the converter's rewrites do depends on details that this keeps as MLIR has them: an operation
that nothing reads stays until it is visited, and counts as a user until then; the uses of a result
are kept newest first.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import count

from archc.analysis.lowering.deployed import Failure, Unknown
from archc.ops.base import Shape, Step
from archc.typed import Union

RETURN, ENTRY = "return", ""
"""Operators that are none of TFLite's: what reads the network's outputs, what stands for an input.
"""

FOLDS = FOLD_SUM, FOLD_PRODUCT, FOLD_DENSE = ("fold sum", "fold product", "fold dense")
"""Operators of operations on constants that are not computed yet."""


class Constant:
    """A constant operand. Equal numbers are equal; of other values only the identity is known."""

    __slots__ = ("initial", "number", "shape", "stored", "values")

    def __init__(
        self,
        shape: Shape,
        number: Fraction | None = None,
        values: object = None,
        initial: Fraction | None = None,
        stored: object = None,
    ) -> None:
        self.shape = shape
        """Without a batch axis; a single number may have no axes at all."""
        self.number = number
        """Every element, where it is known."""
        self.initial = number if initial is None else initial
        """The same before training."""
        self.values = object() if values is None else values
        """Stands for values that training decides."""
        self.stored = self.values if stored is None else stored
        """Stands for their int8 values, which are the same after a product with a number above
        0: it goes into the scale."""

    @property
    def size(self) -> int:
        size = 1
        for extent in self.shape:
            size *= extent
        return size

    @property
    def key(self) -> object:
        return (self.shape, self.values if self.number is None else self.number)

    @property
    def initial_key(self) -> object:
        """The same before training."""
        return (self.shape, self.values if self.initial is None else self.initial)


Value = Union["Operation", Constant]


class Operation:
    """An operation and its result."""

    __slots__ = (
        *("activation", "after", "alive", "before", "border", "index", "layers", "operands"),
        *("operator", "scale", "step", "uses"),
    )

    def __init__(self, index: int, step: Step, operands: list[Value], layers: frozenset[int]):
        self.index = index
        self.operator = step.operator
        self.step = step
        """What describes it beside its operands; weights and biases are among those."""
        self.operands = operands
        """Results it reads, then constants: filter and bias of a kernel, the second operand of
        arithmetic with one (the first where ``step.left``)."""
        self.layers = layers
        self.activation: str | None = None
        """The activation fused into it."""
        self.border = False
        self.scale: object = None
        """Once quantised, what its scale is told by: equal for values of one scale."""
        self.uses: dict[tuple[int, int], Operation] = {}
        """(index of the user, which of its operands) in order of age: the user."""
        self.alive = True
        self.before: Operation | None = None
        self.after: Operation | None = None

    @property
    def shape(self) -> Shape:
        return self.step.shape

    @property
    def full(self) -> Shape:
        """The shape with the batch axis, where it has one."""
        step = self.step
        return (step.batch, *step.shape) if step.batched else step.shape

    def alike(self, other: "Operation") -> bool:
        """Whether two results have one shape, the batch axis included. (Extents of shapes of other
        lengths are not compared: see `sharing`.)"""
        own, others = self.full, other.full
        return len(own) == len(others) and own == others

    @property
    def used_once(self) -> bool:
        return len(self.uses) == 1

    @property
    def reads(self) -> "list[Operation]":
        """The results among its operands."""
        return [operand for operand in self.operands if operand.__class__ is Operation]

    @property
    def constant(self) -> Constant | None:
        """The constant that arithmetic computes with, as its second operand."""
        operands = self.operands
        if len(operands) == 2:
            second = operands[1]
            return second if isinstance(second, Constant) else None
        return None


class Block:
    """Operations in order of execution, from the network's inputs to its results."""

    def __init__(self) -> None:
        self._numbers = count()
        self.inputs: list[Operation] = []
        self.unknown: dict[Unknown, None] = {}
        self.failures: dict[Failure, None] = {}
        self.decided = False
        """Whether the values of an untrained network would have made another one of it."""
        self.end = Operation(next(self._numbers), Step(RETURN, ()), [], frozenset())
        self.first: Operation = self.end

    def __iter__(self) -> Iterator[Operation]:
        """The operations, the end excluded. The one at hand may be erased."""
        operation = self.first
        while operation is not self.end:
            following = operation.after
            assert following is not None
            yield operation
            operation = operation.after if operation.alive and operation.after else following

    def enter(self, shape: Shape) -> Operation:
        """Another input of the network. Inputs are not in the order."""
        operation = Operation(next(self._numbers), Step(ENTRY, shape), [], frozenset())
        self.inputs.append(operation)
        return operation

    def finish(self, *outputs: Operation) -> None:
        """Declare what gives the network's outputs."""
        self.end.operands = list(outputs)
        for place, output in enumerate(outputs):
            output.uses[self.end.index, place] = self.end

    def arrange(self, order: list[Operation]) -> None:
        """Put the operations into an order, which must be all of them."""
        self.first, before = self.end, None
        for operation in [*order, self.end]:
            operation.before = before
            if before is None:
                self.first = operation
            else:
                before.after = operation
            before = operation

    def insert(
        self, before: Operation, step: Step, operands: list[Value], layers: frozenset[int]
    ) -> Operation:
        """A new operation ahead of another one."""
        operation = Operation(next(self._numbers), step, operands, layers)
        operation.after, operation.before = before, before.before
        if before.before is None:
            self.first = operation
        else:
            before.before.after = operation
        before.before = operation
        for place, operand in enumerate(operands):
            if isinstance(operand, Operation):
                operand.uses[operation.index, place] = operation
        return operation

    def follow(
        self, after: Operation, step: Step, operands: list[Value], layers: frozenset[int]
    ) -> Operation:
        """A new operation right behind another one, or ahead of all others behind an input."""
        before = self.first if after.operator == ENTRY else after.after
        assert before is not None
        return self.insert(before, step, operands, layers)

    def set(self, user: Operation, place: int, value: Value) -> None:
        """Let an operand be another value."""
        old = user.operands[place]
        if isinstance(old, Operation):
            del old.uses[user.index, place]
        user.operands[place] = value
        if isinstance(value, Operation):
            value.uses[user.index, place] = user

    def redirect(self, old: Operation, new: Value) -> list[Operation]:
        """Let all that read one result read another value; who did, newest use first."""
        uses = list(reversed(old.uses.items()))
        for (_, place), user in uses:
            self.set(user, place, new)
        return [user for _, user in uses]

    def erase(self, operation: Operation) -> None:
        """Remove an operation that nothing reads."""
        assert not operation.uses, "a result that is read is removed"
        for place, operand in enumerate(operation.operands):
            if isinstance(operand, Operation):
                del operand.uses[operation.index, place]
        before, after = operation.before, operation.after
        assert after is not None
        after.before = before
        if before is None:
            self.first = after
        else:
            before.after = after
        operation.alive = False

    def replace(self, old: Operation, new: Value) -> None:
        """Let another value stand for a result, and remove its operation."""
        self.redirect(old, new)
        self.erase(old)

    def sweep(self) -> None:
        """Remove what nothing reads."""
        operation = self.end.before
        while operation is not None:
            before = operation.before
            if not operation.uses:
                self.erase(operation)
            operation = before

    def doubt(self, layers: frozenset[int], reason: str) -> None:
        """Record that what becomes of some layers is not known; of one reason the first case."""
        if reason in {unknown.reason for unknown in self.unknown}:
            return
        self.unknown[Unknown(tuple(sorted(layers)), reason)] = None

    def fail(self, layers: frozenset[int], reason: str, remedy: str) -> None:
        """Record that the converter fails at some layers."""
        self.failures[Failure(tuple(sorted(layers)), reason, remedy)] = None
