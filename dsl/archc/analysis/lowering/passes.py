"""What the converter does to a network, one pass each.

Observed on TensorFlow 2.21.0 with Keras 3.15.1, full-integer post-training quantisation at batch
1; `tests/analysis` holds every rule against the converter. Passes know TFLite operators and never
ask which operator of the language one came from.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import inf

from archc.analysis.lowering.order import Place
from archc.analysis.lowering.program import OUTPUT, Instruction, Program
from archc.ops.base import Shape, Step, product

KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""Operators into which a multiplication or addition by constants folds."""

FUSING = KERNELS | {"ADD", "SUB", "MUL", "MAX_POOL_2D", "AVERAGE_POOL_2D"}
"""Operators that take a RELU or RELU6 as their fused activation."""

COMMUTATIVE = frozenset({"ADD", "MUL"})

FIXED_SCALE = frozenset({"LOGISTIC", "TANH", "SOFTMAX"})
"""Operators whose results have a quantisation that is given, not calibrated."""

SAME_SCALE = frozenset(
    {
        *("MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD", "RESHAPE", "TILE", "RESIZE_BILINEAR"),
        "RESIZE_NEAREST_NEIGHBOR",
    }
)
"""Operators whose result has the quantisation of what they read."""


def drop_identities(program: Program) -> None:
    """A RESHAPE to the same shape vanishes, and a MEAN of a 1x1 map that stays one."""
    for instruction in program:
        if instruction.operator in ("RESHAPE", "MEAN", "REDUCE_MAX", "PAD"):
            source = program.source(instruction)
            if same_shape(source, instruction):
                program.replace(instruction, source)


def same_shape(a: Instruction, b: Instruction) -> bool:
    return a.shape == b.shape and a.step.batched == b.step.batched


def doubt_single_channels(program: Program) -> None:
    """A LayerNorm over one channel: its MEANs are identities, and a DEQUANTIZE goes with them."""
    for instruction in program:
        if instruction.operator == "SQUARED_DIFFERENCE" and instruction.shape[-1] == 1:
            program.doubt(instruction, "a layer normalisation over a single channel")


def doubt_pixel_means(program: Program) -> None:
    """Equal MEANs of one pixel, one of them made a map again: when they merge is not known."""
    for instruction in program:
        if instruction.operator in ("MEAN", "REDUCE_MAX") and len(instruction.users) > 1:
            before = program.source(instruction).shape
            users = [program[user] for user in instruction.users if user != OUTPUT]
            if _is_vector(before) and any(
                user.operator == "RESHAPE" and user.shape == before for user in users
            ):
                program.doubt(instruction, "a mean of one pixel read as a vector and as a map")


def merge_equal(program: Program) -> None:
    """Equal operators without weights of their own that read one tensor are one."""
    seen: dict[tuple[object, ...], Instruction] = {}
    for instruction in program:
        step = instruction.step
        if step.biases or step.weights:
            continue
        reads = sorted(instruction.inputs) if step.operator in COMMUTATIVE else instruction.inputs
        facts = step._replace(inputs=(), traced=())
        first = seen.setdefault((facts, instruction.activation, tuple(reads)), instruction)
        if first is not instruction:
            first.layers |= instruction.layers
            first.place = min(first.place, instruction.place)
            program.replace(instruction, first)


def drop_repeated_activations(program: Program) -> None:
    """A RELU of a RELU is the first one, and a RELU6 of a RELU6."""
    for instruction in program:
        if instruction.operator in ("RELU", "RELU6"):
            source = program.source(instruction)
            if source.operator == instruction.operator:
                source.layers |= instruction.layers
                program.replace(instruction, source)


def fold_padding(program: Program) -> None:
    """PAD and a VALID convolution become a SAME one exactly when the amounts equal SAME's."""
    for instruction in program:
        window = instruction.step.window
        if instruction.operator not in ("CONV_2D", "DEPTHWISE_CONV_2D") or window is None:
            continue
        pad = program.source(instruction)
        if window.padding != "valid" or pad.operator != "PAD":
            continue
        source = program.source(pad)
        if pad.step.pads == window.same_pads(source.shape):
            program.change(instruction, window=window._replace(padding="same"))
            program.rewire(instruction, 0, source)


