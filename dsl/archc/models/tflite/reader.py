"""Read a TFLite file.

Own code over the declared part of the schema instead of the FlatBuffers library and a generated
reader: those check nothing (see `flatbuffer`), and come with NumPy and half of a runtime, where
this needs nothing and so works in a base install.
"""

from math import prod
from typing import NamedTuple, TypeVar

from archc.diagnostics.codes import LIMIT, MODEL_FILE
from archc.diagnostics.model import Rejected, reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.elements import bits
from archc.models.signatures import mistaken
from archc.models.tflite import schema
from archc.models.tflite.flatbuffer import Buffer, Corrupt, Table
from archc.models.tflite.model import Model, Operator, Quantization, Subgraph, Tensor

T = TypeVar("T")

SUFFIX = ".tflite"
_CONVERT = "give a file that TensorFlow's converter or `archc quantize` wrote"

RANK = 8
"""Axes of a tensor that are read; the kernels of TFLite take at most so many."""
OPERANDS = 1_024
"""Inputs or outputs of an operator, and of a subgraph."""
SUBGRAPHS = 256
TENSORS_PER_OPERATOR = 16
"""How many tensors there may be for each operator of the bound `operators`."""


class _Code(NamedTuple):
    name: str
    custom: str | None
    version: int


def read(name: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Model:
    """What a TFLite file holds. Nothing of it is run.

    Args:
        name: of the file, for messages.
        data: its bytes.
        limits: ``operators`` bounds how many operators are read, and tensors with them.

    Raises:
        Rejected: it is not a TFLite file, is truncated or damaged, or larger than a bound.
    """
    if data[4:8] != schema.IDENTIFIER:
        raise _foreign(name, data)
    try:
        return _model(name, Buffer(data), limits)
    except Corrupt as corrupt:
        raise reject(
            MODEL_FILE,
            f"`{name}` is not a whole TFLite file: {corrupt}",
            help="it was truncated or changed on its way here: copy or convert it again",
        ) from None


def _foreign(name: str, data: bytes) -> Rejected:
    """The exception for a file that does not start as TFLite files do."""
    if data[4:8] in (b"TFL1", b"TFL2"):
        schema_name = data[4:8].decode()
        return reject(
            MODEL_FILE,
            f"`{name}` is not a TFLite file: it is of schema {schema_name}, from before 2018",
            help="convert it again with a TensorFlow of today",
        )
    return mistaken(name, data, "a TFLite file", "one", _CONVERT)


def _model(name: str, buffer: Buffer, limits: Limits) -> Model:
    root = buffer.root()
    version = root.scalar(schema.MODEL_VERSION, "I")
    if version != schema.VERSION:
        raise Corrupt(f"it claims version {version} of the schema, where there is only 3")
    codes = [_code(t) for t in root.tables(schema.MODEL_CODES, len(schema.OPERATORS) * 8, "kinds")]
    graphs = root.tables(schema.MODEL_SUBGRAPHS, SUBGRAPHS, "subgraphs")
    if not graphs:
        raise Corrupt("it has no subgraph, so no network")
    subgraphs = []
    operators = 0
    for table in graphs:
        operators += table.count(schema.GRAPH_OPERATORS)
        if operators > limits.operators:
            raise reject(
                LIMIT,
                f"`{name}` has {operators:,} operators, more than {limits.operators:,}, the limit "
                "`operators`",
                help="if that is meant, raise it with `--limit operators=N`",
            )
        subgraphs.append(_subgraph(root, table, codes, limits))
    metadata = root.tables(schema.MODEL_METADATA, 1_024, "entries of metadata")
    return Model(
        name,
        version,
        root.text(schema.MODEL_DESCRIPTION),
        tuple(subgraphs),
        tuple(table.text(schema.METADATA_NAME) for table in metadata),
        buffer.data,
        _names(root, subgraphs[0]),
    )


def _names(root: Table, graph: Subgraph) -> dict[int, str]:
    """What the first signature of the first subgraph calls its inputs and outputs. One that refers
    to other tensors is not taken."""
    names: dict[int, str] = {}
    for table in root.tables(schema.MODEL_SIGNATURES, SUBGRAPHS, "signatures"):
        if table.scalar(schema.SIGNATURE_GRAPH, "I"):
            continue
        for field, known in (
            (schema.SIGNATURE_INPUTS, graph.inputs),
            (schema.SIGNATURE_OUTPUTS, graph.outputs),
        ):
            for entry in table.tables(field, OPERANDS, "names of inputs or outputs"):
                index = entry.scalar(schema.MAP_TENSOR, "I")
                if index in known:
                    names[index] = entry.text(schema.MAP_NAME)
        break
    return names


def _code(table: Table) -> _Code:
    """A kind of operator. Files from before version 3a have it in one byte; newer ones have that
    byte too, for old readers (schema.fbs, "Version 3a")."""
    number = max(table.scalar(schema.CODE_OLD, "b"), table.scalar(schema.CODE_BUILTIN, "i"))
    if number < 0:
        raise Corrupt(f"there is no operator of number {number}")
    known = number < len(schema.OPERATORS)
    name = schema.OPERATORS[number] if known else f"OPERATOR_{number}"
    custom = table.text(schema.CODE_CUSTOM) if number == schema.CUSTOM else None
    return _Code(name, custom, table.scalar(schema.CODE_VERSION, "i", 1))


def _subgraph(root: Table, table: Table, codes: list[_Code], limits: Limits) -> Subgraph:
    most = TENSORS_PER_OPERATOR * limits.operators
    tensors = tuple(
        _tensor(root, entry) for entry in table.tables(schema.GRAPH_TENSORS, most, "tensors")
    )
    operators = table.tables(schema.GRAPH_OPERATORS, limits.operators, "operators")
    return Subgraph(
        table.text(schema.GRAPH_NAME),
        tensors,
        _indices(table, schema.GRAPH_INPUTS, len(tensors)),
        _indices(table, schema.GRAPH_OUTPUTS, len(tensors)),
        tuple(_operator(entry, codes, len(tensors)) for entry in operators),
    )


def _indices(table: Table, field: int, tensors: int, optional: bool = False) -> tuple[int, ...]:
    found = table.numbers(field, "i", OPERANDS)
    for index in found:
        if not (-1 if optional else 0) <= index < tensors:
            raise Corrupt(f"there is no tensor {index} among its {tensors:,}")
    return found


def _tensor(root: Table, table: Table) -> Tensor:
    name = table.text(schema.TENSOR_NAME)
    shape = table.numbers(schema.TENSOR_SHAPE, "i", RANK)
    signature = table.numbers(schema.TENSOR_SIGNATURE, "i", RANK) or shape
    if any(extent < 0 for extent in shape):
        raise Corrupt(f"the tensor `{name[:80]}` has an axis of {min(shape)} elements")
    if len(signature) != len(shape):
        raise Corrupt(f"the tensor `{name[:80]}` has two shapes that do not go together")
    number = table.scalar(schema.TENSOR_TYPE, "b")
    if not 0 <= number < len(schema.TYPES):
        raise Corrupt(f"the tensor `{name[:80]}` is of type {number}, which is not known")
    kind = schema.TYPES[number]
    width = bits(kind)
    sparse = table.table(schema.TENSOR_SPARSITY) is not None
    buffer = table.scalar(schema.TENSOR_BUFFER, "I")
    start, size = _extent(root, buffer)
    needed = -(-prod(shape) * width // 8)
    if size and width and not sparse and size != needed:
        raise Corrupt(f"the tensor `{name[:80]}` needs {needed:,} bytes and has {size:,}")
    return Tensor(
        name,
        shape,
        signature,
        kind,
        buffer,
        start,
        size,
        _quantization(table.table(schema.TENSOR_QUANTIZATION)),
        sparse,
        bool(table.scalar(schema.TENSOR_VARIABLE, "B")),
    )


def _extent(root: Table, index: int) -> tuple[int, int]:
    """Where the bytes of a buffer are, and how many. Those of large files stand behind the
    FlatBuffer (schema.fbs, "Version 3c"), at an offset from the start of the file."""
    table = root.entry(schema.MODEL_BUFFERS, index)
    if table is None:
        raise Corrupt(f"there is no buffer {index}")
    offset = table.scalar(schema.BUFFER_OFFSET, "Q")
    size = table.scalar(schema.BUFFER_SIZE, "Q")
    if offset > 1:  # 0 and 1 mean that there is none, or not yet
        root.inside(offset, size)
        return offset, size
    return table.extent(schema.BUFFER_DATA)


def _quantization(table: Table | None) -> Quantization | None:
    if table is None:
        return None
    scales = table.numbers(schema.QUANTIZATION_SCALE, "f")
    if not scales:
        return None
    return Quantization(
        tuple(map(float, scales)),
        table.numbers(schema.QUANTIZATION_ZERO_POINT, "q"),
        table.scalar(schema.QUANTIZATION_AXIS, "i"),
    )


def _operator(table: Table, codes: list[_Code], tensors: int) -> Operator:
    number = table.scalar(schema.OPERATOR_CODE, "I")
    if number >= len(codes):
        raise Corrupt(f"there is no kind of operator {number} among its {len(codes):,}")
    code = codes[number]
    activation = stride = padding = dilation = window = None
    known = schema.OPTIONS.get(code.name)
    if known is not None and table.scalar(schema.OPERATOR_KIND, "B") == known.kind:
        options = table.table(schema.OPERATOR_OPTIONS)
        if options is not None:
            activation = _member(schema.ACTIVATIONS, options.scalar(known.activation, "b"))
            if known.padding is not None:
                padding = _member(schema.PADDINGS, options.scalar(known.padding, "b"))
            stride = _pair(options, known.stride)
            dilation = _pair(options, known.dilation, 1)
            window = _pair(options, known.window)
    return Operator(
        code.name,
        code.custom,
        code.version,
        _indices(table, schema.OPERATOR_INPUTS, tensors, optional=True),
        _indices(table, schema.OPERATOR_OUTPUTS, tensors),
        activation,
        stride,
        padding,
        dilation,
        window,
    )


def _member(members: tuple[T, ...], number: int) -> T:
    if not 0 <= number < len(members):
        raise Corrupt(f"an option of an operator is {number}, which means nothing")
    return members[number]


def _pair(
    options: Table, fields: tuple[int, int] | None, default: int = 0
) -> tuple[int, int] | None:
    if fields is None:
        return None
    return options.scalar(fields[0], "i", default), options.scalar(fields[1], "i", default)
