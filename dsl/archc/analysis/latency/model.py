"""Records of an estimate of inference time: what it is made from and what it says."""

from archc.typed import NamedTuple

Map = tuple[int, int, int]
"""Rows, columns and channels of a tensor; see `feature_map`."""


class Op(NamedTuple):
    """One operator of a deployed int8 file, as an accelerator's compiler reads it."""

    operator: str
    """Its TFLite name."""
    reads: tuple[int, ...]
    """Indices of the tensors it reads, constants excluded."""
    makes: tuple[int, ...]
    """Indices of the tensors it writes."""
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    """The larger of the two."""
    groups: int = 1
    weights: int = 0
    """int8 constants, that is bytes."""
    biases: int = 0
    """int32 constants."""
    activation: str | None = None
    """The activation fused into it, by its TFLite name."""
    doubt: str | None = None
    """Why nothing is known of its time, where that does not follow from the operator."""
    width: int = 1
    """Bytes of a value of its result."""


class Net(NamedTuple):
    """A deployed network: operators in the order of the file."""

    tensors: tuple[Map, ...]
    ranks: tuple[int, ...]
    """Axes of each tensor, the batch included."""
    inputs: tuple[int, ...]
    operators: tuple[Op, ...]
    floats: bool = False
    """Whether the inputs are float32, which the CPU converts."""
    qdq: bool = False
    """Whether it came as a QDQ ONNX file, of which the vendor's compiler makes other epochs."""


class Area(NamedTuple):
    """Memory on chip in one piece, within which every buffer has to lie."""

    start: int
    """Bytes from the first area's start."""
    end: int


class Memories(NamedTuple):
    """The memories of a board for activations."""

    banks: tuple[Area, ...]
    """Single banks, in the order in which they are filled with what one of them can hold."""
    areas: tuple[Area, ...]
    """In the order in which they are filled with what is larger than a bank."""
    slow: tuple[Area, ...]
    """Where buffers are read and written more slowly."""
    bank: int
    """Bytes of the smallest bank; a larger buffer is not tried in single banks."""
    names: tuple[tuple[str, Area], ...]
    """Every pool with its place."""
    outside: tuple[tuple[str, Area], ...]
    """Every pool off chip, for what finds no place on it, with its place, counted from the first
    one's start; empty if the board has none."""


class Constant(NamedTuple):
    """A number that formulas use."""

    value: float
    unit: str
    meaning: str
    source: str


class Band(NamedTuple):
    """How wrong a time may be: it lies from ``least`` to ``most`` times what is stated."""

    least: float
    most: float
    evidence: str


class Timing(NamedTuple):
    """What a target knows of time: a set of formulas by name, with its numbers."""

    formulas: str
    version: str
    """Of the tools and clocks for which the times hold, in words."""
    calibration: str
    """Which measurements the constants were fitted to, in words."""
    constants: dict[str, Constant]
    bands: dict[str, Band]
    """By `BANDS`."""
    slow: tuple[str, ...]
    """Names of the pools that are slower."""

    @property
    def values(self) -> dict[str, float]:
        return {name: constant.value for name, constant in self.constants.items()}


class Buffer(NamedTuple):
    """A buffer of the estimated plan of memory."""

    op: int
    """Index of the operator whose result it is; -1, ... for the inputs."""
    what: str
    """`map`, or `partial sums` of a large kernel."""
    bytes: int
    first: int
    """The epoch that writes it; -1 for an input."""
    last: int
    """The last one that reads it."""
    offset: int
    external: bool
    pools: tuple[str, ...]
    """The pools it lies in; empty where none has room for it."""


class Layout(NamedTuple):
    """Where everything lies: an estimate on its own, which needs no figures of time."""

    buffers: tuple[Buffer, ...]
    internal_bytes: int
    """On chip, ever touched."""
    external_bytes: int
    """What finds no room on chip, the same."""
    homeless: bool
    """Whether some of that finds none in external RAM either, or there is no such RAM."""
    flash_bytes: int


class Epoch(NamedTuple):
    """One step of the accelerator, or of the CPU in its place."""

    kind: str
    ops: tuple[int, ...]
    """Indices of the operators that it computes, the main one first; none where it converts an
    input."""
    nanoseconds: int
    reason: str
    """What decides its time, one of `REASONS`."""
    unknown: bool
    """Whether the formula was never seen to hold for such an operator."""


BANDS = {
    "plain": "convolutions, dense layers, sums and pools on the NPU, all maps on chip",
    "wide": "much time in operators of which few measurements exist",
    "spilled": "maps in external RAM",
    "refuse": "operators without any measurement: a lower bound",
    "short": "less than a millisecond in all",
}
"""What each band of a target is for."""

REASONS = {
    "array": "multiplications of the array",
    "stream": "reading and writing of maps",
    "flash": "reading of weights from flash",
    "overhead": "the start of an epoch",
    "broadcast": "a multiplication that spreads a vector over a map",
    "software": "the CPU",
    "spilled": "external RAM",
}
"""What an epoch's time goes to."""


class Grade(NamedTuple):
    """How far a time can be trusted."""

    name: str
    """`plain`, `wide`, `spilled`, `refuse` (a lower bound alone) or `unknown`."""
    why: tuple[str, ...]
    """Reasons for any other than `plain`."""
    band: str | None
    """Which of `Timing.bands` holds; None where no time is stated."""


class Estimate(NamedTuple):
    """The estimated time and memory of one network on one board."""

    grade: Grade
    microseconds: int | None
    """As the formulas have it; to be shown only with its grade. None where they do not hold."""
    least: int | None
    """Microseconds, of the grade's band."""
    most: int | None
    """None where there is no upper bound."""
    epochs: tuple[Epoch, ...]
    layout: Layout