def recognise_hard_swish(program: Program) -> None:
    """`x * (relu6(x + 3) * 1/6)` becomes HARD_SWISH, unless an activation was fused to it."""
    for instruction in program:
        if instruction.operator != "MUL" or len(instruction.inputs) != 2:
            continue
        if instruction.activation is not None:
            continue
        for place in (0, 1):
            x = program.source(instruction, 1 - place)
            sixth = program.source(instruction, place)
            if sixth.operator == "MUL" and sixth.step.scalar == Fraction(1, 6):
                clipped = program.source(sixth)
                if clipped.operator == "RELU6":
                    clipped = program.source(clipped)
                elif clipped.activation != "RELU6":
                    continue
                if clipped.step.scalar == Fraction(3) and program.source(clipped) is x:
                    instruction.layers |= sixth.layers
                    program.change(instruction, operator="HARD_SWISH")
                    if x.operator == "RESHAPE" and _lifts_vector(program, x):
                        # MUL reads the vector itself before HARD_SWISH is recognised.
                        program.doubt(
                            instruction, "HARD_SWISH of a reshaped vector may be left in parts"
                        )
                    program.read(instruction, [x.index])
                    break


def fold_constants(program: Program) -> None:
    """Multiplications and additions by constants fold into the kernel before them, and an
    addition into an addition."""
    for instruction in program:
        if not instruction.constant:
            continue
        source = program.source(instruction)
        if not source.used_once or source.activation is not None:
            continue
        if source.operator in KERNELS:
            if not source.step.biases:
                if source.operator == "TRANSPOSE_CONV" and instruction.step.scalar is not None:
                    program.doubt(source, "a number added to TRANSPOSE_CONV without bias fails")
                program.change(source, biases=source.shape[-1])
            if instruction.operator == "ADD":
                program.change(source, zero_bias=False)
            _absorb(program, source, instruction)
        elif source.constant and source.operator == instruction.operator == "ADD":
            _absorb(program, source, instruction)


ELEMENTWISE = frozenset({"RELU", "RELU6", "LOGISTIC", "TANH"})
"""Operators on one tensor that change places with a RESHAPE before them."""


class _Run:
    """RESHAPEs in a row, each read by the next one alone."""

    __slots__ = ("members", "passed", "place")

    def __init__(self, member: Instruction) -> None:
        self.members = [member]
        self.passed = 0
        """How many of them an operator moved ahead of last, and where it stood."""
        self.place: Place = ()


def sink_reshapes(program: Program) -> None:
    """A RESHAPE moves behind the elementwise operators that alone read it.

    An operator moves ahead of a whole run of RESHAPEs at once, so that long alternations of both
    take linear time. What moves stands where the operator stood.
    """
    runs: dict[int, _Run] = {}
    sunk: list[_Run] = []
    for instruction in program:
        if instruction.operator == "RESHAPE":
            if _merge_reshape(program, instruction, most=3):
                source = program.source(instruction)
                if source.operator == "RESHAPE" and source.used_once:
                    run = runs[instruction.index] = runs[source.index]
                    run.members.append(instruction)
                else:
                    runs[instruction.index] = _Run(instruction)
            continue
        while _sinks(program, instruction):
            last = program.source(instruction)
            run = runs[last.index]
            if instruction.constant and len(run.members) > 1:  # it may stop ahead of the last
                run.members.pop()
                run.passed = min(run.passed, len(run.members))
                run = runs[last.index] = _Run(last)
            before = program.source(run.members[0])
            program.lift(instruction, run.members[0], last)
            program.change(instruction, shape=before.shape, batched=before.step.batched)
            instruction.moved = True
            run.passed, run.place = len(run.members), instruction.place
            sunk.append(run)
    for run in dict.fromkeys(sunk):
        for number, member in enumerate(run.members[: run.passed], 1):
            member.place = (*run.place, number)
    if sunk:
        program.sort()


def _sinks(program: Program, instruction: Instruction) -> bool:
    if instruction.operator not in ELEMENTWISE and instruction.operator not in COMMUTATIVE:
        return False
    reshape = program.source(instruction)
    if reshape.operator != "RESHAPE" or len(reshape.users) != 1:
        return False
    if any(source != reshape.index for source in instruction.inputs):
        return False
    before = program.source(reshape).shape
    if instruction.constant and len(before) > 3:
        return False  # constants broadcast over four axes at most
    # A constant per channel would meet other channels where the last axis changes.
    return not instruction.step.affine or before[-1] == reshape.shape[-1]


