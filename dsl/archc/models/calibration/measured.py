"""Which measurement is of which network, and the constants that all of them tell."""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from archc.compiler import Memories, Net, Prepared, Target, Timing, estimate, memories, prepare
from archc.diagnostics.codes import CALIBRATE
from archc.diagnostics.model import reject
from archc.diagnostics.text import several
from archc.models.calibration.fit import Fitted, Sample, errors, fit
from archc.models.stedgeai.report import Report

LEAST = 5
"""Networks without which nothing is fitted."""
WITHIN = 3.0
"""No constant moves by more than this factor."""
PRIOR = 0.05
"""How strongly constants are kept near the target's: see `fit`."""
FITTED = ("epoch", "flash", "move", "software", "broadcast")
"""Constants that networks on chip tell; the last three only where a network has such epochs."""


class Measured(NamedTuple):
    """A network with what a board measured of it."""

    name: str
    net: Net
    report: Report
    ms: float


class Calibration(NamedTuple):
    """Constants fitted to a user's measurements."""

    base: Target
    samples: tuple[Measured, ...]
    before: dict[str, float]
    """By network: the estimate with the target's constants over the measurement, less 1."""
    fitted: Fitted
    used: tuple[str, ...]
    """The constants that were fitted."""
    kinds: dict[str, str]
    """By network: the band of the target's that its estimate has."""

    @property
    def bound(self) -> tuple[str, ...]:
        """The constants that would move on if they were let."""
        timing = self.base.timing
        assert timing is not None
        moved = ((n, abs(log(self.fitted.constants[n] / timing.values[n]))) for n in self.used)
        return tuple(name for name, factor in moved if factor > 0.99 * log(WITHIN))

    @property
    def versions(self) -> tuple[str, ...]:
        """Of ST's tool."""
        return tuple(dict.fromkeys(each.report.version for each in self.samples))

    @property
    def clocks(self) -> tuple[str, ...]:
        """As the reports give them."""
        boards = [each.report.boards[0] for each in self.samples]
        told = (
            ", ".join(f"{name} {mhz} MHz" for name, mhz in one.clocks) or one.device
            for one in boards
        )
        return tuple(dict.fromkeys(filter(None, told)))


def match(nets: Sequence[tuple[str, Net]], reports: Sequence[Report]) -> tuple[Measured, ...]:
    """Each report with the network whose file it names.

    Args:
        nets: networks by the stem of their file's name.
        reports: one for each network that was measured.

    Raises:
        Rejected: a report has no time of a board, names no file that is given, or two name one.
    """
    by_name = dict(nets)
    given = [stem for stem, _ in nets]
    for stem in by_name:
        if given.count(stem) > 1:
            raise reject(
                CALIBRATE,
                f"two files are called `{stem}`, the name by which reports are matched",
                help="give one of them, or validate it under a name of its own",
            )
    found: dict[str, Measured] = {}
    for report in reports:
        if not report.boards:
            raise reject(
                CALIBRATE,
                f"`{report.source}` has no time of a board",
                help="run `stedgeai validate --mode target` and give its report",
            )
        names = [text for text in (report.model.file, report.model.name) if text]
        name = next((stem for stem in map(stem_of, names) if stem in by_name), None)
        if name is None:
            raise reject(
                CALIBRATE,
                f"`{report.source}` is of `{names[0] if names else 'a network without a name'}`, "
                "whose file is not given",
                notes=[f"files given: {', '.join(f'`{one}`' for one in by_name) or 'none'}"],
                help="give the `.tflite` file that was validated as well",
            )
        if name in found:
            raise reject(
                CALIBRATE, f"two reports are of `{name}`", help="give one for each network"
            )
        found[name] = Measured(name, by_name[name], report, report.boards[0].ms)
    return tuple(found.values())


def stem_of(path: str) -> str:
    """The name of a file without its folder and ending, on any system."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[0] or name


def calibrate(samples: Sequence[Measured], target: Target) -> Calibration:
    """Constants for a user's board, from those of a target and its default board.

    Raises:
        Rejected: the target has no times, there are too few networks, or one is outside of what
            the formulas know.
        ImportError: SciPy is not installed.
    """
    timing = target.timing
    if timing is None:
        raise reject(
            CALIBRATE,
            f"the target `{target.name}` has no times to start from",
            help="give one whose file has a section `latency`",
        )
    if len(samples) < LEAST:
        raise reject(
            CALIBRATE,
            f"{several(len(samples), 'network')} {'is' if len(samples) == 1 else 'are'} too few to "
            f"fit {len(FITTED)} constants to: at least {LEAST} are needed",
            help="validate more networks on the board: small and large ones, with and without "
            "concatenations and gates",
        )
    places = memories(target.boards[0], timing.slow)
    usable = [_usable(each, timing, places) for each in samples]
    listed = [
        Sample(each.name, each.name, prepared, each.ms * 1e6)
        for each, (prepared, _) in zip(samples, usable, strict=True)
    ]
    kinds = {step.kind for prepared, _ in usable for step in prepared.network.steps}
    used = tuple(name for name in FITTED if name in ("epoch", "flash") or name in kinds)
    fitted = fit(listed, timing.formulas, timing.values, used, within=WITHIN, prior=PRIOR)
    before = errors(listed, timing.formulas, timing.values)
    bands = {each.name: band for each, (_, band) in zip(samples, usable, strict=True)}
    return Calibration(target, tuple(samples), before, fitted, used, bands)


def _usable(each: Measured, timing: Timing, places: Memories) -> tuple[Prepared, str]:
    """A network as the fit takes it, and which band its estimate has."""
    prepared = prepare(each.net, places)
    grade = estimate(prepared, timing).grade
    if grade.name in ("refuse", "spilled") or grade.band is None:
        raise reject(
            CALIBRATE,
            f"`{each.name}` cannot be fitted to: {'; '.join(grade.why)}",
            help="leave it out: constants are fitted to networks that lie on chip, of operators "
            "that the formulas know",
        )
    return prepared, grade.band
