"""The part of TFLite's schema that is read: names of operators and types, numbers of fields.

Source: tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3c, as of LiteRT 2.3.0. New members
are only ever added at the end, so older files mean the same by it; a number beyond the end is
shown as a number. The names of fields are the schema's.
"""

from typing import NamedTuple

from archc.plain import beside, restored

_NAMES = beside(__file__, "schema.toml")

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of a file."""
VERSION = 3

OPERATORS = tuple(str(_NAMES["operators"]).split())
"""`BuiltinOperator`, each at its number."""

CUSTOM = OPERATORS.index("CUSTOM")

ACTIVATIONS: tuple[str | None, ...] = (None, "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")
"""`ActivationFunctionType`."""

PADDINGS = ("SAME", "VALID")
"""`Padding`."""


TYPES = tuple(str(_NAMES["types"]).split())
"""`TensorType`, each at its number."""


# --- fields of the tables, by number -----------------------------------------------------------

MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS = range(5)
MODEL_METADATA, MODEL_SIGNATURES = 6, 7
SIGNATURE_INPUTS, SIGNATURE_OUTPUTS = 0, 1
SIGNATURE_GRAPH = 4
MAP_NAME, MAP_TENSOR = 0, 1
CODE_OLD, CODE_CUSTOM, CODE_VERSION, CODE_BUILTIN = range(4)
GRAPH_TENSORS, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS, GRAPH_NAME = range(5)
TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION = range(5)
TENSOR_VARIABLE, TENSOR_SPARSITY, TENSOR_SIGNATURE = range(5, 8)
QUANTIZATION_SCALE, QUANTIZATION_ZERO_POINT = 2, 3
QUANTIZATION_AXIS = 6
OPERATOR_CODE, OPERATOR_INPUTS, OPERATOR_OUTPUTS, OPERATOR_KIND, OPERATOR_OPTIONS = range(5)
BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE = range(3)
METADATA_NAME = 0


class Options(NamedTuple):
    """A member of `BuiltinOptions` as far as it is read: its number there, and its fields."""

    kind: int
    activation: int
    padding: int | None = None
    stride: tuple[int, int] | None = None
    """Rows, columns."""
    dilation: tuple[int, int] | None = None
    window: tuple[int, int] | None = None


OPTIONS = restored(dict[str, Options], _NAMES["options"])
"""By operator."""