def fuse_activations(program: Program) -> None:
    """RELU and RELU6 fuse into the operator before them if they are all that reads it. One that
    reads a FULLY_CONNECTED beside others gets a copy of it; the copies share the filter. A
    TRANSPOSE_CONV takes one only with a bias, and before any RESHAPE has moved."""
    for instruction in program:
        if instruction.operator not in ("RELU", "RELU6"):
            continue
        source = program.source(instruction)
        if source.operator not in FUSING or source.activation is not None:
            continue
        if source.operator == "TRANSPOSE_CONV" and (instruction.moved or not source.step.biases):
            continue
        if source.used_once:
            source.activation = instruction.operator
            _absorb(program, source, instruction)
        elif source.operator == "FULLY_CONNECTED":
            instruction.activation = instruction.operator
            instruction.step = source.step._replace(weights=0)
            instruction.twin = source.index
            instruction.layers |= source.layers
            program.rewire(instruction, 0, program.source(source))


def doubt_gelu(program: Program) -> None:
    """GELU with only a RELU or RELU6 after it does not convert: the activation fuses into the
    last multiplication, so that GELU is not recognised and ERF is left."""
    for instruction in program:
        if instruction.operator in ("RELU", "RELU6"):
            source = program.source(instruction)
            if source.operator == "GELU" and source.used_once:
                program.doubt(source, f"GELU with {instruction.operator} after it fails to convert")


def _absorb(program: Program, source: Instruction, instruction: Instruction) -> None:
    """Let an instruction become part of what it reads, which then stands in its place."""
    source.layers |= instruction.layers
    source.place = instruction.place
    program.replace(instruction, source)


def merge_low_reshapes(program: Program) -> None:
    """A RESHAPE of a RESHAPE of at most four axes reads what the first one read."""
    for instruction in program:
        _merge_reshape(program, instruction, most=3)


def merge_reshapes(program: Program) -> None:
    """A RESHAPE of a RESHAPE reads what the first one read."""
    for instruction in program:
        _merge_reshape(program, instruction, most=4)


def _merge_reshape(program: Program, instruction: Instruction, most: int) -> bool:
    """Merge a RESHAPE with one before it that reads at most so many axes, the batch not counted;
    it vanishes where that leaves the shape unchanged. Whether it is still there."""
    if instruction.operator != "RESHAPE":
        return True
    source = program.source(instruction)
    if source.operator == "RESHAPE" and len(program.source(source).shape) <= most:
        program.rewire(instruction, 0, program.source(source))
        source = program.source(instruction)
    if same_shape(source, instruction):
        program.replace(instruction, source)
        return False
    return True


def reshape_means(program: Program) -> None:
    """A MEAN whose vector only a RESHAPE to a 1x1 map reads gives the map itself."""
    for instruction in program:
        if instruction.operator == "RESHAPE" and instruction.step.batched:
            source = program.source(instruction)
            one_pixel = (1, 1, *source.shape)
            if (
                source.operator in ("MEAN", "REDUCE_MAX")
                and source.used_once
                and instruction.shape == one_pixel
            ):
                program.change(source, shape=instruction.shape)
                _absorb(program, source, instruction)


def _is_vector(shape: Shape) -> bool:
    """Whether only the last axis holds more than one element."""
    return product(shape) == shape[-1]


def flatten_into_dense(program: Program) -> None:
    """FULLY_CONNECTED reads a 1x1 map without a RESHAPE."""
    for instruction in program:
        if instruction.operator == "FULLY_CONNECTED":
            source = program.source(instruction)
            if source.operator == "RESHAPE" and _is_vector(source.shape):
                before = program.source(source)
                if before.shape[-1] == source.shape[-1]:
                    program.rewire(instruction, 0, before)


def broadcast_lone_vectors(program: Program) -> None:
    """Where a RESHAPE to a 1x1 map has no other reader, MUL does without it before a MEAN can."""
    broadcast_vectors(program, lone=True)


def _lifts_vector(program: Program, reshape: Instruction) -> bool:
    """Whether a RESHAPE makes a 1x1 map of a vector."""
    before, after = program.source(reshape).shape, reshape.shape
    same = before[-1] == after[-1] > 1 and len(before) < len(after)
    return same and _is_vector(after)


