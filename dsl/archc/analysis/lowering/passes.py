"""What the converter does to a network, one pass each.

Observed on TensorFlow 2.21.0 with Keras 3.15.1, full-integer post-training quantisation at batch
1; `tests/analysis` holds every rule against the converter. Passes know TFLite operators and never
ask which operator of the language one came from.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction

from archc.analysis.lowering.program import OUTPUT, SOURCE, Instruction, Program
from archc.ops.base import Shape, Step, product

KERNELS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"})
"""Operators into which a multiplication or addition by constants folds."""

FUSING = KERNELS | {"ADD", "SUB", "MUL", "MAX_POOL_2D", "AVERAGE_POOL_2D"}
"""Operators that take a RELU or RELU6 as their fused activation."""

COMMUTATIVE = frozenset({"ADD", "MUL"})

FIXED_SCALE = frozenset({"LOGISTIC", "TANH", "SOFTMAX"})
"""Operators whose results have a quantisation that is given, not calibrated."""

SAME_SCALE = frozenset(
    {"MAX_POOL_2D", "AVERAGE_POOL_2D", "PAD", "RESHAPE", "TILE", "RESIZE_BILINEAR"}
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


def merge_equal(program: Program) -> None:
    """Equal operators without weights of their own that read one tensor are one."""
    seen: dict[tuple[object, ...], Instruction] = {}
    for instruction in program:
        step = instruction.step
        if step.biases or step.weights:
            continue
        reads = sorted(instruction.inputs) if step.operator in COMMUTATIVE else instruction.inputs
        first = seen.setdefault((step, instruction.activation, tuple(reads)), instruction)
        if first is not instruction:
            first.layers |= instruction.layers
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
            _absorb(program, source, instruction)
        elif source.constant and source.operator == instruction.operator == "ADD":
            _absorb(program, source, instruction)


ELEMENTWISE = frozenset({"RELU", "RELU6", "LOGISTIC", "TANH"})
"""Operators on one tensor that change places with a RESHAPE before them."""


def sink_reshapes(program: Program) -> None:
    """A RESHAPE moves behind the elementwise operators that alone read it."""
    for instruction in program:
        _merge_reshape(program, instruction, most=3)
        while _sinks(program, instruction):
            reshape = program.source(instruction)
            before = program.source(reshape)
            step = instruction.step._replace(shape=before.shape, batched=before.step.batched)
            instruction.step, reshape.step = reshape.step, step
            instruction.layers, reshape.layers = reshape.layers, instruction.layers
            if len(instruction.inputs) > 1:
                program.read(reshape, [before.index] * len(instruction.inputs))
                program.read(instruction, [reshape.index])
            reshape.moved = True
            instruction = reshape  # the elementwise operator stands there now


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


def _merge_reshape(program: Program, instruction: Instruction, most: int) -> None:
    """Merge a RESHAPE with one before it that reads at most so many axes, the batch not counted;
    it vanishes where that leaves the shape unchanged."""
    if instruction.operator != "RESHAPE":
        return
    source = program.source(instruction)
    if source.operator == "RESHAPE" and len(program.source(source).shape) <= most:
        program.rewire(instruction, 0, program.source(source))
        source = program.source(instruction)
    if same_shape(source, instruction):
        program.replace(instruction, source)


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


def broadcast_vectors(program: Program, lone: bool = False) -> None:
    """MUL broadcasts a vector over a map, without a RESHAPE to a 1x1 map."""
    for instruction in program:
        if instruction.operator != "MUL" or instruction.constant:
            continue
        for place in range(len(instruction.inputs)):
            source = program.source(instruction, place)
            if lone and not source.used_once:
                continue
            if source.operator == "RESHAPE" and _is_vector(source.shape) and source.shape[-1] > 1:
                before = program.source(source)
                if before.shape[-1] == source.shape[-1] and len(before.shape) < len(source.shape):
                    program.rewire(instruction, place, before)


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
                after = (*source.place, 1)
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
            if beside.count("CONCATENATION") > 1:
                program.doubt(instruction, "one tensor in several concatenations may be rescaled")
            elif onwards and len(beside) > 1:
                program.doubt(instruction, "scales tied before and after a concatenation")
            if doubled and (shared or source.operator in ties):
                program.doubt(
                    instruction, "one tensor concatenated with itself may become a float island"
                )


def add_border(io: str) -> Callable[[Program], None]:
    """The pass that converts at the network's input and output (`lowering.md` section 4)."""

    def border(program: Program) -> None:
        if io == "int8" or program.output == SOURCE:
            return
        source, output = program[SOURCE], program[program.output]
        readers = [user for user in source.users if user != OUTPUT]
        first = program.add(Step("QUANTIZE", source.shape), [SOURCE], frozenset(), (0,))
        first.border = True
        for user in readers:
            reader = program[user]
            for place, index in enumerate(reader.inputs):
                if index == SOURCE:
                    program.rewire(reader, place, first)
        last = "DEQUANTIZE" if io == "float32" else "QUANTIZE"
        step = Step(last, output.shape, float_result=io == "float32")
        final = program.add(step, [output.index], frozenset(), (*output.place, 1))
        final.border = True

    return border


def passes(io: str) -> Iterable[Callable[[Program], None]]:
    """The passes in order."""
    return (
        drop_identities,
        merge_equal,
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
