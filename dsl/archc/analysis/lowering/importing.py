"""A network as the converter first has it: TensorFlow's operations, in the order of the function.

What is done here the converter does before its own rewrites: it merges equal operations (MLIR's
CSE), applies what TensorFlow's operations fold to, and folds a multiplication by constants into
the convolution that it reads (`docs/lowering.md`, "Before the rewrites").
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import sqrt

from archc.analysis.lowering.block import Block, Constant, Operation, Value
from archc.analysis.lowering.dilated import split_dilated, spread
from archc.analysis.lowering.numbers import single
from archc.analysis.lowering.order import Place, Places
from archc.ir.graph import Graph
from archc.ops.base import Op, Shape, Step
from archc.values import key, once

KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""Operators with a filter and a bias."""

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})

ARITHMETIC = frozenset({"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"})

COMMUTATIVE = frozenset({"ADD", "MUL", "MAXIMUM", "MINIMUM"})

NOTHING = Constant((), values="nothing")
"""Stands for the bias of an operator that has none."""

_RENAMED = {"ExpandDims": "EXPAND_DIMS", "Squeeze": "SQUEEZE"}
"""TensorFlow's operations that become a RESHAPE, and do what a Reshape does only later on."""

_NEUTRAL = {"ADD": 0, "SUB": 0, "MUL": 1, "DIV": 1}


Steps = Sequence[tuple[Step, ...]]
"""The operators that each node of a network becomes by itself."""


def device_steps(graph: Graph) -> list[tuple[Step, ...]]:
    return once(_device, graph.shaped())


def _device(op: Op, *shapes: Shape) -> tuple[Step, ...]:
    return op.device(*shapes)


def translate(graph: Graph, steps: Steps, where: Places, trained: bool = True) -> Block:
    """Every operator as it would be on its own, biases apart from their kernels.

    Without training biases and shifts are zeros and scales of layer normalisations ones, which the
    converter looks at.

    Args:
        graph: the network.
        steps: what its nodes become.
        where: the places of these steps.
        trained: whether its variables have the values of training.
    """
    block = Block()
    queue: list[tuple[Place, Operation]] = []
    values: list[Operation] = []
    for index, node in enumerate(graph.nodes):
        if not node.inputs:
            values.append(block.enter(node.shape))
            continue
        reads = [values[source] for source in node.inputs]
        made: list[Operation] = []
        for step, at in zip(steps[index], where[index], strict=True):
            sources = [made[i] if i >= 0 else reads[-1 - i] for i in step.inputs]
            if step.operator in ("QUANTIZE", "DEQUANTIZE"):  # quantising puts them in
                made.append(sources[0])
                continue
            if len(sources) == 2 and len(sources[1].shape) > 1 and _is_bias(step):
                block.fail(
                    frozenset({index}),
                    "a sum over two axes whose second operand has one value a row does not convert",
                    "reshape both to three axes before, or let the one with one value a row stand "
                    "first where the other has more",
                )
            biased = step.operator in KERNELS and step.biases and not step.zero_bias
            dilated = spread(step, sources[0])
            if dilated is not None:
                sources[0] = block.insert(block.end, dilated, [sources[0]], frozenset({index}))
                queue.append((at[0], sources[0]))
            plain, operands = _operands(step, sources, trained)
            result = block.insert(block.end, plain, operands, frozenset({index}))
            own = 2 if dilated is not None else 0 if step.operator in KERNELS else step.stands
            queue.append((at[own], result))
            if biased:
                addition = Step("ADD", step.shape, traced=step.traced[-1:])
                bias = _learned(step.shape[-1:], Fraction(0), _shared(step, "bias"), trained)
                result = block.insert(block.end, addition, [result, bias], frozenset({index}))
                queue.append((at[-1], result))
            made.append(result)
        values.append(made[-1] if made else reads[0])
    block.finish(*(values[result] for result in graph.ends))
    queue.sort(key=lambda entry: entry[0])
    block.arrange([operation for _, operation in queue])
    return block


