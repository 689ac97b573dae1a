"""The errors of estimated times and memories: `python tests/support/npu_tables.py`.

Prints the tables of `docs/latency.md`, which `tests/analysis/test_latency.py` compares with it.
"""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "dsl")]

from archc.models.calibration.fit import errors, fit  # noqa: E402
from support import npu  # noqa: E402


def percent(values: list[float]) -> str:
    sizes = [100 * abs(value) for value in values]
    return f"{sum(sizes) / len(sizes):.1f} / {max(sizes):.1f}" if sizes else ""


@cache
def left_out() -> dict[str, list[float]]:
    """Errors by family, the constants fitted to all the others."""
    samples, constants = npu.samples(), npu.timing().values
    found = {}
    for family in dict.fromkeys(sample.family for sample in samples):
        others = [sample for sample in samples if sample.family != family]
        fitted = fit(others, "neural_art", constants, npu.FITTED, soft=0.05)
        own = [sample for sample in samples if sample.family == family]
        found[family] = list(errors(own, "neural_art", fitted.constants).values())
    return found


def times() -> Iterator[str]:
    """Rows of the table of families."""
    refitted = left_out()
    everything: list[float] = []
    for family, listed in npu.by_family(npu.chosen("cal")).items():
        wrong = [npu.error(row) for row in listed]
        everything += wrong
        grades = {npu.estimated(row.network).grade for row in listed}
        names = ", ".join(sorted({grade.band or grade.name for grade in grades}))
        figures = f"{len(listed)} | {percent(wrong)} | {percent(refitted[family])}"
        yield f"| {family} | {figures} | {names} |"
    refits = [value for family in refitted.values() for value in family]
    yield (
        f"| **all** | {len(everything)} | **{percent(everything)}** | **{percent(refits)}** |  |"
    )


def grades() -> Iterator[str]:
    """Rows of the table of grades."""
    for name in ("plain", "wide", "short"):
        wrong = [
            npu.error(row)
            for row in npu.chosen("cal")
            if npu.estimated(row.network).grade.band == name
        ]
        band = npu.timing().bands[name]
        inside = sum(band.least <= 1 / (1 + value) <= band.most for value in wrong)
        yield f"| {name} | {len(wrong)} | {percent(wrong)} | {inside} |"
    spilled = [npu.error(row) for row in npu.chosen("cal spilled")]
    inside = sum(0.5 <= 1 / (1 + value) <= 2 for value in spilled)
    yield f"| spilled | {len(spilled)} | {percent(spilled)} | {inside} |"


def memory() -> Iterator[str]:
    """Rows of the table of memory on chip and flash."""
    for family, listed in npu.by_family(npu.chosen("cal", "cal spilled")).items():
        internal, flash, exact = [], [], 0
        for row in listed:
            estimate = npu.estimated(row.network)
            internal.append(estimate.layout.internal_bytes / 1024 / row.internal_kib - 1)
            flash.append(estimate.layout.flash_bytes / 1024 / row.flash_kib - 1)
            exact += abs(estimate.layout.internal_bytes / 1024 - row.internal_kib) < 0.5
        yield f"| {family} | {len(listed)} | {exact} | {percent(internal)} | {percent(flash)} |"


def spills() -> Iterator[str]:
    """Rows of the table of external RAM: networks that have some, or are said to."""
    for row in npu.chosen("cal", "cal spilled"):
        estimated = npu.estimated(row.network).layout.external_bytes // 1024
        if estimated or row.external_kib:
            yield f"| {row.network} | {row.external_kib:,.0f} | {estimated:,} |"


def networks() -> Iterator[str]:
    """Rows of the table of networks: time, memory on chip and external RAM."""
    for row in npu.chosen("cal", "cal spilled"):
        layout = npu.estimated(row.network).layout
        inner, outer = layout.internal_bytes / 1024, layout.external_bytes // 1024
        ms = row.ms * (1 + npu.error(row))
        yield (
            f"| {row.network} | {row.ms:.2f} | {ms:.2f} | {100 * npu.error(row):+.1f} % "
            f"| {row.internal_kib:,.0f} | {inner:,.0f} "
            f"| {100 * (inner / row.internal_kib - 1):+.1f} % "
            f"| {row.external_kib:,.0f} | {outer:,} |"
        )


def confusion() -> dict[tuple[bool, bool], int]:
    """How many networks spill (published, estimated)."""
    counts = {(a, b): 0 for a in (True, False) for b in (True, False)}
    for row in npu.chosen("cal", "cal spilled"):
        counts[row.external_kib > 0, npu.estimated(row.network).layout.external_bytes > 0] += 1
    return counts


TABLES = {
    "times": times,
    "grades": grades,
    "memory": memory,
    "spills": spills,
    "networks": networks,
}
"""By the name of the marker in front of each in the page."""


def main() -> None:
    for name, made in TABLES.items():
        print(f"\n{name}")
        print("\n".join(made()))
    print("\nspilled, published and estimated:", confusion())


if __name__ == "__main__":
    main()
