"""The arena that TFLM needs for a network, by replaying its allocator request by request.

The arena has two ends. From the start: what is planned, tensors and scratch memory ("activations").
From the end: what lives as long as the interpreter ("persistent"). Between them, while tensors are
allocated, temporary memory, which can need more than is left of it in the end: then the smallest
arena that works is larger than both ends together. Offsets of the persistent end count from a
multiple of 16, as the end of an arena has to be.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, pairwise

from archc.analysis.arena import ALIGNMENT, Block, plan_end, rounded
from archc.analysis.tflite_micro import cmsis_nn
from archc.analysis.tflite_micro.network import Network, Operator, Tensor
from archc.analysis.tflite_micro.tables import (
    KERNELS,
    PLANNED_BLOCK,
    SCRATCH_AT_A_TIME,
    WITHOUT_TABLE,
    Build,
)
from archc.ops.base import product
from archc.typed import NamedTuple
from archc.values import aligned, larger, largest, leading, total


class Plan(NamedTuple):
    """What is planned: tensors that are not constant, and scratch memory."""

    bytes: int
    blocks: int
    scratch: tuple[int, ...]
    """How many scratch requests each operator makes."""


class Arena(NamedTuple):
    """What one build needs for a network, in bytes."""

    activations: int
    persistent: int
    smallest_working: int
    """The smallest multiple of 16 with which tensors are allocated, the arena aligned to 16."""
    settled: tuple[int, ...]
    """What is persistent, as it was asked for."""
    rounds: tuple[tuple[tuple[int, int], ...], ...]
    """How far that was in each of three rounds, before the first operator and after each: how much
    of `settled`, and bytes beyond."""

    @property
    def kept(self) -> tuple[int, ...]:
        """Of what is persistent, what each operator adds: options, state, figures for channels."""
        added = [
            [
                sum(self.settled[start:stop]) + tail - less
                for (start, less), (stop, tail) in pairwise(marks)
            ]
            for marks in self.rounds
        ]
        return tuple(map(sum, zip(*added, strict=True)))

    @property
    def total(self) -> int:
        return self.activations + self.persistent


def unsupported(operators: Iterable[str]) -> tuple[str, ...]:
    """The operators, each once, that TFLM has no kernel for."""
    return tuple(
        name
        for name in dict.fromkeys(operators)
        if name not in KERNELS and name not in WITHOUT_TABLE
    )


def unknown(operators: Iterable[str]) -> tuple[str, ...]:
    """The operators, each once, whose requests are not known though there is a kernel."""
    return tuple(name for name in dict.fromkeys(operators) if name in WITHOUT_TABLE)


def replay(network: Network, build: Build) -> Arena:
    """What a build needs for a network of operators that are all in the table."""
    planned = plan(network, build)
    ends = _Ends()
    for size in build.fixed:
        ends.persist(size, build.pointer)
    ends.resize(build.scratch_request * SCRATCH_AT_A_TIME)
    ends.persist(build.subgraph, build.pointer)
    ends.persist(build.eval_tensor * len(network.tensors), build.pointer)
    ends.persist(build.node * len(network.operators), build.pointer)
    rounds: list[tuple[tuple[int, int], ...]] = []

    def steps(step: Callable[[int, Operator], None]) -> None:
        reached = [(len(ends.settled), ends.tail)]
        for index, op in enumerate(network.operators):
            step(index, op)
            reached.append((len(ends.settled), ends.tail))
        rounds.append(tuple(reached))

    asked = 0

    preparing = _Prepare(ends, network, build)

    def prepare(index: int, op: Operator) -> None:
        nonlocal asked
        preparing.run(op)
        asked += planned.scratch[index]
        ends.resize(build.scratch_request * (asked + SCRATCH_AT_A_TIME))

    steps(lambda _, op: _keep_options(ends, op, build))
    steps(lambda _, op: _initialise(ends, op, build))
    steps(prepare)
    _commit(ends, network, build, planned)
    settled = total(ends.settled)
    need = rounded(settled + ends.need())
    return Arena(planned.bytes, settled + ends.tail, need, tuple(ends.settled), tuple(rounds))


class _Ends:
    """How far both ends reach, and what the arena must have held at the least.

    Bytes count from the last multiple of 16 that was asked for: so what an operator adds does not
    depend on those before it.

    Between two changes of the start both the end and what is borrowed only grow: so of these steps
    the last one needs the most, and before it the last of those at which something is dead.
    """

    def __init__(self) -> None:
        self.settled: list[int] = []
        """What is kept below that, request by request."""
        self.tail = self.head = self.temporary = 0
        self._needed: list[int] = []
        """What may be the most that was needed before the last step."""
        self._leading = 0
        """Of so many of these none is never below another one."""
        self._counted = 0
        """So many requests of `settled` lie below what they count from."""
        self._last = 0, 0
        """What was kept and borrowed at the last step."""
        self._dead: int | None = None
        """What that step needed if something was dead."""

    def need(self) -> int:
        """The most that was needed."""
        self._count()
        return largest(self._needed)

    def persist(self, size: int, align: int = ALIGNMENT, dead: int = 0) -> None:
        """Keep so much at the end; so many bytes of what is borrowed are read no more."""
        if dead and self._dead is None:
            self._count()
        self.tail = aligned(self.tail + size, align)
        if align == ALIGNMENT:
            self.settled.append(self.tail)
            self.tail = 0
        self._last, self._dead = (self.tail, self.temporary), None
        if dead:  # TFLM compares with the head alone: in less it would overwrite live temporaries
            self._dead = self.tail + larger(self.head, self.temporary - dead)

    def _count(self) -> None:
        """Add the last step to what was needed."""
        if self._counted < len(self.settled):
            needed, moved = self._needed, sum(self.settled[self._counted :])
            if needed:
                self._needed = [each - moved for each in leading(needed, self._leading)]
            self._leading, self._counted = len(self._needed), len(self.settled)
        tail, temporary = self._last
        self._needed.append(tail + temporary if self._dead is None else self._dead)

    def borrow(self, size: int, align: int) -> None:
        """Take what is given back once an operator is prepared."""
        start = self.temporary
        start = -(-start // align) * align if type(start) is int else aligned(start, align)
        self.temporary = start + size
        self._last, self._dead = (self.tail, self.temporary), None

    def resize(self, size: int) -> None:
        """The start reaches so far now, and nothing is borrowed any more."""
        self._count()
        self.head = self.temporary = size
        self._last, self._dead = (self.tail, size), None

    def require(self, size: int) -> None:
        """So many bytes are needed too."""
        self._count()
        self._needed.append(size)


def _keep_options(ends: _Ends, op: Operator, build: Build) -> None:
    kernel = KERNELS[op.name]
    request = build.options.get(op.name, kernel.options)
    if build.short_enums and kernel.short is not None:
        request = kernel.short
    if request is not None:
        ends.persist(*request)


def _initialise(ends: _Ends, op: Operator, build: Build) -> None:
    kernel = KERNELS[op.name]
    size = kernel.state + kernel.compressed * build.compression
    if build.pointer == 4 and kernel.small is not None:
        size = kernel.small
    if build.cmsis_nn is not None and kernel.cmsis_nn is not None:
        size = kernel.cmsis_nn
    if size:
        ends.persist(size)


class _Prepare:
    """`Prepare` of operators: temporary tensors, and what each keeps for each channel."""

    def __init__(self, ends: _Ends, network: Network, build: Build) -> None:
        self.ends, self.network, self.build = ends, network, build
        self.sizes = [_size(tensor, build) for tensor in network.tensors]

    def run(self, op: Operator) -> None:
        ends, tensors, reads = self.ends, self.network.tensors, op.inputs
        pointer = self.build.pointer
        for kind, where in _requests(KERNELS[op.name].prepare):
            if kind == "i":
                for index in reads if where < 0 else reads[where : where + 1]:
                    if index >= 0:
                        ends.borrow(self.sizes[index], pointer)
            elif kind == "o" or (kind == "q" and tensors[reads[0]].width == 1):
                ends.borrow(self.sizes[op.outputs[where]], pointer)
            elif kind in "CF":
                self.channels(op, kind == "C")
            elif kind == "L" and tensors[reads[0]].width == 2:
                ends.persist(1026)
                ends.persist(1026)

    def channels(self, op: Operator, convolution: bool) -> None:
        """Multipliers and shifts for each output channel; with Helium a dense layer's sums."""
        tensors, build = self.network.tensors, self.build
        kernel, source = tensors[op.inputs[1]], tensors[op.inputs[0]]
        if convolution:
            keeps = not (build.cmsis_nn and kernel.width == 4)
        else:
            keeps = kernel.scales > 1 and source.width < 4
        if keeps:
            size = 4 * kernel.shape[3 if op.name == "DEPTHWISE_CONV_2D" else 0]
            # The dense kernel has all its tensors by then. Of the last one, the output, it reads
            # neither the zero points nor the axis again (`fully_connected_common.cc`).
            dead = build.dead if not convolution and tensors[op.outputs[0]].scales else 0
            self.ends.persist(size, dead=dead)
            self.ends.persist(size, dead=dead)
        if build.cmsis_nn == "mve" and not convolution and source.width == 1 and kernel.constant:
            result = tensors[op.outputs[0]].shape
            if len(result) <= 2 or kernel.shape[1] % 4:
                self.ends.persist(4 * result[-1])


