"""A calibration as a target file, and as a table for people."""

from archc.diagnostics.grid import grid
from archc.models.calibration.measured import Calibration

SPARE = 1.5
"""A band is so many times the worst error of the networks that were fitted to, and at least
`NARROWEST`."""
NARROWEST = 0.1


def target_file(made: Calibration, name: str) -> str:
    """The text of a target file that extends the target with the fitted constants.

    Args:
        made: the calibration.
        name: of the new target.
    """
    networks = f"{len(made.samples)} networks of the user's own"
    mean, worst = (f"{100 * value:.1f} %" for value in (made.fitted.mean, made.fitted.worst))
    band = max(SPARE * made.fitted.worst, NARROWEST)
    version = "; ".join([f"ST Edge AI Core {', '.join(made.versions)}", *made.clocks])
    lines = [
        f"# Made by `archc calibrate` from {len(made.samples)} measurements.",
        f'extends = "{made.base.name}"',
        f'name = "{name}"',
        "",
        "[sources.calibration]",
        f"text = {_quoted(f'{networks}, {version}')}",
        'confidence = "B"',
        "",
        "[latency]",
        f"version = {_quoted(version)}",
        f"calibration = {_quoted(f'{networks}: {mean} wrong in the mean, {worst} at worst')}",
        "",
        "[latency.constants]",
        *(
            f'{each} = {{ value = {made.fitted.constants[each]:.4g}, source = "calibration" }}'
            for each in made.used
        ),
        "",
        "[latency.bands.plain]",
        f"least = {1 / (1 + band):.3g}",
        f"most = {1 + band:.3g}",
        f"evidence = {_quoted(f'half as much again as the worst of {networks}')}",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A text as TOML has it."""
    kept = "".join(each if each.isprintable() else "?" for each in text)[:900]
    escaped = kept.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def table(made: Calibration) -> str:
    """What was measured, and how wrong the estimate was and is."""
    rows = [("network", "measured", "before", "after")]
    rows += [
        (
            each.name,
            f"{each.ms:.2f} ms",
            f"{100 * made.before[each.name]:+.1f} %",
            f"{100 * made.fitted.errors[each.name]:+.1f} %",
        )
        for each in made.samples
    ]
    timing = made.base.timing
    assert timing is not None
    constants = [("constant", made.base.name, "fitted", "")]
    constants += [
        (
            name,
            f"{timing.constants[name].value:.4g}",
            f"{made.fitted.constants[name]:.4g}",
            timing.constants[name].unit,
        )
        for name in made.used
    ]
    mean, worst = 100 * made.fitted.mean, 100 * made.fitted.worst
    return "\n".join(
        [
            *grid(rows, "lrrr"),
            "",
            *grid(constants, "lrrl"),
            "",
            f"{mean:.1f} % wrong in the mean, {worst:.1f} % at worst, on the networks that were "
            "fitted to; of others more.",
            "",
        ]
    )
