"""What a target file says of time: the section `[latency]`."""

from collections.abc import Callable

from archc.analysis.latency import BANDS, FORMULAS, Band, Constant, Timing
from archc.diagnostics.nearest import did_you_mean
from archc.targets.model import Board, Reference
from archc.targets.toml import Table, plain

LEAST, MOST = 1e-6, 1e9
"""Between which a constant lies."""


def read_timing(table: Table, reference: Callable[[Table], Reference]) -> Timing:
    """The section as a record.

    Args:
        table: of the section.
        reference: takes the `source` of a table and gives what it names.

    Raises:
        Rejected: a key is missing, unknown or of the wrong kind.
    """
    name = table.text("formulas")
    if name not in FORMULAS:
        raise table.error(
            f"`{table.key('formulas')}` takes the name of a set of formulas, not `{plain(name)}`",
            did_you_mean(name, FORMULAS) or f"there is {', '.join(FORMULAS)}",
        )
    timing = Timing(
        name,
        table.text("version"),
        table.text("calibration"),
        _constants(table.table("constants"), FORMULAS[name].units, reference),
        _bands(table.table("bands")),
        table.texts("slow", ()),
    )
    table.done("formulas", "version", "calibration", "constants", "bands", "slow")
    return timing


def _constants(
    table: Table, units: dict[str, str], reference: Callable[[Table], Reference]
) -> dict[str, Constant]:
    constants = {}
    for name, unit in units.items():
        each = table.table(name)
        value = each.number("value", LEAST, MOST)
        if each.text("unit") != unit:
            raise each.error(f"`{each.key('unit')}` is `{unit}`: the formulas count so")
        constants[name] = Constant(value, unit, each.text("meaning"), str(reference(each)))
        each.done("value", "unit", "meaning", "source")
    table.done(*units)
    return constants


def _bands(table: Table) -> dict[str, Band]:
    bands = {}
    for name in BANDS:
        each = table.table(name)
        bands[name] = Band(
            each.number("least", LEAST, 1), each.number("most", 1, MOST), each.text("evidence")
        )
        each.done("least", "most", "evidence")
    table.done(*BANDS)
    return bands


def slow_pools(timing: Timing, boards: dict[str, Board], table: Table) -> None:
    """Refuse names in `slow` that no board has.

    Raises:
        Rejected: one is of no pool.
    """
    names = {pool.name for board in boards.values() for pool in board.pools}
    for name in timing.slow:
        if name not in names:
            raise table.error(
                f"`{table.key('slow')}` takes names of pools, not `{plain(name)}`",
                did_you_mean(name, names),
            )