def _is_bias(step: Step) -> bool:
    return step.operator == "ADD" and [traced.name for traced in step.traced] == ["BiasAdd"]


def _operands(step: Step, sources: list[Operation], trained: bool) -> tuple[Step, list[Value]]:
    """What an operator reads, its constants included, and the rest of its step."""
    operands: list[Value] = list(sources)
    name = step.traced[-1].name.rsplit("/", 1)[-1] if step.traced else ""
    operator = _RENAMED.get(name.partition("_")[0], step.operator)
    if step.operator in KERNELS:
        zeros = Constant(step.shape[-1:], Fraction(0))
        operands += [
            Constant((step.weights,), values=_shared(step, "filter")),
            zeros if step.operator in CONVOLUTIONS else NOTHING,
        ]
        return step._replace(
            inputs=(), operator=operator, weights=0, biases=0, zero_bias=False
        ), operands
    if len(sources) == 1 and step.operator in ARITHMETIC:
        if step.scalar is not None:
            operands.append(Constant((1,) * len(step.shape) if step.spread else (), step.scalar))
        elif step.weights:
            ones = (1,) * len(step.shape) if step.spread else ()
            shared = _shared(step, "constant")
            operands.append(_learned((*ones, step.weights), _initial(step), shared, trained))
        if step.left and step.operator not in COMMUTATIVE:
            operands.reverse()
        return step._replace(
            inputs=(),
            operator=operator,
            weights=0,
            affine=False,
            spread=False,
            scalar=None,
            left=False,
        ), operands
    plain = step._replace(inputs=(), operator=operator)
    if step.operator == "GELU":  # until it is recognised its input is read twice
        return plain._replace(operator="ERFC"), operands * 2
    return plain, operands


def _shared(step: Step, what: str) -> object:
    """What identifies a variable of a layer that is called several times; None for any other."""
    return (step.shared, what) if step.shared else None


def _initial(step: Step) -> Fraction | None:
    """Every element of a constant that a normalisation begins with: an offset of 0, a factor of 1,
    which batch normalisation divides by the root of 1 and its epsilon."""
    if step.operator == "ADD":
        return Fraction(0)
    if step.affine:
        return _initial_factor(*step.settings[0].as_integer_ratio()) if step.settings else None
    return Fraction(1)


@lru_cache(maxsize=64)
def _initial_factor(numerator: int, denominator: int) -> Fraction:
    """That of a batch normalisation, by its epsilon."""
    return single(Fraction(1 / sqrt(1 + Fraction(numerator, denominator))))


def _learned(shape: Shape, initial: Fraction | None, values: object, trained: bool) -> Constant:
    return Constant(shape, None if trained else initial, values, initial)


def canonicalise(block: Block) -> None:
    """What TensorFlow's own operations fold to, and equal ones merged."""
    merge_equal(block)
    split_dilated(block)
    for operation in block:
        _fold(block, operation)
    block.sweep()
    merge_equal(block)
    for operation in block:
        _scale_filter(block, operation)
    block.sweep()
    for operation in block:
        _drop_zeros(block, operation)
    block.sweep()


def _fold(block: Block, operation: Operation) -> None:
    operator = operation.operator
    if operator in ("RELU", "RELU6"):
        (source,) = operation.reads
        if source.operator == operator:
            source.layers |= operation.layers
            block.replace(operation, source)
    elif operator == "RESHAPE":
        (source,) = operation.reads
        if source.operator == "RESHAPE":
            block.set(operation, 0, source.operands[0])
        if operation.reads[0].alike(operation):
            block.replace(operation, operation.reads[0])
    elif operator in _NEUTRAL and operation.constant is not None:
        bias = operation.step.traced and operation.step.traced[0].name == "BiasAdd"
        source, constant = operation.reads[0], operation.constant
        if not source.alike(operation) or (bias and operation.shape[-1] > 1):
            return
        if constant.number == _NEUTRAL[operator]:
            block.replace(operation, source)
        elif constant.initial == _NEUTRAL[operator]:
            block.decided |= not _fits_kernel(operation)


