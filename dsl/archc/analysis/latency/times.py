"""Formulas for the time of an epoch, chosen by name in a target's file (`docs/latency.md`)."""

from collections.abc import Callable

from archc.analysis.latency.epochs import ALIGNED, SOFTWARE, Step
from archc.typed import NamedTuple


class Surroundings(NamedTuple):
    """What the plan of memory means for one epoch."""

    slow_in: float = 0
    """Share of the slowest map that it reads which lies in slower memory, or 1 for a large one."""
    slow_out: float = 0
    """The same of its result."""
    external: int = 0
    """Bytes that it reads from and writes to external RAM."""
    partial: int = 0
    """Bytes of its partial sums that lie there."""


class Cost(NamedTuple):
    """What an epoch takes, in nanoseconds."""

    start: float
    chip: float
    """On the accelerator, or on the CPU in its place."""
    flash: float
    external: float
    bound: bool
    """Whether the array and no map decides the time on the accelerator."""

    @property
    def total(self) -> float:
        return self.start + max(self.chip, self.flash, self.external)

    def reason(self, kind: str) -> str:
        """What decides it, one of `REASONS`."""
        most = max(self.chip, self.flash, self.external)
        if self.start > most:
            return "overhead"
        if self.external and self.external == most:
            return "spilled"
        if kind in SOFTWARE:
            return "software"
        if self.flash == most:
            return "flash"
        if kind == "broadcast":
            return "broadcast"
        return "array" if self.bound else "stream"


Formula = Callable[[Step, Surroundings, dict[str, float]], Cost]


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


def neural_art(step: Step, around: Surroundings, constant: dict[str, float]) -> Cost:
    """One epoch of ST's Neural-ART accelerator at 1 GHz, where a cycle is a nanosecond."""
    slow = constant["slow"] - 1
    chip, bound = _chip(step, 1 + slow * around.slow_in, 1 + slow * around.slow_out, constant)
    return Cost(
        constant["epoch"] * _passes(step),
        chip,
        constant["flash"] * step.weights,
        constant["external"] * around.external + constant["partial"] * around.partial,
        bound,
    )


def _passes(step: Step) -> int:
    """How many epochs a convolution is: kernels from 7 on run three rows at a time."""
    return -(-step.kernel // 3) if step.kind == "conv" and step.kernel >= 7 else 1


def _chip(
    step: Step, slow_in: float, slow_out: float, constant: dict[str, float]
) -> tuple[float, bool]:
    read, written = step.read, step.written
    match step.kind:
        case "pointwise":
            cycles = max(
                written,
                step.macs / constant["array"],
                (read * slow_in + step.addend) / WIDTH,
                step.result * slow_out / WIDTH,
            )
            return cycles, cycles not in (read, written)
        case "conv":
            cycles = _convolution(step, slow_in, constant)
            return cycles, cycles not in (read, written)
        case "dense":
            return step.weights / 3, False
        case "depthwise":
            factor = 1 if step.kernel <= 3 else 2 if step.kernel <= 5 else 3
            return max(read * slow_in, written * slow_out) * factor, False
        case "input":
            return read, False
        case "move":
            return constant["move"] * (read + written) / 2, False
        case "broadcast" | "silu" | "software" | "softmax":
            return constant[step.kind] * written, False
        case "add":
            return constant["elementwise"] * written, False
        case _:
            return constant["elementwise"] * max(read, written), False


def _convolution(step: Step, slow: float, constant: dict[str, float]) -> float:
    read, written = step.read, step.written
    inputs, outputs = step.channels
    if step.kernel > 3:
        passes = _passes(step)
        groups = -(-outputs // (3 * step.groups))
        return max(passes * written, passes * read, slow * passes * read * groups / COLUMNS)
    if inputs < ALIGNED:
        return max(slow * read * outputs / 8, read, written)
    arrays = _arrays(inputs // step.groups)
    cycles = read * outputs / step.groups / (constant["channels"] * arrays)
    if step.pixels[0] <= SMALL_MAP or (step.pixels[1] <= SMALL_MAP and step.stride == 1):
        cycles = min(cycles, max(step.macs / (constant["array"] * arrays), step.weights))
    return max(slow * cycles, read, written)


def _arrays(channels: int) -> int:
    """How many convolution accelerators share the input channels, in eights."""
    eights = channels // ALIGNED if channels % ALIGNED == 0 else 0
    return next((count for count in (4, 3, 2) if eights and eights % count == 0), 1)


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
