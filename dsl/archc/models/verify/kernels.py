"""How the filters of a TFLite file are quantised, and what in it is not."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from archc.diagnostics.codes import VERIFY_PRECISION, VERIFY_VALUES, VERIFY_WEIGHTS
from archc.diagnostics.model import Code, Level
from archc.diagnostics.text import several
from archc.models.tflite import Operator, Tensor
from archc.models.verify.advice import CONVERT
from archc.models.verify.file import File
from archc.models.verify.model import Findings
from archc.models.verify.scheme import KERNELS

_LISTED = 8
_OPTION = "_experimental_disable_per_channel"
"""An attribute of `tf.lite.TFLiteConverter` (TensorFlow 2.21)."""


class Fault(NamedTuple):
    """What is wrong with one filter. Filters with the same fault are named together."""

    code: Code
    what: str
    """Completes "the filter of CONV_2D "."""
    expected: str
    found: str
    notes: tuple[str, ...] = ()
    help: str | None = None
    level: Level = "error"


def check_kernels(file: File, findings: Findings, layers: Mapping[int, str]) -> None:
    """Filters: int8, one scale per output channel, none sparse; each fault once for all of a kind.

    Args:
        file: an int8 file.
        findings: gets what is wrong.
        layers: the layer of the manifest by operator, as far as known.
    """
    faults: dict[tuple[str, str], list[tuple[int, Fault]]] = {}
    for index, op in enumerate(file.operators):
        filter_ = file.tensor(op, 1)
        if op.name in KERNELS and filter_ is not None:
            for fault in _faults(op, filter_):
                faults.setdefault((op.name, fault.what), []).append((index, fault))
    for (name, what), places in faults.items():
        index, fault = places[0]
        more = [number for number, _ in places[1:]]
        notes = list(fault.notes)
        if more:
            shown = ", ".join(map(str, more[:_LISTED])) + (", ..." if more[_LISTED:] else "")
            notes.insert(0, f"{len(more)} more like it: operators {shown}")
        filter_ = file.tensor(file.operators[index], 1)
        findings.add(
            fault.code,
            f"the filter of {name} {what}"
            if not more
            else f"the filters of {len(places)} {name} {_plural(what)}",
            level=fault.level,
            operator=index,
            tensor=filter_.name if filter_ is not None else None,
            layer=layers.get(index),
            expected=fault.expected,
            found=fault.found,
            notes=notes,
            help=fault.help,
        )


def _plural(what: str) -> str:
    verb, _, rest = what.partition(" ")
    return f"{ {'is': 'are', 'has': 'have'}[verb] } {rest}"


def _faults(op: Operator, filter_: Tensor) -> Iterator[Fault]:
    if filter_.dtype != "int8":
        if filter_.constant:
            what = f"is {filter_.dtype}, not int8"
            yield Fault(VERIFY_PRECISION, what, "int8", filter_.dtype, help=CONVERT)
        return
    if filter_.sparse:
        yield Fault(
            VERIFY_WEIGHTS,
            "is stored sparse",
            "all its values",
            "those that are not zero",
            ("no runtime on the device reads sparse tensors",),
            "convert without `EXPERIMENTAL_SPARSITY`; zeros may stay zeros",
        )
    axis = KERNELS[op.name]
    channels = filter_.shape[axis] if axis < len(filter_.shape) else 0
    given = filter_.quantization
    scales = len(given.scales) if given else 0
    if channels > 1 and scales != channels:
        yield _scales(op.name, channels, scales)
    elif given and scales > 1 and given.axis != axis:
        yield Fault(
            VERIFY_PRECISION,
            f"has its scales along axis {given.axis}",
            f"axis {axis}, the output channels",
            f"axis {given.axis}",
        )
    if given and any(given.zero_points):
        yield Fault(
            VERIFY_PRECISION,
            "is not quantised symmetrically",
            "zero points of 0",
            f"a zero point of {next(filter(None, given.zero_points))}",
            ("the int8 kernels of TFLite take weights without zero points",),
        )


def _scales(operator: str, channels: int, scales: int) -> Fault:
    """Another number of scales than one per output channel."""
    fault = Fault(
        VERIFY_PRECISION,
        "is quantised per tensor, not per channel" if scales == 1 else f"has {_several(scales)}",
        f"{channels} scales, one per output channel",
        _several(scales),
    )
    if operator == "FULLY_CONNECTED" and scales == 1:
        return fault._replace(
            level="note",
            notes=("older converters give a dense layer one scale for all its outputs",),
            help="a TensorFlow of today gives one per output, unless "
            f"`{_OPTION}_quantization_for_dense_layers` is set",
        )
    notes: tuple[str, ...] = ()
    if operator == "DEPTHWISE_CONV_2D":
        notes = ("one scale for all channels costs a depthwise layer most of its accuracy",)
    elif scales == 1:
        notes = ("one scale for all channels costs accuracy",)
    return fault._replace(
        notes=notes,
        help=f"leave per-channel quantisation on: do not set `{_OPTION}`"
        if scales == 1
        else CONVERT,
    )


def _several(scales: int) -> str:
    return several(scales, "scale")


def check_islands(file: File, findings: Findings, layers: Mapping[int, str]) -> None:
    """Runs of operators inside the border that compute in floating point."""
    runs: list[list[int]] = []
    for index, op in enumerate(file.operators):
        result = file.result(op)
        if result is None or file.border(index):
            continue
        if not result.dtype.startswith(("float", "bfloat")):
            continue
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    for run in runs:
        names = ", ".join(file.operators[index].shown for index in run[:_LISTED])
        result = file.result(file.operators[run[0]])
        about: dict[str, Any] = {"found": result.dtype} if result else {}
        findings.add(
            VERIFY_PRECISION,
            f"a float island: {names}{', ...' if run[_LISTED:] else ''} inside the int8 network",
            operator=run[0],
            tensor=file.called(run[0]),
            layer=next((layers[i] for i in run if i in layers), None),
            expected="int8",
            notes=("these operators run on the CPU, with a conversion before and after",),
            help="the converter has no int8 kernel for one of them: use another layer",
            **about,
        )


def dead_kernels(file: File) -> dict[int, tuple[int, int]]:
    """(output channels whose weights are all zero, output channels) of each operator with an int8
    filter, by the operator's index."""
    counts: dict[int, tuple[int, int]] = {}
    for index, op in enumerate(file.operators):
        axis, filter_ = KERNELS.get(op.name), file.tensor(op, 1)
        if axis is None or filter_ is None or filter_.dtype != "int8" or filter_.sparse:
            continue
        channels = filter_.shape[axis] if axis < len(filter_.shape) else 0
        values = file.model.values(filter_)
        each = len(values) // channels if channels else 0
        if not each:
            continue
        if axis:  # channels are the innermost axis
            kernels = (values[channel::channels] for channel in range(channels))
        else:
            kernels = (values[at : at + each] for at in range(0, channels * each, each))
        counts[index] = (sum(kernel.count(0) == each for kernel in kernels), channels)
    return counts


def check_dead_kernels(file: File, found: Findings) -> None:
    """A note where output channels have no weight left that is not zero."""
    counts = dead_kernels(file)
    dead = sum(count for count, _ in counts.values())
    if not dead:
        return
    at = max(counts, key=lambda index: counts[index][0])
    most, channels = counts[at]
    found.add(
        VERIFY_VALUES,
        f"{dead:,} of {sum(count for _, count in counts.values()):,} kernels are dead: all their "
        "weights are zero, so that the channel is the same everywhere",
        level="note",
        operator=at,
        tensor=file.called(at),
        notes=(
            f"most in this {file.operators[at].name}: {most:,} of {channels:,}",
            "they cost as much as others: a narrower layer would compute the same",
        ),
    )
