"""A comparison as text."""

from typing import Any

from archc.compiler import milliseconds, peak_remark, stated
from archc.diagnostics.grid import grid
from archc.diagnostics.text import printable, several, shape_text, wrapped
from archc.models.stedgeai.aligned import Aligned, agreement
from archc.models.stedgeai.board import Board
from archc.models.stedgeai.compare import Comparison, Figure
from archc.models.stedgeai.trace import Traced, heads

WIDTH = 80
_SLOWEST = 3
"""How many nodes are named."""


def text(comparison: Comparison) -> str:
    """A comparison for people, in at most 80 columns where no name is longer."""
    lines = _head(comparison)
    lines += ["", f"{'':<18}{'ours':>14}{'stedgeai':>15}{'':>2}theirs - ours"]
    for figure in comparison.figures:
        lines += _figure(figure)
    report = comparison.report
    if comparison.prediction is not None and report.rows:
        lines.append(
            f"{len(comparison.layers)} of its {len(heads(report))} layers were found in the spec"
        )
    if any(f.ours is not None and f.name.startswith("activations") for f in comparison.figures):
        prediction = comparison.prediction
        lines += ["", *_wrapped(peak_remark(prediction and prediction.manifest))]
    lines += _pools(comparison)
    lines += _verdict(comparison)
    lines += _epochs(comparison)
    for board in report.boards:
        lines += ["", *_board(board)]
    lines += _error(comparison)
    for metric in report.metrics:
        said = [
            f"{name} {value:.6f}"
            for name, value in (
                ("cosine", metric.cosine),
                ("RMSE", metric.rmse),
                ("mean error", metric.mean_error),
            )
            if value is not None
        ]
        if metric.accuracy is not None:
            said.append(f"equal classes {metric.accuracy}")
        lines += ["", *_wrapped(f"results beside the reference: {', '.join(said)}")]
    if comparison.notes:
        lines.append("")
        for note in comparison.notes:
            lines += _wrapped(f"note: {note}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(comparison: Comparison) -> list[str]:
    report, prediction = comparison.report, comparison.prediction
    profile = f", NPU profile {report.profile or 'of the tool'}" if report.npu else ""
    lines = _wrapped(
        f"ST Edge AI Core {report.version}, {report.command}, {report.target}{profile}"
    )
    model = report.model
    what = ", ".join(part for part in (model.format, model.precision) if part)
    lines += _wrapped(f"model {model.file or model.name}" + (f" ({what})" if what else ""))
    if model.hash:
        lines += _wrapped(f"hash {model.hash}")
    for kind, tensors in (("input", report.inputs), ("output", report.outputs)):
        for tensor in tensors:
            shape = shape_text(tensor.shape)
            lines += _wrapped(f"{kind} {tensor.name}: {shape} {tensor.dtype or ''}")
    if prediction is not None:
        described = prediction.manifest["model"]
        lines += _wrapped(f"beside {described['name']} of {described['source']}")
    return lines


def _pools(comparison: Comparison) -> list[str]:
    pools = comparison.report.pools
    if not pools:
        return []
    lines = ["", f"{'pool':<18}{'activations':>14}{'weights':>15}{'of':>15}  used"]
    lines += [
        f"{pool.name:<18}{_amount(pool.activations):>14}{_amount(pool.weights):>15}"
        f"{pool.capacity:>15,}  {_percent(pool.used.bytes, pool.capacity)}"
        for pool in pools
        if pool.capacity
    ]
    if any(pool.used.within for pool in pools):
        lines.append("~ rounded by the tool")
    return lines


def _verdict(comparison: Comparison) -> list[str]:
    """What runs where, and what lies outside the chip, which epochs do not show."""
    lines = []
    if comparison.traced:
        lines += ["", "not in hardware alone:"]
        for traced in comparison.traced:
            lines += _traced(traced)
    elif comparison.report.epochs:
        but = ", but see below" if comparison.spilled else ""
        lines += ["", f"every epoch runs in hardware{but}"]
    if comparison.spilled:
        size = sum(pool.activations.bytes for pool in comparison.spilled)
        names = " and ".join(pool.name for pool in comparison.spilled)
        about = "about " if any(pool.activations.within for pool in comparison.spilled) else ""
        said = (
            f"spilled: {about}{size:,} B of activations are in external RAM ({names}). Neither the "
            "number of epochs nor the compiler's cycles show what that costs: Tiny YOLOv2 took "
            "58.7 ms with 343 KiB there, 30.7 ms without."
        )
        lines += ["", *_wrapped(said)]
    return lines


def _epochs(comparison: Comparison) -> list[str]:
    """Estimate, the compiler's cycles and the board's time, epoch by epoch."""
    rows = comparison.aligned
    if not rows:
        return []
    columns: list[tuple[str, list[str]]] = [
        ("estimate us", [_figured(row.microseconds, 1) for row in rows]),
        ("cycles", [_figured(row.cycles, 0) for row in rows]),
        ("board us", [_figured(row.measured, 1) for row in rows]),
    ]
    columns = [(name, said) for name, said in columns if set(said) != {"-"}]
    shapes = [row.shape for row in rows]
    taken = sum(2 + max(map(len, (name, *said))) for name, said in [("", shapes), *columns])
    names = [_called(row, max(WIDTH - taken, 12)) for row in rows]
    table = zip(names, shapes, *(said for _, said in columns), strict=True)
    cells = [("epoch by epoch", "", *(name for name, _ in columns)), *table]
    lines = ["", *grid(cells, "ll" + "r" * len(columns))]
    for column, whose in (("cycles", "the compiler's cycles"), ("measured", "the board's times")):
        found = agreement(rows, column)
        if found is not None:
            lines += _wrapped(
                f"estimate and {whose} over {found.rows} rows that have both: rank correlation "
                f"{found.correlation:.2f}, {found.same} of the {found.top} most expensive the same"
            )
    return lines


def _figured(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _called(row: Aligned, room: int) -> str:
    """An epoch by our layer; several together by the first and how many of each side there are."""
    if not row.layers:
        said = f"({row.kind}: {several(len(row.epochs), 'epoch')} of theirs alone)"
    elif len(row.layers) == 1 and len(row.epochs) <= 1:
        said = row.layers[0]
    else:
        said = f"{row.layers[0]} ({len(row.layers)} of ours, {len(row.epochs)} of theirs)"
    said = printable(said)
    return said if len(said) <= room else said[: room - 3] + "..."


def _error(comparison: Comparison) -> list[str]:
    """How wrong the estimate is for this network, where a board measured it."""
    report, prediction = comparison.report, comparison.prediction
    latency = prediction and prediction.manifest["deployed"]["latency"]
    if not latency or latency["microseconds"] is None or comparison.other:
        return []
    if not report.npu or not report.boards:
        return []
    ours, theirs = latency["microseconds"], 1000 * report.boards[0].ms
    if not theirs:
        return []
    apart = 100 * (ours - theirs) / theirs
    most = latency["most"]
    inside = latency["least"] <= theirs and (most is None or theirs <= most)
    said = stated(latency["grade"], (), ours, latency["least"], most)
    return [
        "",
        *_wrapped(
            f"error of the estimate for this network: {apart:+.1f} % ({milliseconds(ours)} where "
            f"the board took {report.boards[0].ms:.3f} ms), {'within' if inside else 'OUTSIDE'} "
            f"what is stated: {said}"
        ),
    ]


def _board(board: Board) -> list[str]:
    said = f"on the board: {board.ms:.3f} ms"
    if board.samples is not None and board.samples > 1:
        said += f" ({board.fastest:.3f} to {board.slowest:.3f} over {board.samples} samples)"
    nodes = board.nodes
    if nodes:
        noun = "epoch" if nodes[0].kind.startswith("epoch") else "node"
        said += f" in {several(len(nodes), noun)}"
    if len(nodes) > 1:
        slowest = sorted(nodes, key=lambda node: -node.ms)[:_SLOWEST]
        said += ", the slowest " + ", ".join(f"{node.name} {node.ms:.3f}" for node in slowest)
    software = sum(node.ms for node in nodes if "(SW)" in node.kind or "(HYBRID)" in node.kind)
    if software:
        said += f"; {software:.3f} ms in software"
    lines = _wrapped(said)
    if board.device:
        known = [f"{name.removesuffix('_freq')} {mhz} MHz" for name, mhz in board.clocks]
        lines += _wrapped(", ".join([board.device, *known]))
    return lines


def _figure(figure: Figure) -> list[str]:
    ours = "-" if figure.ours is None else f"{figure.ours:,}"
    theirs = "-" if figure.theirs is None else f"{'~' * bool(figure.within)}{figure.theirs:,}"
    said = ""
    if figure.ours is not None and figure.theirs is not None:
        apart = figure.theirs - figure.ours
        said = "equal" if abs(apart) <= figure.within else f"{apart:+,}"
        if abs(apart) > figure.within and figure.ours:
            said += f" ({apart / figure.ours:+.1%})"
    line = f"{figure.name:<18}{ours:>14}{theirs:>15}  "
    whole = f"{said}; {figure.remark}" if said and figure.remark else said or figure.remark
    if len(line) + len(whole) <= WIDTH:
        return [line + whole]
    if not said:
        return [line, *_under(figure.remark)]
    return [line + said, *_under(figure.remark)]


def _under(remark: str) -> list[str]:
    """A remark on a line of its own, at the right edge."""
    return [f"{remark:>{WIDTH}}"]


def _traced(traced: Traced) -> list[str]:
    epoch = traced.epoch
    lines = _wrapped(f"  epoch {epoch.id} ({epoch.kind}): {epoch.operation or 'not named'}")
    if traced.row is not None:
        row = traced.row
        lines += _wrapped(f"    their layer {row.id} {row.name} ({row.original}): {traced.why}")
    else:
        lines += _wrapped(f"    {traced.why}")
    if traced.layer is not None:
        lines += _wrapped(f"    our layer {traced.layer}, {traced.place}")
    return lines


def _amount(size: Any) -> str:
    return f"{'~' * bool(size.within)}{size.bytes:,}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _wrapped(text: str) -> list[str]:
    indent = text[: len(text) - len(text.lstrip(" "))]
    return wrapped(printable(text.strip()), WIDTH, indent, "  ", whole=False)