@cache
def _requests(prepare: str) -> tuple[tuple[str, int], ...]:
    """(kind, which tensor) of what a kernel asks for; -1 for all that it reads."""
    tokens = prepare.split()
    return tuple([(token[0], -1 if token[1:] == "*" else int(token[1:] or 0)) for token in tokens])


def _parts(tensor: Tensor, build: Build) -> Sequence[tuple[int, int]]:
    """(bytes, alignment) of a `TfLiteTensor`, its quantisation and the zero points of that."""
    parts = ((build.tensor, build.pointer), (build.affine, build.pointer))
    return (*parts, (4 + 4 * tensor.scales, 4)) if tensor.scales else parts[:1]


def _size(tensor: Tensor, build: Build) -> int:
    """The bytes of these together: there is no gap, as structs are whole pointers long."""
    if not tensor.scales:
        return build.tensor
    return build.tensor + build.affine + 4 + 4 * tensor.scales


def _commit(ends: _Ends, network: Network, build: Build, planned: Plan) -> None:
    """Scratch handles, the memory plan, and the tensors of the border."""
    asked = sum(planned.scratch)
    if asked:
        ends.persist(build.scratch_handle * asked, build.pointer)
    allocations = build.allocation * (len(network.tensors) + asked)
    ends.borrow(build.pointer + allocations, build.pointer)
    # The planner has what lies between the two ends, each taken to its multiple of 16.
    between = rounded(ends.tail) + rounded(ends.temporary)
    ends.require(between + PLANNED_BLOCK * planned.blocks)
    ends.resize(planned.bytes)
    for indices in (network.inputs, network.outputs):
        ends.persist(build.pointer * len(indices))
        for index in indices:
            for size, align in _parts(network.tensors[index], build):
                ends.persist(size, align)


