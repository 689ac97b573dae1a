"""A quantisation for people, in at most 80 columns where no name is longer."""

from typing import Any

from archc.diagnostics.text import columns, printable, several
from archc.models.quantization.core import Quantization, figure
from archc.models.quantization.ranges import Range, shown
from archc.models.quantization.run import LayerError
from archc.plain import plain as as_plain

WIDTH = 80
ONE_SIDED = 0.8
"""Share of the mean absolute error from which the mean error says that values are shifted."""
ROWS = 8
"""Layers in the table."""


def text(result: Quantization, threshold: float, name: str) -> str:
    """What came of it.

    Args:
        result: of a run.
        threshold: what the cosine similarity is held to.
        name: of the file.
    """
    lines = [
        f"{printable(name)}: {len(result.tflite):,} B, border {result.io}",
        f"calibrated on {several(result.calibrated, 'sample')}, compared with the float model on "
        f"{several(result.validated, 'other')}",
        "",
        *(line for one in result.ranges for line in _range(one, len(result.ranges) > 1)),
        _line("cosine similarity", figure(result.cosine), f"at least {threshold:g} is required"),
        _line("of one sample", figure(result.lowest), f"the lowest, sample {result.lowest_sample}"),
    ]
    vectors = {name: vector for vector, name in result.vector_names.items() if "out" in vector}
    for name, error in zip(result.output_names, result.outputs, strict=True):
        if len(result.outputs) > 1:
            lines.append(f"  output `{_fit(name, 30)}`, `{vectors.get(name)}` in the vectors")
        lines.append(
            _line(
                "largest error",
                f"{error.worst:.4g}",
                f"of outputs from {error.low:.4g} to {error.high:.4g}",
            )
        )
        shift = error.mean / error.absolute if error.absolute else 0.0
        lines.append(
            _line(
                "mean error",
                f"{error.absolute:.4g}",
                f"of absolute values; {error.mean:+.4g} with sign"
                + (", most in one direction" if abs(shift) > ONE_SIDED else ""),
            )
        )
    if result.accuracy is not None:
        right = result.accuracy
        by = _fit(right.array, 20)
        lines += [
            _line("accuracy", _share(right.int8, right.of), f"in int8, by the labels `{by}`"),
            _line("", _share(right.float, right.of), f"in float, of {several(right.of, 'sample')}"),
        ]
    if result.agreement is not None:
        lines.append(
            _line(
                "same largest",
                _share(result.agreement, result.validated),
                f"output in {result.agreement:,} of {several(result.validated, 'sample')}",
            )
        )
    lines += ["", *_table(result.layers)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _range(data: Range, several: bool) -> list[str]:
    """The range of an input, and what the model makes of it."""
    name = f"data `{printable(data.input)}`" if several else "data"
    lines = [_line(name, data.dtype, f"from {shown(data.low, data.high)}, mean {data.mean:.4g}")]
    if data.scaled is not None:
        layer = _fit(data.lead.layer or "", 20)
        lines.append(_line("", "", f"`{layer}` makes that {shown(*data.scaled)}"))
    return lines


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _line(name: str, value: str, remark: str) -> str:
    return f"  {name:<18}{value:>10}  {remark}"


def _table(layers: tuple[LayerError, ...]) -> list[str]:
    """The layers whose results are furthest from the float ones, in the order of the network."""
    if not layers:
        return ["the converter named no operator after a layer, so there is no error by layer"]
    worst = sorted(range(len(layers)), key=lambda n: layers[n].error.cosine)[:ROWS]
    shown = [layers[number] for number in sorted(worst)]
    every = len(shown) == len(layers)
    lead = "error by layer" if every else f"the {len(shown)} layers furthest off"
    operator = max(len(row.operator) for row in shown)
    space = WIDTH - operator - 36
    names = [_fit(row.layer, space) for row in shown]
    width = max(len(lead), *map(columns, names))
    lines = [
        f"{lead:<{width}}  {'operator':<{operator}}  {'cosine':>7}  {'SQNR':>7}  {'largest':>7} "
        f"{'range':>7}"
    ]
    for row, name in zip(shown, names, strict=True):
        error = row.error
        sqnr = "-" if error.sqnr is None else f"{error.sqnr:.1f} dB"
        span = error.high - error.low
        lines.append(
            f"{name}{' ' * (width - columns(name))}  {row.operator:<{operator}}  "
            f"{figure(error.cosine):>7}  {sqnr:>7}  {error.worst:>7.2g} {span:>7.3g}"
        )
    lines.append("each with the errors of the layers before it")
    return lines


def _fit(name: str, space: int) -> str:
    name = printable(name)
    if len(name) <= space:
        return name
    end = space - space // 2 - 1
    return f"{name[: space // 2 - 1]}..{name[-end:]}"


def plain(result: Quantization, threshold: float) -> dict[str, Any]:
    """The same as plain data."""
    verification = result.verification
    return {
        "bytes": len(result.tflite),
        "io": result.io,
        "calibration_samples": result.calibrated,
        "validation_samples": result.validated,
        "threshold": threshold,
        "cosine": result.cosine,
        "worst": result.worst,
        "lowest_sample": {"sample": result.lowest_sample, "cosine": result.lowest},
        "same_largest_output": result.agreement,
        "accuracy": as_plain(result.accuracy),
        "data": [{**as_plain(one), "scaled": as_plain(one.scaled)} for one in result.ranges],
        "outputs": [
            {"name": name, **as_plain(error)}
            for name, error in zip(result.output_names, result.outputs, strict=True)
        ],
        "layers": [
            {"layer": row.layer, "operator": row.operator, **as_plain(row.error)}
            for row in result.layers
        ],
        "float_operators": list(result.floats),
        "vectors": {
            name: {"shape": list(shape), "dtype": dtype, "of": result.vector_names[name]}
            for name, (shape, dtype) in result.vectors.items()
        },
        "verification": None
        if verification is None
        else {
            "network": verification.network,
            "failed": verification.failed,
            "differences": as_plain(verification.differences),
        },
    }
