"""A comparison as text."""

from typing import Any

from archc.compiler import peak_remark
from archc.diagnostics.text import printable, several, shape_text, wrapped
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
    for board in report.boards:
        lines += ["", *_board(board)]
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
