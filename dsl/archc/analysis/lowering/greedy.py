"""How the converter applies its rewrites: MLIR's greedy driver.

The order decides what is found. Operations wait on a stack that is filled in their order, so the
last one is visited first; what a rewrite makes or changes is pushed and visited next. An operation
that nothing reads is removed when it is visited, not before, and until then counts as a user where
a rewrite asks for the only one. Walks are repeated until one changes nothing, ten times at most.
Source: LLVM's `GreedyPatternRewriteDriver.cpp`, with the defaults of TensorFlow 2.21's passes
(bottom-up, folding on); `docs/lowering.md`, "How rewrites are applied".
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from archc.analysis.lowering.block import (
    ENTRY,
    FOLD_PRODUCT,
    FOLD_SUM,
    FOLDS,
    RETURN,
    Block,
    Constant,
    Operation,
    Value,
)
from archc.ops.base import Shape, Step

WALKS = 10

PER_OPERATION, AT_LEAST = 20, 4_000
"""So many rewrites are followed. Networks need three to six per operation; a row of RESHAPEs and
activations in turns needs as many as it has pairs, also of the converter."""

FOLDABLE = frozenset({*FOLDS, "RESHAPE", "PAD", "TRANSPOSE"})
"""Operators that may be nothing but what they read, or a constant."""

ZERO = Fraction(0)

Rewrite = Callable[["Driver", Operation], bool]
"""Applies to an operation, and says whether it did."""
Rewrites = Mapping[str, Sequence[Rewrite]]
"""By operator, the one that is tried first first."""


class Driver:
    """One run of a set of rewrites over a block."""

    def __init__(self, block: Block, rewrites: Rewrites) -> None:
        self.block = block
        self._rewrites = rewrites
        self._stack: list[Operation | None] = []
        self._waiting: dict[int, int] = {}
        """Where an operation waits on the stack, by its index."""
        self.changed = False
        """Whether there was anything to do."""
        self.settled = False
        """Whether another run of the same rewrites would find nothing in the block as it is."""
        self._left = 0
        """How many rewrites are left to follow."""

    def run(self) -> None:
        """Walk until nothing changes; `changed` and `settled` tell what became of it."""
        for walk in range(WALKS):
            self._stack = [*self.block, self.block.end]
            self._waiting = {each.index: at for at, each in enumerate(self._stack) if each}
            if walk == 0:
                self._left = AT_LEAST + PER_OPERATION * (len(self._stack) - 1)
            if not self._walk():
                self.settled = self._left > 0
                break
            self.changed = True

    def push(self, operation: Operation) -> None:
        if operation.index not in self._waiting and operation.operator != ENTRY:
            self._waiting[operation.index] = len(self._stack)
            self._stack.append(operation)

    def create(
        self,
        root: Operation,
        step: Step,
        operands: list[Value],
        layers: frozenset[int],
        activation: str | None = None,
    ) -> Operation:
        """A new operation ahead of the one that a rewrite applies to."""
        operation = self.block.insert(root, step, operands, layers)
        operation.activation = activation
        self.push(operation)
        return operation

    def replace(self, root: Operation, value: Value) -> bool:
        """Let another value stand for the result of an operation, which goes. Always true."""
        for user in self.block.redirect(root, value):
            self.push(user)
        self._erase(root)
        return True

    def replace_by(
        self,
        root: Operation,
        step: Step,
        operands: list[Value],
        layers: frozenset[int],
        activation: str | None = None,
    ) -> bool:
        """Let a new operation stand for one. Always true."""
        return self.replace(root, self.create(root, step, operands, layers, activation))

    def fold(self, root: Operation, operator: str, shape: Shape, *operands: Value) -> Operation:
        """An operation on constants, which is computed when it is visited."""
        return self.create(root, Step(operator, shape, batched=False), list(operands), frozenset())

    def _walk(self) -> bool:
        changed = False
        stack, waiting, rewrites = self._stack, self._waiting, self._rewrites
        while stack:
            operation = stack.pop()
            if operation is None:
                continue
            operator = operation.operator
            del waiting[operation.index]
            if not operation.uses and operator != RETURN:
                self._erase(operation)
                changed = True
            elif (operator in FOLDABLE and self._folds(operation)) or (
                operator in rewrites and self._applies(operation, rewrites[operator])
            ):
                changed = True
        return changed

    def _applies(self, operation: Operation, rewrites: Sequence[Rewrite]) -> bool:
        for rewrite in rewrites:
            if self._left == 0:
                self.block.doubt(operation.layers, "too many rewrites to follow")
                return False
            if rewrite(self, operation):
                self._left -= 1
                return True
        return False

    def _folds(self, operation: Operation) -> bool:
        if operation.operator in FOLDS:
            value = computed(operation)
            return value is not None and self.replace(operation, value)
        (source,) = operation.reads
        return moves_nothing(operation, source) and self.replace(operation, source)

    def _erase(self, operation: Operation) -> None:
        for source in operation.reads:
            if len(source.uses) < 3 or _readers(source, operation) < 2:
                self.push(source)
        self.block.erase(operation)
        place = self._waiting.pop(operation.index, None)
        if place is not None:
            self._stack[place] = None


def _readers(source: Operation, erased: Operation) -> int:
    """How many operations beside one read a result."""
    return len({user.index for user in source.uses.values() if user is not erased})


def moves_nothing(operation: Operation, source: Operation) -> bool:
    """Whether a RESHAPE, PAD or TRANSPOSE gives what it reads."""
    if operation.operator == "TRANSPOSE":
        (order,) = operation.step.tables
        return order == tuple(range(len(order)))
    return source.alike(operation)


def computed(operation: Operation) -> Constant | None:
    """The value of an operation on constants; None while one of them is not known."""
    constants = [operand for operand in operation.operands if isinstance(operand, Constant)]
    if len(constants) < len(operation.operands):
        return None
    number = _number(operation.operator, [constant.number for constant in constants])
    initial = _number(operation.operator, [constant.initial for constant in constants])
    keys = [constant.key for constant in constants]
    return Constant(operation.shape, number, (operation.operator, *keys), initial)


def _number(operator: str, numbers: list[Fraction | None]) -> Fraction | None:
    """What an operation on constants gives throughout; None where that is not known."""
    known = [number for number in numbers if number is not None]
    nonzero = [number for number in known if number]
    if operator == FOLD_PRODUCT and len(nonzero) < len(known):
        return ZERO
    if operator == FOLD_SUM and len(known) == len(numbers):
        return sum(nonzero[1:], nonzero[0]) if nonzero else ZERO
    return None