# --- the plan ------------------------------------------------------------------------------------


def plan(network: Network, build: Build) -> Plan:
    """Where the greedy planner ends (`archc.analysis.arena`)."""
    requests = [scratch(op, network, build) for op in network.operators]
    blocks = [block for _, block in alive(network, requests)]
    return Plan(plan_end(blocks), len(blocks), tuple(map(len, requests)))


def fullest(network: Network, build: Build) -> tuple[int, list[tuple[int, int]]]:
    """Where most of what is planned is alive: the operator, and (maker, bytes) of what is, largest
    first. A maker is an operator, or -1 for an input."""
    requests = [scratch(op, network, build) for op in network.operators]
    blocks = list(alive(network, requests))
    levels = [0] * (len(network.operators) + 2)
    for _, block in blocks:
        levels[block.first] += rounded(block.bytes)
        levels[block.last + 1] -= rounded(block.bytes)
    sums = list(accumulate(levels))
    step = sums.index(max(sums))
    there = [(maker, b.bytes) for maker, b in blocks if b.first <= step <= b.last]
    return max(step - 1, 0), sorted(there, key=lambda one: -one[1])


def alive(network: Network, requests: Sequence[Sequence[int]]) -> Iterator[tuple[int, Block]]:
    """(maker, block) of what is planned, in the order of the planner; steps count from 1."""
    first, last = dict.fromkeys(network.inputs, 0), dict.fromkeys(network.inputs, 0)
    for step, op in enumerate(network.operators, 1):
        for index in op.outputs:
            first.setdefault(index, step)
        for index in (*op.inputs, *op.outputs):
            if index >= 0:
                last[index] = step
    for index in network.outputs:
        first.setdefault(index, len(network.operators))
        last[index] = len(network.operators)
    for index, tensor in enumerate(network.tensors):
        size = 0 if tensor.constant else product(tensor.shape) * tensor.width
        if size:
            start = first.get(index, 0)
            yield start - 1, Block(size, start, last.get(index, 0))
    for step, sizes in enumerate(requests, 1):
        for size in sizes:
            yield step - 1, Block(size, step, step)


def scratch(op: Operator, network: Network, build: Build) -> tuple[int, ...]:
    """Bytes of each scratch request of an operator (`docs/lowering.md`, "Memory")."""
    if build.cmsis_nn is not None and op.name in cmsis_nn.OPERATORS:
        return cmsis_nn.scratch(op, network, build.cmsis_nn == "mve")
    tensors, output = network.tensors, network.tensors[op.outputs[0]].shape
    if op.name in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        source, axes = tensors[op.inputs[0]], tensors[op.inputs[1]]
        walk = (4 * len(source.shape), 4 * product(axes.shape))
        sums = op.name in ("MEAN", "SUM") and source.width < 4
        return (4 * product(output), *walk) if sums else walk
    if op.name == "TRANSPOSE_CONV":
        width = tensors[op.inputs[2]].width
        return () if width == 4 else ((4 if width == 1 else 8) * product(output),)
    if op.name == "MIRROR_PAD":
        return (4 * len(tensors[op.inputs[0]].shape),) * 2
    return ()
