"""What TensorFlow Lite for Microcontrollers (TFLM) allocates, by build and operator: plain facts.

Source: tensorflow/tflite-micro at 90b983c2b (August 2026), `micro_allocator.cc`,
`micro_interpreter.cc`, `single_arena_buffer_allocator.cc`, `micro_allocation_info.cc`,
`flatbuffer_conversions.cc` and `kernels/*.cc`. Sizes were read off the request logs of builds of
that commit: x86-64, and 32-bit ARM with one-byte enums as `arm-none-eabi` has them. The Python
wheel is of a newer commit; the one size that differs there was read in its machine code.
`tests/analysis/test_tflite_micro.py` holds the results to the wheel.
"""

from archc.typed import NamedTuple


class Request(NamedTuple):
    """So many bytes at a multiple of an alignment."""

    bytes: int
    align: int


class Build(NamedTuple):
    """One way to build TFLM: sizes of its structs in bytes, and which kernels it has."""

    name: str
    title: str
    """Completes "TFLite Micro, ..."."""
    about: str
    """For the manual: what it is a figure of, and how it was confirmed."""
    pointer: int
    fixed: tuple[int, ...]
    """Persistent buffers, memory planner, `MicroAllocator`, builtin-data allocator."""
    subgraph: int
    """`SubgraphAllocations`; larger with compression."""
    eval_tensor: int
    tensor: int
    affine: int
    """`TfLiteAffineQuantization`."""
    node: int
    """`NodeAndRegistration`."""
    allocation: int
    """`AllocationInfo`."""
    scratch_request: int
    scratch_handle: int
    dead: int = 0
    """How many bytes at the end of a temporary tensor may be overwritten while it is in use."""
    short_enums: bool = False
    compression: bool = False
    cmsis_nn: str | None = None
    """Which of CMSIS-NN's kernels: `dsp` or `mve`; None: the reference kernels."""
    options: dict[str, Request] = {}  # noqa: RUF012  # never changed
    """Builtin data that differs from the table of operators."""


_X86_64 = Build(
    "x86_64",
    "x86-64, reference kernels",
    "A plain build for x86-64 with the reference kernels, as for simulation on a PC. "
    "Equal to own builds of the commit on 300 of 300 files.",
    pointer=8,
    fixed=(72, 72, 72, 16),
    subgraph=16,
    eval_tensor=24,
    tensor=64,
    affine=24,
    node=64,
    allocation=32,
    scratch_request=16,
    scratch_handle=8,
    dead=16,
)
_WHEEL = _X86_64._replace(
    name="wheel",
    title="Python wheel (x86-64, reference kernels)",
    about="The `tflite-micro` wheel 0.dev20261023182759 for x86-64: reference kernels, the "
    "recording allocator, compression. Equal to its own record on 547 of 547 files.",
    fixed=(104, 72, 272, 16),
    subgraph=24,
    compression=True,
    options={"FULLY_CONNECTED": Request(32, 8)},
)
_CORTEX_M = Build(
    "cortex_m",
    "32-bit Cortex-M, reference kernels",
    "A 32-bit build with one-byte enums and the reference kernels. Equal on 300 of 300 files to "
    "own builds of the commit for 32-bit ARM, whose structs have the sizes that "
    "`arm-none-eabi-g++ -mcpu=cortex-m55` gives them.",
    pointer=4,
    fixed=(36, 44, 36, 8),
    subgraph=8,
    eval_tensor=12,
    tensor=32,
    affine=12,
    node=32,
    allocation=24,
    scratch_request=12,
    scratch_handle=4,
    short_enums=True,
)
_CMSIS_NN_DSP = _CORTEX_M._replace(
    name="cmsis_nn_dsp",
    title="32-bit Cortex-M, CMSIS-NN with DSP",
    about="The same with CMSIS-NN 99f736a6 (gcc) for cores with the DSP extension, such as "
    "Cortex-M4, M7 and M33: kernels ask for scratch memory of their own, so activations differ "
    "too. Equal to own builds on 300 of 300 files. armclang takes 4 bytes an input channel more "
    "in 1x1 convolutions.",
    cmsis_nn="dsp",
)
_CMSIS_NN_MVE = _CORTEX_M._replace(
    name="cmsis_nn_mve",
    title="32-bit Cortex-M, CMSIS-NN with Helium",
    about="The same with CMSIS-NN 99f736a6 (gcc) for cores with Helium (MVE), such as Cortex-M55 "
    "and M85. Equal on 300 of 300 files to CMSIS-NN's own size functions; the kernels themselves "
    "did not run there. armclang moves a threshold.",
    cmsis_nn="mve",
)

