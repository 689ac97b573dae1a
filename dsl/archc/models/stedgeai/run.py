"""Several files of one network read together: reports, logs and infos become one report."""

from collections.abc import Sequence

from archc.diagnostics.codes import STEDGEAI_LAYOUT
from archc.diagnostics.model import Rejected, reject
from archc.models.stedgeai.board import Board
from archc.models.stedgeai.info import Info, as_report, read_info
from archc.models.stedgeai.report import Report, read_reports
from archc.source import Source

_ORDER = ("generate", "analyze", "validate")
"""Whose word counts where two say the same: what made the code for the device goes first."""


def read(sources: Sequence[Source]) -> tuple[Report, Info | None]:
    """Everything that some files say of one network.

    Args:
        sources: texts of reports, of console logs, of infos, in any order.

    Returns:
        The report, and the first of the infos, if there is one.

    Raises:
        Rejected: one cannot be read, or they are of different networks.
    """
    reports: list[Report] = []
    infos: list[Info] = []
    for source in sources:
        if source.text.lstrip()[:1] in ("{", "["):
            infos.append(read_info(source))
            reports.append(as_report(infos[-1]))
        else:
            reports += read_reports(source)
    return merged(reports), infos[0] if infos else None


def merged(reports: Sequence[Report]) -> Report:
    """Several reports of one network as one.

    Raises:
        Rejected: they are of different networks.
    """
    ranked = sorted(reports, key=lambda one: (_ORDER.index(one.command), not one.rows))
    first = ranked[0]
    notes: dict[str, None] = dict.fromkeys(note for report in reports for note in report.notes)
    for report in ranked[1:]:
        apart = _apart(first, report)
        if apart is not None:
            raise _different(first, report, apart)
        notes.update(dict.fromkeys(_differences(first, report)))
        first = _joined(first, report)
    return first._replace(notes=tuple(notes))


def _apart(first: Report, other: Report) -> str | None:
    """What tells the networks of two reports apart: the strongest of what both of them say."""
    for what in ("hash", "file", "name"):
        ours, theirs = getattr(first.model, what), getattr(other.model, what)
        if ours and theirs:
            return None if ours == theirs else what
    return None


def _different(first: Report, other: Report, what: str) -> Rejected:
    ours, theirs = (f"`{getattr(report.model, what)[:60]}`" for report in (first, other))
    files = [f"`{report.source}`" for report in (first, other)]
    where = f"{files[0]} holds" if files[0] == files[1] else f"{files[0]} and {files[1]} hold"
    return reject(
        STEDGEAI_LAYOUT,
        f"{where} figures of two networks: {ours} and {theirs}",
        help="give the files of one network at a time",
    )


def _differences(first: Report, other: Report) -> list[str]:
    """Where two reports of one network say different things of one compile."""
    notes = []
    where = f"`{other.source}`" if other.source != first.source else f"its `{other.command}`"
    if not first.version.startswith(other.version) and not other.version.startswith(first.version):
        notes.append(f"{where} is of version {other.version}, the rest of {first.version}")
    for name, ours, theirs in (
        ("epochs in hardware", first.hardware, other.hardware),
        ("B of activations", _bytes(first, "activations"), _bytes(other, "activations")),
    ):
        if ours is not None and theirs is not None and abs(ours - theirs) > _slack(first, other):
            notes.append(f"{where} has {theirs:,} {name}, not {ours:,}: another compile")
    return notes


def _bytes(report: Report, name: str) -> int | None:
    size = getattr(report, name)
    return None if size is None else int(size.bytes)


def _slack(*reports: Report) -> int:
    return max(report.activations.within if report.activations else 0 for report in reports)


def _joined(first: Report, other: Report) -> Report:
    """The first report, completed by another one."""
    commands = dict.fromkeys([*first.command.split(", "), other.command])
    model = first.model._replace(
        **{
            name: getattr(first.model, name) or getattr(other.model, name)
            for name in first.model._fields
        }
    )
    named = other.inputs if other.rows and not first.rows else first.inputs or other.inputs
    return first._replace(
        version=max(first.version, other.version, key=len),
        command=", ".join(commands),
        npu=first.npu or other.npu,
        model=model,
        inputs=named,
        outputs=other.outputs if named is other.inputs else first.outputs or other.outputs,
        profile=first.profile or other.profile,
        compiler=first.compiler or other.compiler,
        rows=first.rows or other.rows,
        macc=first.macc if first.rows else other.macc,
        counted=tuple(dict.fromkeys((*first.counted, *other.counted))),
        weights=first.weights if first.weights.model is not None else other.weights,
        read_only=first.read_only or other.read_only,
        activations=first.activations or other.activations,
        pools=first.pools or other.pools,
        epochs=first.epochs if first.epochs is not None else other.epochs,
        hardware=first.hardware if first.epochs is not None else other.hardware,
        boards=_measured(first.boards, other.boards),
        metrics=first.metrics or other.metrics,
    )


def _measured(first: tuple[Board, ...], other: tuple[Board, ...]) -> tuple[Board, ...]:
    """Measurements, each once: an info and a report tell of one with more and fewer digits."""
    found = list(first)
    for board in other:
        for place, one in enumerate(found):
            if abs(one.ms - board.ms) <= 0.0006:
                exact, named = (one, board) if one.samples is None else (board, one)
                found[place] = named._replace(ms=exact.ms if exact.samples is None else named.ms)
                break
        else:
            found.append(board)
    return tuple(found)
