"""Full-integer quantisation: which results share a scale, where one is converted to another, and
what is left in float32.

Calibration gives each result a range. Results of operators with a scale of their own and of those
that keep the scale of what they read do without it; scales then spread from operator to operator,
the last one first, and where two meet a QUANTIZE goes between. An operator computes in integers
where all it reads and makes has a scale, and where it has a kernel for integers. Sources:
TensorFlow 2.21's `quantization_utils.cc` (RemoveRedundantStatsOps), `quantization_driver.cc`,
`quantization_utils.h` (QuantizationPattern, FoldTrivalRequantizeOp); `docs/lowering.md`,
"Quantisation".
"""

from fractions import Fraction

from archc.analysis.lowering.block import RETURN, Block, Operation
from archc.analysis.lowering.deployed import FAR
from archc.ops.base import Step

FLOAT = frozenset({"NEG", "ELU", "SQUARE", "FLOOR", "CEIL", "ROUND", "COS", "SIN"})
"""Operators without a kernel for int8: they compute in float32."""

FIXED = {"LOGISTIC": "1/256", "SOFTMAX": "1/256", "TANH": "1/128"}
"""Operators whose results have a scale that is given, not calibrated."""

SAME_SCALE = frozenset(
    {
        *("MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD", "RESHAPE", "TILE", "TRANSPOSE"),
        *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "CONCATENATION", "STRIDED_SLICE", "SLICE"),
        *("MAXIMUM", "MINIMUM", "REDUCE_MAX", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"),
    }
)
"""Operators whose result has the scale of what they read."""

_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
"""Those that have no second operand, of integers, in the file."""

MOVING = frozenset({"PAD", "RESHAPE", "TILE", "TRANSPOSE", "CONCATENATION"})
"""Operators whose result has the range of what they read."""

Uses = list[tuple[Operation, int]]
"""Users, and which of their operands."""

Scale = object
"""Equal scales are equal: the range of a result stands for the one that is calibrated from it."""


class State:
    """What is known of the scale of a value."""

    def __init__(self, scale: Scale | None = None, calibrated: bool = False) -> None:
        self.scale = scale
        self.calibrated = calibrated
        """Whether it is that of its own range, which stays."""
        self.conversions: list[Conversion] = []


class Conversion:
    """A second scale that a value needs."""

    def __init__(self, scale: Scale, on_input: bool, users: Uses) -> None:
        self.scale = scale
        self.on_input = on_input
        """Whether the operation itself gives this one, and all that read it the first."""
        self.users = users


def quantise(block: Block, io: str) -> None:
    """Put in what converts between scales, and between integers and float32.

    ``io`` is the type at the border: an operator in float32 reads a float32 input itself.
    """
    for operation in block:
        joins = operation.operator in SAME_SCALE and len(operation.reads) > 1
        if joins and any(source.operator in FLOAT for source in operation.reads):
            reason = f"{operation.operator} of what computes in float32 may do so too"
            block.doubt(operation.layers, reason)
        for source in operation.reads if operation.operator in SAME_SCALE else ():
            if source.operator in FLOAT and len(source.uses) > 1:
                reason = "what reads a result in float32 beside others may compute so too"
                block.doubt(operation.layers, reason)
    numbers = [(one, number) for one in block if (number := _number(one)) is not None]
    for operation, number in numbers if len(numbers) > 1 else ():
        if operation.operator in ("MAXIMUM", "MINIMUM") and abs(number) < FAR:
            reason = "whether a bound is stored with another number depends on ranges"
            block.doubt(operation.layers, reason)
    _Writer(block, _Scales(block).run(), io).run()


def _number(operation: Operation) -> Fraction | None:
    """The single number that an operation computes with."""
    constant = operation.constant
    number: Fraction | None = constant.number if constant and constant.size == 1 else None
    return number