def _drop_zeros(block: Block, operation: Operation) -> None:
    """A bias of zeros is gone once operations are TFLite's, ahead of any rewrite."""
    constant = operation.constant
    if operation.operator != "ADD" or constant is None or constant.initial != 0:
        return
    (source,) = operation.reads
    if source.alike(operation) and constant.number == 0:
        block.replace(operation, source)
    elif source.alike(operation):
        block.decided |= not _fits_kernel(operation)


def _fits_kernel(operation: Operation) -> bool:
    """Whether an addition becomes the bias of the kernel it reads in any case."""
    (source,) = operation.reads
    if source.operator == "FULLY_CONNECTED":
        return operation.operator == "ADD" and source.used_once
    # Of a normalisation behind a dense layer it is open which of two layers takes the factor.
    while source.operator in ("ADD", "MUL") and source.constant is not None and source.used_once:
        source = source.reads[0]
    return operation.operator == "ADD" and source.operator in CONVOLUTIONS and source.used_once


def _scale_filter(block: Block, operation: Operation) -> None:
    """A multiplication by constants folds into the convolution that it alone reads."""
    factor = operation.constant
    if operation.operator != "MUL" or factor is None:
        return
    source = operation.reads[0]
    if source.operator == "CONV_2D" and source.used_once and factor.size in (1, source.shape[-1]):
        source.layers |= operation.layers
        weights = source.operands[1]
        assert isinstance(weights, Constant)
        block.set(source, 1, Constant(weights.shape, values=(weights.key, factor.key)))
        block.replace(operation, source)


def merge_equal(block: Block) -> None:
    """Equal operations on equal operands are one, the first of them."""
    equal = _Equal(block)
    for operation in block:
        equal.merge(operation)


class _Equal:
    """The operations so far, by what they read. Most read what nothing else reads: those equal no
    other, and are looked at only once something that they read is merged."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self._seen: dict[object, list[Operation]] = {}
        self._untrained: dict[object, list[Operation]] = {}
        self._alone: set[int] = set()

    def merge(self, operation: Operation) -> None:
        """Let the first operation that equals this one stand for it."""
        source = operation.operands[0]
        if isinstance(source, Operation) and len(source.uses) == 1:
            self._alone.add(operation.index)
            return
        first = self._enter(operation)
        if first is operation:
            return
        readers = list(first.uses.values())
        first.layers |= operation.layers
        self.block.replace(operation, first)
        if len(readers) == 1 and readers[0].index in self._alone:
            self._alone.remove(readers[0].index)
            self._enter(readers[0])

    def _enter(self, operation: Operation) -> Operation:
        block = self.block
        first = _first(self._seen, operation, _keys(operation, False))
        if first is operation and not block.decided and operation.constant is not None:
            other = _first(self._untrained, operation, _keys(operation, True))
            block.decided = other is not operation
        return first


def _first(
    seen: dict[object, list[Operation]], operation: Operation, keys: list[object]
) -> Operation:
    """The first operation that is equal to one with these operands. Most share theirs with none, so
    that the rest of them need not be compared."""
    alike = seen.setdefault(key(operation.operator, *keys), [])
    for other in alike:
        if other.activation == operation.activation and _facts(other) == _facts(operation):
            return other
    alike.append(operation)
    return operation


def _facts(operation: Operation) -> Step:
    return operation.step._replace(traced=(), inputs=())


def _keys(operation: Operation, initial: bool) -> list[object]:
    """What identifies the operands of an operation."""
    keys: list[object] = [
        operand.index
        if isinstance(operand, Operation)
        else operand.initial_key
        if initial
        else operand.key
        for operand in operation.operands
    ]
    if operation.operator in COMMUTATIVE:
        keys.sort(key=repr)
    return keys