BUILDS: dict[str, Build] = {
    build.name: build for build in (_WHEEL, _X86_64, _CORTEX_M, _CMSIS_NN_DSP, _CMSIS_NN_MVE)
}
"""By name, the default one first."""
DEFAULT = _WHEEL.name
"""The build that anybody can start and compare with: `pip install tflite-micro`."""

SCRATCH_AT_A_TIME = 12
"""Scratch requests of one operator that there is room for (`kMaxScratchBuffersPerOp`)."""
PLANNED_BLOCK = 40
"""Bytes of the greedy planner for each block, on all builds."""


class Kernel(NamedTuple):
    """One operator: what its parser keeps, what its `Init` keeps, what its `Prepare` looks at."""

    prepare: str
    """Temporary tensors in order, by place: `i0` the first input, `i*` all inputs, `o0` the output,
    `q0` the output where it is int8. `C`: two int32 arrays of one value per output channel; `F`:
    the same where the filter has a scale per channel; `L`: a lookup table of int16."""
    state: int = 0
    """Bytes of its OpData on x86-64."""
    small: int | None = None
    """On 32 bits; None: as on x86-64."""
    compressed: int = 0
    """Added to `state` by compression."""
    cmsis_nn: int | None = None
    """On 32 bits with CMSIS-NN; None: as without."""
    options: Request | None = None
    """Its builtin data."""
    short: Request | None = None
    """The same with one-byte enums; None: equal."""


_WORD, _BYTE, _TWO = Request(4, 4), Request(1, 1), Request(2, 1)
_PAIR = Request(8, 4)

