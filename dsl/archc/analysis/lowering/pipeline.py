"""The passes from a network as it is trained to what the int8 converter leaves of it."""

from fractions import Fraction

from archc.analysis.lowering.algebra import negate
from archc.analysis.lowering.block import Block, Constant, Operation
from archc.analysis.lowering.border import add_border
from archc.analysis.lowering.deployed import (
    INPUT,
    Deployed,
    DeviceOp,
    Failure,
    Unknown,
    measure,
)
from archc.analysis.lowering.importing import (
    CONVOLUTIONS,
    KERNELS,
    NOTHING,
    Steps,
    canonicalise,
    device_steps,
    merge_equal,
    translate,
)
from archc.analysis.lowering.order import Places, places
from archc.analysis.lowering.quantising import quantise
from archc.analysis.lowering.rewriting import rewrite, rewrite_integers
from archc.ir.graph import Graph
from archc.typed import Any, NamedTuple
from archc.values import key as keyed


class Outcome(NamedTuple):
    """What is left of a network, before it is measured."""

    operators: tuple[DeviceOp, ...]
    unknown: tuple[Unknown, ...]
    failures: tuple[Failure, ...]
    outputs: tuple[int, ...]
    """As those of a `Deployed`."""


def lower(graph: Graph, io: str = "float32", trained: bool = True) -> Deployed:
    """The deployed graph of a network: full-integer post-training quantisation at batch 1.

    ``io`` is the type at the border: `float32`, `int8` or `uint8`. Without ``trained`` variables
    have the values that they begin with, zeros and ones, on which some rewrites depend. Sources:
    `docs/lowering.md`; each rule is confirmed by the converter in `tests/analysis`.
    """
    steps = device_steps(graph)
    block, results = _lowered(graph, steps, places(graph, steps), io, trained)
    return measured(publish(block, results)[0], graph, steps)


def outcomes(graph: Graph, steps: Steps, io: str) -> tuple[Outcome, Outcome]:
    """What is left of a network trained and untrained.

    The second is worked out anew only where a value of an untrained network decides a rewrite;
    elsewhere it differs in what its constants share.
    """
    where = places(graph, steps)
    block, results = _lowered(graph, steps, where, io, True)
    trained, untrained = publish(block, results)
    if block.decided:
        untrained = publish(*_lowered(graph, steps, where, io, False))[0]
    return trained, untrained


def _lowered(
    graph: Graph, steps: Steps, where: Places, io: str, trained: bool
) -> tuple[Block, list[int]]:
    """A network after all rewrites, and which operations give its results."""
    block = translate(graph, steps, where, trained)
    negate(block)
    canonicalise(block)
    rewrite(block)
    merge_equal(block)
    quantise(block, io)
    rewrite_integers(block)
    results = [output.index for output in block.end.reads]
    add_border(block, io, graph)
    return block, results


def measured(outcome: Outcome, graph: Graph, steps: Steps) -> Deployed:
    """What is left of a network, with its sums."""
    shapes = tuple([graph.nodes[index].shape for index in graph.inputs])
    return measure(*outcome, shapes, tuple(steps))


def publish(block: Block, results: list[int]) -> tuple[Outcome, Outcome]:
    """The block as it stands, and the same with the values that constants have before training.

    Args:
        block: the network, its border included.
        results: operations that give the network's results, the border excluded.
    """
    ordered = list(block)
    numbers = {operation.index: number for number, operation in enumerate(ordered)}
    numbers.update((source.index, INPUT - place) for place, source in enumerate(block.inputs))
    shared, before = _Shared(initial=False), _Shared(initial=True)
    operators, untrained = [], []
    for number, operation in enumerate(ordered):
        step = operation.step
        facts, initial = (each.constants(number, operation) for each in (shared, before))
        op = DeviceOp(
            operation.operator,
            operation.shape,
            tuple([numbers[source.index] for source in operation.reads]),
            tuple(sorted(operation.layers)),
            tables=step.tables,
            window=step.window,
            activation=operation.activation,
            border=operation.border,
            float_result=step.float_result,
            batch=step.batch,
            **facts,
        )
        operators.append(op)
        untrained.append(op if facts == initial else op._replace(**initial))
    outcome = Outcome(
        tuple(operators),
        tuple(block.unknown),
        tuple(block.failures),
        tuple([numbers[index] for index in results]),
    )
    if untrained == operators:
        return outcome, outcome
    return outcome, outcome._replace(operators=tuple(untrained))


class _Shared:
    """What operators share of their constants, seen in their order."""

    def __init__(self, initial: bool) -> None:
        self.initial = initial
        self.first: dict[object, int] = {}
        """The first operator that reads a constant."""
        self.biases: dict[int, object] = {}
        """By the first operator that reads a filter: what its bias is told by."""

    def constants(self, number: int, operation: Operation) -> dict[str, Any]:
        """The facts of a `DeviceOp` on the constants of an operation."""
        step, constants = operation.step, _constants(operation)
        if operation.operator in KERNELS:
            return self._kernel(number, operation, *constants)
        if not constants:
            return {"weights": step.weights, "biases": step.biases}
        (constant, *_), known = constants, self._number(constants[0])
        if known is not None and not constant.shape:
            return {"scalar": known, "weights": step.weights}
        twin = self._twin(number, constant.values if known is None else (constant.shape, known))
        splat = None if known is None else (known > 0) - (known < 0)
        return {"weights": constant.size if twin is None else 0, "twin": twin, "splat": splat}

    def _kernel(
        self, number: int, operation: Operation, filters: Constant, bias: Constant
    ) -> dict[str, Any]:
        twin = self._twin(number, filters.stored)
        zero = self._number(bias) == 0
        dropped = bias is NOTHING or (zero and operation.operator not in CONVOLUTIONS)
        # Its scale is that of what is read times the filter's.
        key = bias.initial_key if self.initial else bias.key
        source = operation.reads[0]
        scale = source.index if source.scale is None else source.scale
        same = (key, scale, filters.values)
        own = same != self.biases.setdefault(number if twin is None else twin, same)
        return {
            "weights": filters.size if twin is None else 0,
            "biases": 0 if dropped else bias.size,
            "zero_bias": zero and not dropped,
            "twin": twin,
            "own_bias": own,
        }

    def _number(self, constant: Constant) -> Fraction | None:
        return constant.initial if self.initial else constant.number

    def _twin(self, number: int, key: object) -> int | None:
        """The operator before this one that reads the same constant."""
        first = self.first.setdefault(keyed(key), number)
        return None if first == number else first


def _constants(operation: Operation) -> list[Constant]:
    return [operand for operand in operation.operands if isinstance(operand, Constant)]
