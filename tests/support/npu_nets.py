"""Networks as the estimate of time and placement takes them: chains, and random ones."""

from hypothesis import strategies as st

from archc.analysis.latency import Net, Op


def _conv(
    reads: int, makes: int, tensors: list[tuple[int, int, int]], kernel: int, stride: int
) -> Op:
    inputs, outputs = tensors[reads][2], tensors[makes][2]
    return Op(
        "CONV_2D",
        (reads,),
        (makes,),
        (kernel, kernel),
        stride,
        1,
        kernel * kernel * inputs * outputs,
        outputs,
        "RELU6",
    )


def chain(side: int, width: int, depth: int, kernel: int = 3, qdq: bool = False) -> Net:
    """Convolutions of one width behind each other."""
    tensors = [(side, side, 8)] + [(side, side, width)] * depth
    ops = [_conv(at, at + 1, tensors, kernel, 1) for at in range(depth)]
    return Net(tuple(tensors), (4,) * len(tensors), (0,), tuple(ops), qdq=qdq)


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Networks of all kinds of operators, maps joined across each other."""
    tensors = [(draw(st.integers(1, 300)), draw(st.integers(1, 300)), draw(st.integers(1, 16)))]
    ops: list[Op] = []
    for _ in range(draw(st.integers(1, 14))):
        read = draw(st.integers(0, len(tensors) - 1))
        rows, columns, channels = tensors[read]
        kind = draw(st.sampled_from(KINDS))
        made, reads = tensors[read], (read,)
        extra: tuple[object, ...] = ()
        if kind in ("CONV_2D", "TRANSPOSE_CONV"):
            kernel, stride = draw(st.sampled_from([1, 3, 5, 7, 9])), draw(st.integers(1, 2))
            made = (-(-rows // stride), -(-columns // stride), draw(st.integers(1, 160)))
            weights = kernel * kernel * channels * made[2]
            extra = ((kernel, kernel), stride, 1, weights, made[2], draw(ACTIVATIONS))
        elif kind == "DEPTHWISE_CONV_2D":
            kernel = draw(st.sampled_from([3, 5, 7]))
            extra = ((kernel, kernel), 1, channels, kernel * kernel * channels, channels, None)
        elif kind == "FULLY_CONNECTED":
            made = (1, 1, draw(st.integers(1, 2000)))
            extra = ((1, 1), 1, 1, rows * columns * channels * made[2], made[2])
        elif kind == "MAX_POOL_2D":
            made = (-(-rows // 2), -(-columns // 2), channels)
            extra = ((2, 2), 2)
        elif kind == "MEAN":
            made = (1, 1, channels)
        elif kind == "CONCATENATION":
            others = [i for i, each in enumerate(tensors) if each[:2] == made[:2]]
            other = draw(st.sampled_from(others))
            reads, made = (read, other), (rows, columns, channels + tensors[other][2])
        elif kind in ("ADD", "MUL"):
            others = [i for i, each in enumerate(tensors) if each in (made, (1, 1, channels))]
            reads = (read, draw(st.sampled_from(others)))
        elif kind == "RESIZE_NEAREST_NEIGHBOR":
            made = (2 * rows, 2 * columns, channels)
        tensors.append(made)
        ops.append(Op(kind, reads, (len(tensors) - 1,), *extra))  # type: ignore[arg-type]
    return Net(
        tuple(tensors),
        (4,) * len(tensors),
        (0,),
        tuple(ops),
        draw(st.booleans()),
        draw(st.booleans()),
    )


KINDS = (
    *("CONV_2D", "CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D"),
    *("MEAN", "CONCATENATION", "ADD", "MUL", "RESIZE_NEAREST_NEIGHBOR", "RELU6", "LOGISTIC"),
    *("HARD_SWISH", "SOFTMAX", "TRANSPOSE", "STRIDED_SLICE", "DIV", "TRANSPOSE_CONV", "PAD"),
)
ACTIVATIONS = st.sampled_from([None, "RELU", "RELU6"])
