"""Epoch by epoch: our estimate, the compiler's cycles and the board's time side by side.

An epoch of ours is one of theirs where both compute the same kind of operator and make a map of the
same size, in order among equals. Where one side has more of them, all of that kind and size are one
row: nothing is guessed.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from archc.diagnostics.text import shape_text
from archc.models.stedgeai.board import Board, Node
from archc.models.stedgeai.info import Compiled
from archc.models.stedgeai.trace import Prediction

_KINDS = (
    ("product", {"CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "Conv", "Gemm", "ConvTranspose"}),
    ("product", {"DEPTHWISE_CONV_2D", "MatMul"}),
    ("softmax", {"SOFTMAX", "Softmax"}),
    ("pool", {"MEAN", "AVERAGE_POOL_2D", "MAX_POOL_2D", "REDUCE_MAX"}),
    ("pool", {"AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"}),
    ("concatenation", {"CONCATENATION", "Concat"}),
    ("resize", {"RESIZE_NEAREST_NEIGHBOR", "DepthToSpace"}),
    ("slice", {"SLICE", "STRIDED_SLICE", "SPLIT", "Slice", "Split"}),
)
"""Kinds of epochs by what they compute, TFLite's names and ONNX's; the first that is among an
epoch's operators counts. Everything else is `other`: a convolution's scale and bias are Mul and Add
there."""
_BLOCK = re.compile(r"EpochBlock_([0-9]{1,9})")
_TOP = 5

Key = tuple[str, tuple[int, ...]]


class Aligned(NamedTuple):
    """One row: an epoch, or all of one kind and size."""

    kind: str
    shape: str
    """Of the result: rows, columns and channels; of the vendor's alone, its axes in its order."""
    layers: tuple[str, ...]
    """Of ours, the layer that each epoch goes by."""
    epochs: tuple[int, ...]
    """The compiler's."""
    microseconds: float | None
    """Estimated; None where we have no such epoch."""
    cycles: int | None
    """By the compiler's own model, which prices no start of an epoch."""
    measured: float | None
    """Microseconds on the board; None where it was not timed by itself."""


class Agreement(NamedTuple):
    """How well two columns agree over the rows that have both."""

    rows: int
    correlation: float
    """Of ranks, Spearman's."""
    same: int
    """Of the most expensive rows of both."""
    top: int


class Ours(NamedTuple):
    key: Key
    shape: str
    layer: str
    microseconds: float


def align(
    compiled: Sequence[Compiled], boards: Sequence[Board], prediction: Prediction | None
) -> tuple[Aligned, ...]:
    """The rows, in the order of our epochs, then what the compiler alone has.

    Args:
        compiled: the compiler's epochs, of an info.
        boards: measurements; the first one counts.
        prediction: ours, with its estimate of time.
    """
    if prediction is None or not compiled:
        return ()
    measured = _measured(compiled, boards)
    theirs: dict[Key, list[Compiled]] = {}
    for each in compiled:
        if each.cycles or measured.get(each.id):
            theirs.setdefault((kind(each.operators), _size(each.shape or ())), []).append(each)
    mine: dict[Key, list[Ours]] = {}
    for one in _ours(prediction.manifest):
        mine.setdefault(one.key, []).append(one)
    rows = []
    for key, own in mine.items():
        other = theirs.pop(key, [])
        if len(own) == len(other):
            for pair in zip(own, other, strict=True):
                rows.append(_row(key, pair[:1], pair[1:], measured))
        else:
            rows.append(_row(key, own, other, measured))
    rows += [_row(key, (), other, measured) for key, other in theirs.items()]
    return tuple(rows)


def kind(operators: Iterable[str]) -> str:
    """What an epoch computes, of several operators that which costs most."""
    held = set(operators)
    return next((name for name, names in _KINDS if names & held), "other")


def agreement(rows: Sequence[Aligned], column: str) -> Agreement | None:
    """How the estimate agrees with `cycles` or `measured`; None over fewer than three rows."""
    both = [
        (row.microseconds, getattr(row, column))
        for row in rows
        if row.microseconds is not None and getattr(row, column)
    ]
    if len(both) < 3:
        return None
    ours, theirs = ([pair[side] for pair in both] for side in (0, 1))
    top = min(_TOP, len(both))
    tops = [set(sorted(range(len(of)), key=lambda i: -of[i])[:top]) for of in (ours, theirs)]
    return Agreement(len(both), _spearman(ours, theirs), len(tops[0] & tops[1]), top)


def _row(
    key: Key, own: Sequence[Ours], other: Sequence[Compiled], measured: dict[int, float]
) -> Aligned:
    timed = [measured[each.id] for each in other if each.id in measured]
    priced = [each.cycles for each in other if each.cycles is not None]
    shape = own[0].shape if own else shape_text(other[0].shape or ())
    return Aligned(
        key[0],
        shape,
        tuple(one.layer for one in own),
        tuple(each.id for each in other),
        sum(one.microseconds for one in own) if own else None,
        sum(priced) if priced else None,
        sum(timed) if timed and len(timed) == len(other) else None,
    )


def _ours(manifest: dict[str, Any]) -> Iterable[Ours]:
    """Our epochs that take time, by what they compute and make."""
    deployed = manifest["deployed"]
    latency, sequence = deployed["latency"], deployed["sequence"]
    for epoch in latency["epochs"] if latency else ():
        operators = [sequence[place] for place in epoch["operators"]]
        if epoch["nanoseconds"] is None:
            continue
        entry = manifest["inputs"][0]
        shape = tuple(operators[-1]["output_shape"] if operators else entry["shape"])
        names = [operators[0]["operator"]] if operators else []
        border = "(results)" if names == ["DEQUANTIZE"] else f"({entry['name']})"
        layer = epoch["layers"][0] if epoch["layers"] else border
        key = kind(names), _size(shape)
        yield Ours(key, shape_text(shape), layer, epoch["nanoseconds"] / 1000)


def _size(shape: Sequence[int]) -> tuple[int, ...]:
    """The extents above 1, in order of size: infos have channels first or last."""
    return tuple(sorted(extent for extent in shape if extent != 1))


def _measured(compiled: Sequence[Compiled], boards: Sequence[Board]) -> dict[int, float]:
    """Microseconds by epoch, where the board timed them one by one: a block that the epoch
    controller runs as one has one time for all."""
    nodes: Sequence[Node] = boards[0].nodes if boards else ()
    named = [_BLOCK.fullmatch(node.name) for node in nodes]
    ids = {each.id for each in compiled}
    found = {
        int(name[1]): 1000 * node.ms
        for name, node in zip(named, nodes, strict=True)
        if name is not None and int(name[1]) in ids
    }
    if found or len(nodes) != len(compiled):
        return found if len(found) > 1 or len(compiled) == 1 else {}
    return {each.id: 1000 * node.ms for each, node in zip(compiled, nodes, strict=True)}


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each in order of size; equal ones share theirs."""
    order = sorted(values)
    first: dict[float, int] = {}
    for place, value in enumerate(order):
        first.setdefault(value, place)
    return [first[value] + (order.count(value) - 1) / 2 for value in values]


def _spearman(one: Sequence[float], other: Sequence[float]) -> float:
    ranks = [_ranks(one), _ranks(other)]
    mean = (len(one) - 1) / 2
    shared, own, others = (
        sum((a - mean) * (b - mean) for a, b in zip(ranks[i], ranks[j], strict=True))
        for i, j in ((0, 1), (0, 0), (1, 1))
    )
    return float(shared / (own * others) ** 0.5) if own and others else 0.0
