"""An estimated time in words: its grade first, never a figure without its error."""

from archc.analysis.latency.model import Estimate


def milliseconds(microseconds: int) -> str:
    """`18.0 ms`: three digits, none of them more than the estimate has."""
    digits = 0 if microseconds >= 100_000 else 1 if microseconds >= 10_000 else 2
    return f"{microseconds / 1000:,.{digits}f} ms"


def stated(
    grade: str, why: tuple[str, ...], microseconds: int | None, least: int | None, most: int | None
) -> str:
    """What to print of a time, by its grade.

    Args:
        grade: `plain`, `wide`, `spilled`, `refuse` or `unknown`.
        why: the reasons for any grade but `plain`.
        microseconds: as the formulas have it; None where they do not hold.
        least: the lower end of the band.
        most: the upper end; None where there is none.
    """
    reason = f" ({'; '.join(why)})" if why else ""
    if microseconds is None or least is None:
        return f"not known{reason}"
    time = milliseconds(microseconds)
    if grade == "refuse" or most is None:
        return f"at least {milliseconds(least)}, no upper bound{reason}"
    if grade == "unknown":
        return f"not known closer than {milliseconds(least)} to {milliseconds(most)}{reason}"
    if grade == "spilled":
        return f"about {time}, within a factor {most / microseconds:.2g}{reason}"
    return f"{time} ±{100 * most / microseconds - 100:.0f} %{reason}"


def said(estimate: Estimate) -> str:
    """What to print of an estimate."""
    return _said(estimate, estimate.grade.why)


def bare(estimate: Estimate) -> str:
    """The same without the reasons for its grade."""
    return _said(estimate, ())


def _said(estimate: Estimate, why: tuple[str, ...]) -> str:
    return stated(estimate.grade.name, why, estimate.microseconds, estimate.least, estimate.most)


_REMEDIES = {
    "array": "make it narrower, or halve its map",
    "stream": "halve its map, or make it narrower",
    "flash": "give it fewer weights: fewer channels, or a depthwise and a 1x1 convolution",
    "overhead": "do with fewer layers",
    "broadcast": "leave the gate out, or gate a smaller map",
    "software": "find an operator for it that runs on the NPU",
    "spilled": "halve the map before it, so that less lies in external RAM",
}
_SOFTWARE = {
    "CONCATENATION": "join equal widths, multiples of 8, or add them",
    "STRIDED_SLICE": "cut channels in multiples of 8",
    "RESIZE_NEAREST_NEIGHBOR": "enlarge a narrower map",
    "SOFTMAX": "remove it if only the largest value matters",
    "QUANTIZE": "feed int8: `io = int8`",
    "DEQUANTIZE": "take int8 results: `io = int8`",
    "TRANSPOSE": "keep rows, columns and channels in their order",
}


def remedy(kind: str, reason: str, operator: str | None) -> str:
    """What makes an epoch shorter.

    Args:
        kind: of the epoch.
        reason: what its time goes to, one of `REASONS`.
        operator: the TFLite name of the first operator that it computes, if there is one.
    """
    if reason == "software":
        return _SOFTWARE.get(operator or "QUANTIZE", _REMEDIES[reason])
    if kind == "input":
        return "feed a smaller image"
    if kind.startswith("large ") and reason in ("array", "stream", "overhead"):
        return "use a 3x3 kernel there, or halve its map"
    return _REMEDIES[reason]
