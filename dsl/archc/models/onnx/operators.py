"""The operators of ONNX that are read, and what each is on a device: declared in this one place.

Anything else of ONNX's own domain is read too where its shapes can be inferred, but its
multiply-accumulates are not known. What is refused, and why, stands here as well.
"""

from typing import NamedTuple

from archc.models.onnx.model import Node

OWN = ""
"""The domain of ONNX's own operators."""
CONTRIB = "com.microsoft"
QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


class Operator(NamedTuple):
    """What an operator of ONNX is."""

    kind: str
    """TFLite's name of what it computes, which targets know; else its own."""
    roles: str = "m"
    """What it reads at each place, the last one again for all that follow: `m` a feature map or a
    constant in the place of one, `w` a filter, `b` a bias, `t` a table (shapes, axes, bounds),
    which is no weight."""
    view: bool = False
    """Whether its result is what it reads, by another shape."""
    spatial: bool = False
    """Whether the second axis of what it reads and makes are channels, and rows and columns behind
    them."""
    fuses: bool = False
    """Whether a device computes an activation behind it in the same pass."""
    activation: bool = False
    """Whether it is such an activation."""


def _table(lines: str, **common: object) -> dict[str, Operator]:
    """Operators from lines `NAME KIND [ROLES]`; `=` is a kind that only ONNX has."""
    made = {}
    for line in filter(None, map(str.split, lines.splitlines())):
        name, kind, *roles = line
        made[name] = Operator(name if kind == "=" else kind, *roles, **common)  # type: ignore[arg-type]
    return made


OPERATORS: dict[str, Operator] = {
    **_table(
        """
        Conv CONV_2D mwb
        ConvTranspose TRANSPOSE_CONV mwb
        MaxPool MAX_POOL_2D
        AveragePool AVERAGE_POOL_2D
        GlobalAveragePool MEAN
        GlobalMaxPool REDUCE_MAX
        BatchNormalization = mmmmm
        """,
        spatial=True,
        fuses=True,
    ),
    **_table(
        """
        InstanceNormalization = mmm
        GroupNormalization = mmm
        LpPool =
        GlobalLpPool =
        LRN =
        Resize RESIZE_NEAREST_NEIGHBOR mt
        Upsample RESIZE_NEAREST_NEIGHBOR mt
        DepthToSpace DEPTH_TO_SPACE
        SpaceToDepth SPACE_TO_DEPTH
        """,
        spatial=True,
    ),
    **_table(
        """
        Gemm FULLY_CONNECTED mwb
        MatMul FULLY_CONNECTED mw
        Add ADD
        Sub SUB
        Mul MUL
        Div DIV
        Concat CONCATENATION
        """,
        fuses=True,
    ),
    **_table(
        """
        Relu RELU
        Clip = mt
        LeakyRelu LEAKY_RELU
        """,
        activation=True,
    ),
    **_table(
        """
        Reshape RESHAPE mt
        Flatten RESHAPE
        Squeeze SQUEEZE mt
        Unsqueeze EXPAND_DIMS mt
        """,
        view=True,
    ),
    **_table(
        """
        PRelu PRELU
        Elu ELU
        Selu =
        Celu =
        ThresholdedRelu =
        Sigmoid LOGISTIC
        HardSigmoid =
        HardSwish HARD_SWISH
        Swish SWISH
        Mish =
        Tanh TANH
        Gelu GELU
        Erf =
        Softplus =
        Softsign =
        Softmax SOFTMAX
        LogSoftmax LOG_SOFTMAX
        LayerNormalization = mmm
        RMSNormalization = mm
        LpNormalization L2_NORMALIZATION
        MeanVarianceNormalization =
        Exp EXP
        Log LOG
        Sqrt SQRT
        Reciprocal =
        Abs ABS
        Neg NEG
        Sign SIGN
        Floor FLOOR
        Ceil CEIL
        Round ROUND
        Sin SIN
        Cos COS
        Pow POW
        Mod FLOOR_MOD
        Min MINIMUM
        Max MAXIMUM
        Sum ADD_N
        Mean =
        Not LOGICAL_NOT
        And LOGICAL_AND
        Or LOGICAL_OR
        Xor =
        Equal EQUAL
        Greater GREATER
        GreaterOrEqual GREATER_EQUAL
        Less LESS
        LessOrEqual LESS_EQUAL
        IsNaN =
        Where SELECT_V2
        ReduceMean MEAN mt
        ReduceSum SUM mt
        ReduceMax REDUCE_MAX mt
        ReduceMin REDUCE_MIN mt
        ReduceProd REDUCE_PROD mt
        ReduceL1 = mt
        ReduceL2 = mt
        ReduceSumSquare = mt
        ReduceLogSumExp = mt
        CumSum CUMSUM mt
        ArgMax ARG_MAX
        ArgMin ARG_MIN
        TopK TOPK_V2 mt
        Transpose TRANSPOSE
        Slice STRIDED_SLICE mt
        Split SPLIT mt
        Pad PAD mt
        Tile TILE mt
        Expand BROADCAST_TO mt
        Gather GATHER mt
        GatherElements =
        GatherND GATHER_ND
        ScatterND SCATTER_ND
        ScatterElements =
        OneHot ONE_HOT mt
        Trilu =
        Cast CAST
        """
    ),
    QUANTIZE: Operator("QUANTIZE", "mt"),
    DEQUANTIZE: Operator("DEQUANTIZE", "mt"),
}
"""By name, of ONNX's own domain; the quantisers also of `com.microsoft`, which is how onnxruntime
writes 4 and 16 bits below opset 21."""

