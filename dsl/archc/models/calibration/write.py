"""A calibration as a target file, and as a table for people."""

from archc.compiler import BANDS
from archc.diagnostics.grid import grid
from archc.diagnostics.text import several, wrapped
from archc.models.calibration.measured import WITHIN, Calibration

SPARE = 1.5
"""A band is so many times the worst error of the networks that were fitted to, and at least
`NARROWEST`."""
NARROWEST = 0.1
POOR = 0.2
"""Mean error from which a fit is said to be poor."""


def target_file(made: Calibration, name: str, base: str | None = None) -> str:
    """The text of a target file that extends the target with the fitted constants.

    Args:
        made: the calibration.
        name: of the new target.
        base: the path of the target's file as the new one names it; None for one that comes with
            archc.
    """
    mean, worst = (f"{100 * value:.1f} %" for value in (made.fitted.mean, made.fitted.worst))
    version = "; ".join([f"ST Edge AI Core {', '.join(made.versions)}", *made.clocks])
    networks = _networks(len(made.samples))
    lines = [
        f"# Made by `archc calibrate` from {len(made.samples)} measurements.",
        f"extends = {_quoted(base or made.base.name)}",
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
    ]
    for band in BANDS:
        lines += ["", f"[latency.bands.{band}]", *_band(made, band)]
    return "\n".join(lines) + "\n"


def _networks(count: int) -> str:
    return f"{several(count, 'network')} of the user's own"


def _band(made: Calibration, band: str) -> list[str]:
    """How wrong estimates of one kind may be: by the networks of that kind that were measured, and
    where none was, as far as the target says, of which nothing is known on this board."""
    timing = made.base.timing
    assert timing is not None
    errors = [made.fitted.errors[name] for name, kind in made.kinds.items() if kind == band]
    if not errors:
        known = timing.bands[band].evidence
        said = f"none was measured on this board; of {made.base.name}: {known}"
        return [f"evidence = {_quoted(said)}"]
    # Too low by half is wrong by a factor of 2, as too high by all of it is.
    factor = max(max(1 + error, 1 / (1 + error)) for error in errors)
    wide = max(SPARE * (factor - 1), NARROWEST)
    said = f"half as much again as the worst of {_networks(len(errors))}"
    return [
        f"least = {1 / (1 + wide):.3g}",
        f"most = {1 + wide:.3g}",
        f"evidence = {_quoted(said)}",
    ]


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
            *wrapped(
                f"{mean:.1f} % wrong in the mean, {worst:.1f} % at worst, on the networks that "
                "were fitted to; of others more.",
                80,
            ),
            *(line for said in _doubts(made) for line in wrapped(f"note: {said}", 80, "", "  ")),
            "",
        ]
    )


def _doubts(made: Calibration) -> list[str]:
    """What the fit itself says against its constants."""
    said = [
        f"`{name}` is as far from {made.base.name}'s as a fit may go, a factor of {WITHIN:g}: "
        "something else is different too, such as clocks, memories or the runtime"
        for name in made.bound
    ]
    if made.fitted.mean > POOR:
        said.append(
            f"a fit that is more than {100 * POOR:.0f} % wrong in the mean explains little: times "
            "made with it are no better than their bands"
        )
    if set(made.kinds.values()) == {"short"}:
        said.append(
            "every network takes less than a millisecond, which tells little but the start of "
            "epochs: measure larger ones"
        )
    return said