def broadcast_vectors(program: Program, lone: bool = False) -> None:
    """MUL broadcasts a vector over a map, without a RESHAPE to a 1x1 map."""
    for instruction in program:
        if instruction.operator != "MUL" or instruction.constant:
            continue
        for place in range(len(instruction.inputs)):
            source = program.source(instruction, place)
            if lone and not source.used_once:
                continue
            if source.operator == "RESHAPE" and _lifts_vector(program, source):
                program.rewire(instruction, place, program.source(source))


def fold_forward(program: Program) -> None:
    """Constants fold into the kernel after them, the last kernel of a chain first.

    A FULLY_CONNECTED with a bias takes multiplications and additions before it, and the bias of a
    FULLY_CONNECTED that it alone reads; one that has lost its bias takes nothing. Single numbers
    fold into convolutions too, an addition only where no zeros are padded that it had to reach.
    """
    for instruction in reversed(list(program)):
        if instruction.operator == "FULLY_CONNECTED":
            while _takes_constant(program, instruction):
                source = program.source(instruction)
                if source.operator == "ADD" and not instruction.step.biases:
                    program.change(instruction, biases=instruction.shape[-1])
                _take(program, instruction)
            _take_bias(program, instruction)
            source = program.source(instruction)
            if source.step.affine and instruction.step.biases and not source.used_once:
                program.doubt(source, "it may fold into one dense layer and stay beside it")
        elif instruction.operator in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            window = instruction.step.window
            padded = window is None or window.padding != "valid"
            while _is_number(source := program.source(instruction)):
                if source.operator == "ADD" and padded:
                    break
                _take(program, instruction)


def _is_number(instruction: Instruction) -> bool:
    """Whether it multiplies or adds one number and does nothing else."""
    single = instruction.step.scalar is not None or instruction.shape[-1] == 1
    return instruction.constant and single and instruction.activation is None


def _takes_constant(program: Program, dense: Instruction) -> bool:
    source = program.source(dense)
    if _is_number(source):
        return True
    plain = source.constant and source.used_once and source.activation is None
    return plain and bool(dense.step.biases)


def _take(program: Program, kernel: Instruction) -> None:
    """Fold the constant operator that a kernel reads into it."""
    source = program.source(kernel)
    kernel.layers |= source.layers
    if source.operator == "ADD":
        program.change(kernel, zero_bias=False)
    program.rewire(kernel, 0, program.source(source))


def _take_bias(program: Program, dense: Instruction) -> None:
    source = program.source(dense)
    if source.operator in KERNELS and source.step.biases and dense.step.biases:
        if not source.used_once:
            program.doubt(source, "its bias may be split off where several operators read it")
        elif source.operator == "FULLY_CONNECTED" and source.activation is None:
            program.change(source, biases=0)


def doubt_column_addends(program: Program) -> None:
    """A second addend of n x 1 x 1 looks like the bias of a channels-first map."""
    for instruction in program:
        if instruction.operator == "ADD" and len(instruction.inputs) == 2:
            addend = program.source(instruction, 1).shape
            if addend[1:] == (1, 1) and addend[0] > 1:
                program.doubt(instruction, "an addend of n x 1 x 1 may be taken for a bias")


def requantise_concatenated(program: Program) -> None:
    """What CONCATENATION reads has one scale, together with all that same-scale operators tie to
    it; a result with a fixed scale gets a QUANTIZE before it joins."""
    root: dict[int, int] = {}

    def find(value: int) -> int:
        while (parent := root.get(value, value)) != value:
            root[value] = root.get(parent, parent)
            value = parent
        return value

    tying = [i for i in program if i.operator in SAME_SCALE or i.operator == "CONCATENATION"]
    for instruction in tying:
        for index in instruction.inputs:
            if program[index].operator not in FIXED_SCALE:
                root[find(index)] = find(instruction.index)
    joined = {find(i.index): i.layers for i in tying if i.operator == "CONCATENATION"}
    made: dict[tuple[int, int], Instruction] = {}
    joining: set[int] = set()
    for instruction in tying:
        group = find(instruction.index)
        for place, index in enumerate(instruction.inputs):
            source = program[index]
            if group not in joined or source.operator not in FIXED_SCALE:
                continue
            if (index, group) not in made:
                if index in joining:
                    program.doubt(
                        source,
                        f"{source.operator} read by several CONCATENATIONs fails to convert",
                    )
                joining.add(index)
                step = Step("QUANTIZE", source.shape)
                after = (*source.place, 0)  # ahead of a RESHAPE that has moved behind it
                made[index, group] = program.add(step, [index], joined[group], after)
            program.rewire(instruction, place, made[index, group])


