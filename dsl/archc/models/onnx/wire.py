"""How many parts a protobuf file of ONNX has, before a library makes objects of them.

A node takes two bytes in a file and hundreds in memory, so that a file within `model_bytes` may
need many times its size. Parts are counted here without reading any, and none of them is opened
further than to its fields (protobuf.dev, "Encoding"; field numbers of `onnx.proto`).
"""

from collections.abc import Iterator
from typing import NamedTuple

GRAPH = 7
NODES = 1
INSIDE = {1: False, 5: True, 11: False, 12: False, 13: False}
"""The parts of a graph that are looked into, by field: nodes, initializers, inputs, outputs, shapes
of tensors; and whether they are tensors."""
NUMBERS = frozenset({1, 5, 7, 11})
"""The fields of a tensor that pack whole numbers of any length."""
_FIXED = {1: 8, 5: 4}


class Corrupt(Exception):
    """The file is not protobuf, or is truncated. The message completes "it is not whole: "."""


class Census(NamedTuple):
    """What a file is made of."""

    nodes: int
    parts: int
    """Fields of the graph and of its nodes, tensors, inputs and outputs."""
    packed: int
    """Bytes of numbers that are larger in memory than in the file, up to eight times."""
    graphs: int


def census(data: bytes, most: int) -> Census:
    """Count the parts of a file, and stop at so many.

    Raises:
        Corrupt: it is not protobuf.
    """
    nodes = parts = packed = graphs = 0
    view = memoryview(data)
    for number, start, end in fields(view, 0, len(view)):
        parts += 1
        if number != GRAPH or start < 0:
            continue
        graphs += 1
        for part, first, last in fields(view, start, end):
            parts += 1
            nodes += part == NODES
            if first >= 0 and part in INSIDE:
                for field, begin, stop in fields(view, first, last):
                    parts += 1
                    packed += stop - begin if INSIDE[part] and field in NUMBERS else 0
                    if parts > most:
                        break
            if parts > most:
                return Census(nodes, parts, packed, graphs)
        if parts > most:
            break
    return Census(nodes, parts, packed, graphs)


def fields(view: memoryview, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message: number, and where its bytes begin and end; -1 and -1 for one that
    is a number itself."""
    while at < end:
        tag, at = varint(view, at, end)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise Corrupt("a field has number 0")
        if kind == 0:
            _, at = varint(view, at, end)
            yield number, -1, -1
        elif kind == 2:
            size, at = varint(view, at, end)
            if size > end - at:
                raise Corrupt(f"a part of {size:,} bytes has only {end - at:,}")
            yield number, at, at + size
            at += size
        elif kind in _FIXED:
            at += _FIXED[kind]
            if at > end:
                raise Corrupt("it ends within a number")
            yield number, -1, -1
        else:
            raise Corrupt(f"a field is of kind {kind}, which ONNX does not use")


def varint(view: memoryview, at: int, end: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while at < end:
        byte = view[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise Corrupt("a number has more than ten bytes")
    raise Corrupt("it ends within a number")
