"""How a file is quantised, in a word, and what is said of that."""

from functools import cache
from typing import NamedTuple

from archc.diagnostics.model import Level
from archc.models.deployed.graph import Operator, Tensor
from archc.plain import beside

_INDICES = ("int32", "int64", "bool", "string", "uint32", "uint64")
"""Types that shapes and positions are computed in, whatever the scheme."""
_CONVERTING = ("QUANTIZE", "DEQUANTIZE")


class Said(NamedTuple):
    """What is said of a scheme: see `words.toml`."""

    level: Level | None = None
    what: str = ""
    remedy: str = ""
    arena: str = ""
    timed: bool = False


@cache
def said_of(scheme: str) -> Said:
    """What is said of a file by how it is quantised."""
    schemes = beside(__file__, "words.toml")["schemes"]
    return Said(**schemes.get(scheme, schemes["float"]))


def scheme(operators: tuple[Operator, ...], tensors: tuple[Tensor, ...]) -> str:
    """`int8`, `int8 with int4 weights`, `uint8`, `int16x8`, `dynamic range`, `float16 weights`,
    `float32`, or `mixed` where parts differ."""
    inner = [op for op in operators if op.kind not in _CONVERTING]
    computed = {tensors[i].dtype for op in inner for i in op.outputs} - {*_INDICES}
    unpacked = {
        op.outputs[0]: op.inputs[0]
        for op in operators
        if op.kind == "DEQUANTIZE" and op.outputs and op.weights
    }
    used = [op.filter for op in inner if op.filter is not None]
    filters = {tensors[unpacked.get(index, index)].dtype for index in used}
    if not computed:
        computed = {tensors[i].dtype for op in operators for i in op.outputs} - {*_INDICES}
    if len(computed) != 1:
        return "mixed" if computed else "int8"
    (kind,) = computed
    if kind == "float32":
        if filters & {"int8", "uint8", "int4"}:
            return "dynamic range"
        return "float16 weights" if "float16" in filters else kind
    if kind == "int16":
        return "int16x8"
    return f"{kind} with int4 weights" if "int4" in filters and kind == "int8" else kind