def doubt_joined_scales(program: Program) -> None:
    """Where scales are tied in a ring the quantiser may give up, and leave a float island or add a
    QUANTIZE; no rule that predicts which was found."""
    ties = SAME_SCALE | {"CONCATENATION"}

    def tied(instruction: Instruction) -> list[str]:
        users = (program[user].operator for user in instruction.users if user != OUTPUT)
        return [operator for operator in users if operator in ties]

    for instruction in program:
        if instruction.operator != "CONCATENATION":
            continue
        onwards = len(tied(instruction))
        if onwards > 1:
            program.doubt(instruction, "several operators tie the scale of a concatenation")
        for index in dict.fromkeys(instruction.inputs):
            source = program[index]
            beside = tied(source)
            shared = len(source.users) > 1
            doubled = len(source.users[instruction.index]) > 1
            if source.operator == "REDUCE_MAX" and shared:
                program.doubt(instruction, "a maximum concatenated beside another use of it")
            if len(_joined(program, source)) > 1:
                program.doubt(instruction, "one tensor in several concatenations may be rescaled")
            elif onwards and len(beside) > 1:
                program.doubt(instruction, "scales tied before and after a concatenation")
            if doubled and (shared or source.operator in ties):
                program.doubt(
                    instruction, "one tensor concatenated with itself may become a float island"
                )


def _joined(program: Program, source: Instruction) -> set[int]:
    """Concatenations that a result reaches through same-scale operators, the first two found; the
    search ends after a hundred operators."""
    found: set[int] = set()
    seen = {source.index}
    stack = [source]
    while stack and len(found) < 2 and len(seen) < 100:
        for index in stack.pop().users:
            if index != OUTPUT and index not in seen:
                seen.add(index)
                user = program[index]
                if user.operator == "CONCATENATION":
                    found.add(index)
                elif user.operator in SAME_SCALE:
                    stack.append(user)
    return found


def add_border(io: str) -> Callable[[Program], None]:
    """The pass that converts at the network's input and output (`lowering.md` section 4)."""

    def border(program: Program) -> None:
        if io == "int8":
            return
        for number, index in enumerate(program.sources):
            _quantise_input(program, program[index], number)
        last = "DEQUANTIZE" if io == "float32" else "QUANTIZE"
        for number, index in enumerate(dict.fromkeys(program.outputs)):
            if index in program.sources:
                continue
            output = program[index]
            step = Step(last, output.shape, float_result=io == "float32")
            end = (*output.place, 0) if io == "float32" else (inf, number)
            program.add(step, [index], frozenset(), end).border = True

    return border


def _quantise_input(program: Program, source: Instruction, number: int) -> None:
    readers = [user for user in source.users if user != OUTPUT]
    if not readers:
        return
    first = program.add(Step("QUANTIZE", source.shape), [source.index], frozenset(), (-1, number))
    first.border = True
    for user in readers:
        reader = program[user]
        for place, index in enumerate(reader.inputs):
            if index == source.index:
                program.rewire(reader, place, first)


def passes(io: str) -> Iterable[Callable[[Program], None]]:
    """The passes in order."""
    return (
        doubt_single_channels,
        drop_identities,
        merge_equal,
        doubt_pixel_means,
        doubt_column_addends,
        drop_repeated_activations,
        merge_low_reshapes,
        sink_reshapes,
        fold_padding,
        flatten_into_dense,
        fold_forward,
        fold_constants,
        fold_forward,
        flatten_into_dense,
        sink_reshapes,
        merge_equal,
        doubt_gelu,
        fuse_activations,
        recognise_hard_swish,
        merge_reshapes,
        broadcast_lone_vectors,
        reshape_means,
        drop_identities,
        merge_equal,
        flatten_into_dense,
        broadcast_vectors,
        doubt_joined_scales,
        requantise_concatenated,
        add_border(io),
    )
