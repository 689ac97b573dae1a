"""Networks that ST published times of: their operators, and what was measured.

Layer lists are of public definitions, deployed as int8; times, memory and flash are those of ST's
model zoo, Core 3.0.0. `use` says which rows constants were fitted to (`cal`), which ones spill
(`cal spilled`), and which are shown only, since their row or label is suspect.
"""

import csv
import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from archc.analysis.latency import Estimate, Memories, Net, Op, Timing, estimate, prepare
from archc.models.calibration.fit import Sample
from archc.targets.builtin import builtin
from archc.targets.pools import memories

DATA = Path(__file__).parents[1] / "analysis" / "data"
FITTED = ("epoch", "flash", "move", "software", "broadcast", "silu")
"""Constants that were fitted to networks on chip; the others are set, or fitted to spilled ones."""


class Row(NamedTuple):
    """A published network."""

    network: str
    family: str
    use: str
    ms: float
    internal_kib: float
    external_kib: float
    flash_kib: float


def timing() -> Timing:
    known = builtin("stm32n6").timing
    assert known is not None
    return known


def board() -> Memories:
    return memories(builtin("stm32n6").boards[0], timing().slow)


@cache
def networks() -> dict[str, Net]:
    found = {}
    for line in (DATA / "npu_networks.jsonl").read_text().splitlines():
        entry = json.loads(line)
        ranks = [4] * len(entry["tensors"])
        for tensor, rank in entry["ranks"].items():
            ranks[int(tensor)] = rank
        operators = tuple(
            Op(name, tuple(reads), tuple(makes), *_rest(rest))
            for name, reads, makes, *rest in entry["operators"]
        )
        tensors = tuple(tuple(each) for each in entry["tensors"])
        found[entry["name"]] = Net(
            tensors,  # type: ignore[arg-type]
            tuple(ranks),
            (0,),
            operators,
            qdq=entry["qdq"],
        )
    return found


def _rest(rest: list[object]) -> list[object]:
    return [tuple(rest[0]), *rest[1:]] if rest else []  # type: ignore[arg-type]


@cache
def rows() -> tuple[Row, ...]:
    with (DATA / "npu_latency.csv").open() as file:
        return tuple(
            Row(
                each["network"],
                each["family"],
                each["use"],
                *(
                    float(each[key] or "nan")
                    for key in ("ms", "internal_kib", "external_kib", "flash_kib")
                ),
            )
            for each in csv.DictReader(file)
        )


def chosen(*uses: str) -> list[Row]:
    return [row for row in rows() if row.use in uses]


@cache
def estimated(network: str) -> Estimate:
    return estimate(prepare(networks()[network], board()), timing())


def error(row: Row) -> float:
    """Estimate over measurement, less 1."""
    time = sum(epoch.nanoseconds for epoch in estimated(row.network).epochs)
    return time / (row.ms * 1e6) - 1


def samples() -> list[Sample]:
    """The rows that constants are fitted to."""
    return [
        Sample(
            f"{number} {row.network}",
            row.family,
            prepare(networks()[row.network], board()),
            row.ms * 1e6,
        )
        for number, row in enumerate(chosen("cal"))
    ]


def by_family(listed: list[Row]) -> dict[str, list[Row]]:
    families: dict[str, list[Row]] = defaultdict(list)
    for row in listed:
        families[row.family].append(row)
    return dict(families)