NOTHING = frozenset({"Identity", "Dropout"})
"""What does nothing on a device."""
OF_SHAPES = frozenset({"Shape", "Size"})
"""What depends on the shape of what it reads, which is known, and so is a constant."""
STATIC = frozenset({"ConstantOfShape", "Range", "EyeLike"})
"""What is a constant though it may read nothing."""

PAIRS = {"Sigmoid": "SWISH", "HardSigmoid": "HARD_SWISH"}
"""A gate whose product with what it reads is one operator, and that operator."""

_WHOLE = "the file is of the format QOperator, not QDQ: quantise with `QuantFormat.QDQ`"
_DYNAMIC = (
    "it computes scales at run time (dynamic quantisation): quantise with `quantize_static` and "
    "samples"
)
_BRANCH = "it holds a graph of its own, whose cost depends on values"
_RANDOM = "what it gives differs from run to run"
_LIST = "it works on lists or texts, not on tensors of numbers"

REFUSED: dict[str, str] = {
    **dict.fromkeys(("QLinearConv", "QLinearMatMul"), _WHOLE),
    **dict.fromkeys(
        ("DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "DynamicQuantizeMatMul"), _DYNAMIC
    ),
    **dict.fromkeys(("If", "Loop", "Scan", "SequenceMap"), _BRANCH),
    **dict.fromkeys(
        ("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial"),
        _RANDOM,
    ),
    "Bernoulli": _RANDOM,
    **dict.fromkeys(("SequenceConstruct", "SequenceEmpty", "SequenceAt", "SequenceInsert"), _LIST),
    **dict.fromkeys(("SequenceErase", "SequenceLength", "SplitToSequence"), _LIST),
    **dict.fromkeys(("ConcatFromSequence", "Optional", "OptionalGetElement"), _LIST),
    **dict.fromkeys(("OptionalHasElement", "StringConcat", "StringNormalizer"), _LIST),
    **dict.fromkeys(("StringSplit", "RegexFullMatch", "TfIdfVectorizer"), _LIST),
}
"""Why an operator is refused, by name: the sentence begins with the node."""

CONTRIB_REFUSED = {
    "QLinear": _WHOLE,
    "QGemm": _WHOLE,
    "DynamicQuantize": _DYNAMIC,
    "MatMulInteger": _DYNAMIC,
    "MatMulNBits": "its weights have scales by blocks, which only onnxruntime computes with",
}
"""The same of operators of `com.microsoft`, by how their names begin."""


def refusal(node: Node) -> str | None:
    """Why a node cannot be part of a deployed network, if it cannot."""
    if node.domain == OWN:
        return REFUSED.get(node.kind) or (_BRANCH if node.nested else None)
    if node.domain == CONTRIB:
        if node.kind in (QUANTIZE, DEQUANTIZE):
            return None
        begins = (why for start, why in CONTRIB_REFUSED.items() if node.kind.startswith(start))
        if (why := next(begins, None)) is not None:
            return why
    return f"its domain `{node.domain}` is not ONNX's own, so what it computes is not known"


def role(operator: Operator, place: int) -> str:
    """What an operator reads at a place."""
    return operator.roles[min(place, len(operator.roles) - 1)]