class _Scales:
    """[QuantizationDriver]"""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.ranges: dict[int, Scale] = {}
        self.states: dict[int, State] = {}
        self._work: list[Operation] = []
        self._done: set[int] = set()

    def run(self) -> dict[int, State]:
        self._calibrate()
        self._work = [operation for operation in self.block if operation.operator not in FLOAT]
        while self._work:
            operation = self._work.pop()
            if operation.index not in self._done:
                self._done.add(operation.index)
                self._spread(operation)
        return self.states

    def _calibrate(self) -> None:
        """Give a value the scale of its range, unless it follows from another one
        [RemoveRedundantStatsOps]."""
        values = [*self.block.inputs, *self.block]
        for value in values:
            self.ranges[value.index] = self._range(value)
        redundant: set[int] = set()
        waiting = list(values)
        while waiting:
            value = waiting.pop()
            if value.operator in FIXED:
                redundant.add(value.index)
            for user in reversed(value.uses.values()):
                if user.operator in SAME_SCALE and len(user.reads) == 1:
                    redundant.add(user.index)
                    waiting.append(user)
        waiting = [value for value in values if value.index not in redundant]
        while waiting:
            value = waiting.pop()
            if value.operator in SAME_SCALE:
                for source in value.reads:
                    redundant.add(source.index)
                    waiting.append(source)
        for value in values:
            known = value.index not in redundant
            scale = self.ranges[value.index] if known else None
            self.states[value.index] = State(scale, known)

    def _range(self, value: Operation) -> Scale:
        """Stands for the range of a value: equal for values that hold the same numbers."""
        if value.operator in MOVING and value.activation is None:
            ranges = [self.ranges[source.index] for source in value.reads]
            return frozenset().union(*ranges)  # type: ignore[arg-type]
        return frozenset({value.index})

    def _spread(self, operation: Operation) -> None:
        if operation.operator in SAME_SCALE:
            scale = self._common(operation)
            if scale is None:
                self._done.discard(operation.index)
                return
            for place, source in enumerate(operation.operands):
                if isinstance(source, Operation):
                    self._need(operation, place, source, scale)
            self._give(operation, scale)
        if operation.operator in FIXED:
            self._give(operation, FIXED[operation.operator])

    def _common(self, operation: Operation) -> Scale | None:
        """[GetQuantParamsForSameScaleConstraint]"""
        sources = [self.states[source.index] for source in operation.reads]
        result = self.states[operation.index]
        fixed = [state for state in sources if state.calibrated]
        single = operation.operator in _POOLS
        if single and fixed:
            return fixed[0].scale
        if result.calibrated:
            return result.scale
        if fixed:
            return fixed[0].scale
        known = [state for state in sources if state.scale is not None]
        if single and known:
            return known[0].scale
        if result.scale is not None:
            return result.scale
        return known[0].scale if known else None

    def _need(self, user: Operation, place: int, source: Operation, scale: Scale) -> None:
        """[SetOperandParams]"""
        state = self.states[source.index]
        if state.scale == scale:
            return
        if state.scale is None:
            state.scale = scale
            self._work.append(source)
            return
        self._doubt(source, state.scale, scale)
        for conversion in state.conversions:
            if conversion.scale == scale:
                conversion.users.append((user, place))
                return
        state.conversions.append(Conversion(scale, False, [(user, place)]))

    def _doubt(self, value: Operation, first: Scale, second: Scale) -> None:
        """Two ranges of which one tensor is a part are equal where it holds the extremes."""
        if isinstance(first, frozenset) and isinstance(second, frozenset) and first & second:
            self.block.doubt(
                value.layers, "whether it needs a QUANTIZE depends on ranges: they may be equal"
            )

    def _give(self, operation: Operation, scale: Scale) -> None:
        """[SetResultParams]"""
        state = self.states[operation.index]
        if state.scale == scale:
            return
        if state.scale is not None:
            state.conversions.append(Conversion(scale, True, []))
            return
        state.scale = scale
        self._work.extend(operation.uses.values())