KERNELS: dict[str, Kernel] = {
    "ABS": Kernel("i0 o0", 28),
    "ADD": Kernel("i0 i1 o0", 60, options=_PAIR, short=_TWO),
    "AVERAGE_POOL_2D": Kernel("i0 o0", 32, cmsis_nn=36, options=Request(40, 4)),
    "CONCATENATION": Kernel("i0 o0 i*", 40, 24, 40, options=_PAIR),
    "CONV_2D": Kernel("o0 i0 i1 C i0 i1 i2 o0", 72, 56, 8, 60, Request(28, 4)),
    "DEPTHWISE_CONV_2D": Kernel("o0 i0 i1 C i0 i1 i2 o0", 72, 56, 8, 60, Request(28, 4)),
    "DEQUANTIZE": Kernel("i0 o0", 32),
    "FULLY_CONNECTED": Kernel("i0 i1 i2 o0 F", 64, 48, 8, 72, Request(16, 4), Request(5, 1)),
    "HARD_SWISH": Kernel("i0 o0", 20),
    "LEAKY_RELU": Kernel("i0 o0", 24, options=_WORD),
    "LOGISTIC": Kernel("i0 o0", 16),
    "MAXIMUM": Kernel(""),
    "MAX_POOL_2D": Kernel("i0 o0", 32, cmsis_nn=36, options=Request(40, 4)),
    "MEAN": Kernel("i0 o0 i1 i0 i1 q0", 44, options=_BYTE),
    "MINIMUM": Kernel(""),
    "MIRROR_PAD": Kernel("i0 i1 o0", 20, options=_WORD, short=_BYTE),
    "MUL": Kernel("i0 i1 o0", 36, options=_WORD, short=_BYTE),
    "NEG": Kernel(""),
    "PACK": Kernel("", options=_PAIR),
    "PAD": Kernel("i0 i1 i2 o0", 56),
    "PADV2": Kernel("i0 i1 i2 o0", 56),
    "PRELU": Kernel("i0 i1 o0", 28),
    "QUANTIZE": Kernel("i0 o0", 32),
    "REDUCE_MAX": Kernel("i0 i1 q0 i0 o0 i1", 44, options=_BYTE),
    "REDUCE_MIN": Kernel("i0 i1 q0 i0 o0 i1", 44, options=_BYTE),
    "RELU": Kernel("i0 o0", 28),
    "RELU6": Kernel("i0", 8),
    "RESHAPE": Kernel("i0 o0", options=Request(36, 4)),
    "RESIZE_BILINEAR": Kernel("i0 i1 o0", options=_TWO),
    "RESIZE_NEAREST_NEIGHBOR": Kernel("i0 i1 o0", options=_TWO),
    "RSQRT": Kernel("i0 o0", 28),
    "SHAPE": Kernel("", options=_WORD, short=_BYTE),
    "SOFTMAX": Kernel("i0 o0 L", 80, 56, cmsis_nn=64, options=_WORD),
    "SPLIT": Kernel("i0", options=_WORD),
    "SQUARED_DIFFERENCE": Kernel("i0 i1 o0", 112),
    "STRIDED_SLICE": Kernel("i0 i1 i2 i3 o0", 84, options=Request(24, 4)),
    "SUB": Kernel("i0 i1 o0", 52, options=_PAIR, short=_TWO),
    "SUM": Kernel("i0 o0 i1 i0 i1 q0", 44, options=_BYTE),
    "TANH": Kernel("i0 i0 o0", 16),
    "TRANSPOSE": Kernel("i0 i1 o0"),
    "TRANSPOSE_CONV": Kernel(
        "o0 i2 i1 C i2 i1 i3 o0", 80, 72, 8, 76, Request(20, 4), Request(16, 4)
    ),
    "UNPACK": Kernel("", options=_PAIR),
}
"""The operators whose requests are known."""

WITHOUT_TABLE = frozenset(
    {
        *("ADD_N", "ARG_MAX", "ARG_MIN", "ASSIGN_VARIABLE", "BATCH_MATMUL", "BATCH_TO_SPACE_ND"),
        *("BROADCAST_ARGS", "BROADCAST_TO", "CALL_ONCE", "CAST", "CEIL", "COS", "CUMSUM", "CUSTOM"),
        *("DEPTH_TO_SPACE", "DIV", "DYNAMIC_UPDATE_SLICE", "ELU", "EMBEDDING_LOOKUP", "EQUAL"),
        *("EXP", "EXPAND_DIMS", "FILL", "FLOOR", "FLOOR_DIV", "FLOOR_MOD", "GATHER", "GATHER_ND"),
        *("GREATER", "GREATER_EQUAL", "IF", "L2_NORMALIZATION", "L2_POOL_2D", "LESS", "LESS_EQUAL"),
        *("LOG", "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "LOG_SOFTMAX", "NOT_EQUAL"),
        *("READ_VARIABLE", "REDUCE_ALL", "REVERSE_V2", "ROUND", "SELECT_V2", "SIN", "SLICE"),
        *("SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT_V", "SQRT", "SQUARE", "SQUEEZE", "SVDF"),
        *("UNIDIRECTIONAL_SEQUENCE_LSTM", "VAR_HANDLE", "WHILE", "ZEROS_LIKE"),
    }
)
"""Operators that have a kernel (`micro_mutable_op_resolver.h`; the wheel has the same) and whose
requests are not known. Any other operator has no kernel at all: GELU and TILE, for two."""
