"""Formulas for the time of an epoch, chosen by name in a target's file (`docs/latency.md`).

They are of one network or of many: numbers of an epoch that differ between networks may be arrays,
its kind may not.
"""

from collections.abc import Callable

from archc.analysis.latency.arithmetic import PLAIN, Arithmetic
from archc.analysis.latency.epochs import ALIGNED, LARGE_KERNEL, SOFTWARE, Step
from archc.analysis.latency.model import REASONS
from archc.typed import Any, NamedTuple

Value = Any
"""A number, or an array of one for each network."""


class Surroundings(NamedTuple):
    """What the plan of memory means for one epoch."""

    slow_in: Value = 0
    """Share of the slowest map that it reads which lies in slower memory, or 1 for a large one."""
    slow_out: Value = 0
    """The same of its result."""
    external: Value = 0
    """Bytes that it reads from and writes to external RAM."""
    partial: Value = 0
    """Bytes of its partial sums that lie there."""


_REASONS = tuple(REASONS)
_ARRAY, _STREAM, _FLASH, _OVERHEAD, _BROADCAST, _CPU, _SPILLED = range(len(_REASONS))


class Cost(NamedTuple):
    """What an epoch takes, in nanoseconds."""

    start: Value
    chip: Value
    """On the accelerator, or on the CPU in its place."""
    flash: Value
    external: Value
    maps: tuple[Value, ...]
    """Cycles that its maps take, where the array may take more."""

    def total(self, on: Arithmetic) -> Value:
        return self.start + on.most(self.chip, self.flash, self.external)

    def decided(self, kind: str, on: Arithmetic) -> Value:
        """What decides it, as an index into `REASONS`."""
        most = on.most(self.chip, self.flash, self.external)
        code: Value = _CPU
        if kind not in SOFTWARE:
            code = _BROADCAST if kind == "broadcast" else _STREAM
            if self.maps and code == _STREAM:
                read, written = self.maps
                code = on.choose((self.chip != read) & (self.chip != written), _ARRAY, _STREAM)
            code = on.choose(self.flash == most, _FLASH, code)
        code = on.choose((self.external != 0) & (self.external == most), _SPILLED, code)
        return on.choose(self.start > most, _OVERHEAD, code)

    def reason(self, kind: str) -> str:
        """The same by name, of one network."""
        return _REASONS[self.decided(kind, PLAIN)]

    def of_cpu(self, kind: str, on: Arithmetic) -> Value:
        """Whether the CPU decides it."""
        return kind in SOFTWARE and self.decided(kind, on) == _CPU

    def of_flash(self, kind: str, on: Arithmetic) -> Value:
        """Whether flash decides it."""
        return self.decided(kind, on) == _FLASH


Formula = Callable[[Step, Surroundings, dict[str, float], Arithmetic], Cost]


class Formulas(NamedTuple):
    """A set of formulas with the constants that it takes."""

    cost: Formula
    units: dict[str, str]
    """Name of a constant to its unit."""


WIDTH = 6.4
"""Bytes a cycle at which a 1x1 convolution reads and writes maps."""
COLUMNS = 1.55
"""How much faster than counted a large kernel was."""
SMALL_MAP = 256
"""Pixels up to which a map is small."""


def neural_art(
    step: Step, around: Surroundings, constant: dict[str, float], on: Arithmetic
) -> Cost:
    """One epoch of ST's Neural-ART accelerator at 1 GHz, where a cycle is a nanosecond."""
    slow = constant["slow"] - 1
    slow_in, slow_out = 1 + slow * around.slow_in, 1 + slow * around.slow_out
    return Cost(
        constant["epoch"] * _passes(step, on),
        _chip(step, slow_in, slow_out, constant, on),
        constant["flash"] * step.weights,
        constant["external"] * around.external + constant["partial"] * around.partial,
        (step.read, step.written) if step.kind in ("pointwise", "conv") else (),
    )


def _passes(step: Step, on: Arithmetic) -> Value:
    """How many epochs a convolution is: kernels from 7 on run three rows at a time."""
    if step.kind != "conv":
        return 1
    return on.choose(step.kernel >= LARGE_KERNEL, -(-step.kernel // 3), 1)


def _chip(
    step: Step, slow_in: Value, slow_out: Value, constant: dict[str, float], on: Arithmetic
) -> Value:
    read, written = step.read, step.written
    match step.kind:
        case "pointwise":
            return on.most(
                written,
                step.macs / constant["array"],
                (read * slow_in + step.addend) / WIDTH,
                step.result * slow_out / WIDTH,
            )
        case "conv":
            return on.either(
                step.kernel > 3,
                lambda: _large(step, slow_in, on),
                lambda: _small(step, slow_in, constant, on),
            )
        case "dense":
            return step.weights / 3
        case "depthwise":
            factor = on.choose(step.kernel <= 3, 1, on.choose(step.kernel <= 5, 2, 3))
            return on.most(read * slow_in, written * slow_out) * factor
        case "input":
            return read
        case "move":
            return constant["move"] * (read + written) / 2
        case "broadcast" | "silu" | "software" | "softmax":
            return constant[step.kind] * written
        case "add":
            return constant["elementwise"] * written
        case _:
            return constant["elementwise"] * on.most(read, written)


def _large(step: Step, slow: Value, on: Arithmetic) -> Value:
    """A convolution with a kernel above 3."""
    read, written, passes = step.read, step.written, _passes(step, on)
    groups = -(-step.channels[1] // (3 * step.groups))
    return on.most(passes * written, passes * read, slow * passes * read * groups / COLUMNS)


def _small(step: Step, slow: Value, constant: dict[str, float], on: Arithmetic) -> Value:
    read, written = step.read, step.written
    inputs, outputs = step.channels
    arrays = _arrays(inputs // step.groups, on)
    cycles = read * outputs / step.groups / (constant["channels"] * arrays)
    pixels, made = step.pixels
    small = (pixels <= SMALL_MAP) | ((made <= SMALL_MAP) & (step.stride == 1))
    other = on.most(step.macs / (constant["array"] * arrays), step.weights)
    cycles = on.choose(small, on.least(cycles, other), cycles)
    cycles = on.choose(inputs < ALIGNED, slow * read * outputs / 8, slow * cycles)
    return on.most(cycles, read, written)


def _arrays(channels: Value, on: Arithmetic = PLAIN) -> Value:
    """How many convolution accelerators share the input channels, in eights."""
    count: Value = 1
    for more in (2, 3, 4):
        shared = (channels > 0) & (channels % (more * ALIGNED) == 0)
        count = on.choose(shared, more, count)
    return count


FORMULAS = {
    "neural_art": Formulas(
        neural_art,
        {
            "epoch": "ns",
            "flash": "ns/B",
            "array": "MAC/ns",
            "channels": "channels/cycle",
            "elementwise": "cycles/B",
            "move": "cycles/B",
            "software": "ns/B",
            "softmax": "ns/B",
            "broadcast": "ns/B",
            "silu": "cycles/B",
            "slow": "ratio",
            "external": "ns/B",
            "partial": "ns/B",
        },
    )
}
"""By the name that target files use."""