class _Writer:
    """[QuantizationDriver::Finalize, QuantizationPattern, FoldTrivalRequantizeOp]"""

    def __init__(self, block: Block, states: dict[int, State], io: str) -> None:
        self.block, self.states, self.io = block, states, io
        self.integer = {
            operation.index
            for operation in block
            if operation.operator not in FLOAT
            and all(
                states[value.index].scale is not None for value in (operation, *operation.reads)
            )
        }
        self.integer |= {block.end.index, *(value.index for value in block.inputs)}

    def run(self) -> None:
        for value in [*self.block.inputs, *self.block]:
            value.scale = self.states[value.index].scale
            if value.index not in self.integer:
                value.step = value.step._replace(float_result=True)
                if any(not isinstance(operand, Operation) for operand in value.operands):
                    self.block.doubt(value.layers, f"{value.operator} may compute in float32")
            if self.states[value.index].scale is not None:
                self._convert(value)

    def _convert(self, value: Operation) -> None:
        uses = [(user, place) for (_, place), user in value.uses.items()]
        floats = [use for use in uses if use[0].index not in self.integer]
        whole = value
        if value.index not in self.integer:
            uses = [use for use in uses if use not in floats and not self._leaves(value, use[0])]
            floats = []
            if not uses:
                return
            whole = self._put(value, value, "QUANTIZE", uses, value.layers)
        elif value.operator == "" and self.io == "float32":
            uses = [use for use in uses if use not in floats]
            floats = []
        last = self._convert_scales(value, whole, uses)
        if floats:
            self._put(whole, last, "DEQUANTIZE", floats)

    def _leaves(self, value: Operation, user: Operation) -> bool:
        """Whether a float32 result is an output of the network as it is."""
        return user.operator == RETURN and self.io == "float32"

    def _convert_scales(self, value: Operation, whole: Operation, uses: Uses) -> Operation:
        """Put in what gives a value in its other scales; the last operator that does."""
        state = self.states[value.index]
        conversions = state.conversions
        if len({conversion.on_input for conversion in conversions}) > 1:
            conversions = []
        if value.operator in FIXED and state.scale != FIXED[value.operator] and not conversions:
            self.block.fail(
                value.layers,
                f"{value.operator} that several operators of one scale read does not convert",
                "let one of them read it, or put another operator between",
            )
        last = whole
        if conversions and conversions[0].on_input:
            last = self._put(whole, whole, "QUANTIZE", uses)
            last.scale, whole.scale = state.scale, conversions[0].scale
            return last
        for number, conversion in enumerate(conversions):
            readers = conversion.users
            if number == 0 and len(uses) <= len(conversions):
                others = [use for other in conversions[1:] for use in other.users]
                readers = [use for use in uses if use not in others]
                if not others and self._takes_any_scale(whole):
                    whole.scale = conversion.scale
                    return whole
            last = self._put(whole, last, "QUANTIZE", readers)
            last.scale = conversion.scale
        return last

    def _takes_any_scale(self, operation: Operation) -> bool:
        """Whether an operator computes in whatever scale is asked of its result."""
        own = operation.operator in FIXED or operation.operator in SAME_SCALE
        return not own and operation.operator not in ("", "QUANTIZE")

    def _put(
        self,
        source: Operation,
        after: Operation,
        operator: str,
        uses: Uses,
        layers: frozenset[int] = frozenset(),
    ) -> Operation:
        """An operator that converts a result for some of what reads it; because of that, unless it
        is said which layers need it."""
        step = Step(
            operator,
            source.shape,
            float_result=operator == "DEQUANTIZE",
            batched=source.step.batched,
        )
        layers = layers or frozenset().union(*(user.layers for user, _ in uses)) or source.layers
        converted = self.block.follow(after, step, [source], layers)
        for user, place in uses:
            self.block.set(user, place, converted)
        return converted
