"""How far ST's compiler is from an estimated peak: every sentence that says so, against its data.

`data/zoo_memory.csv` has a row for each of the 80 networks that ST's model zoo lists with figures
of ST Edge AI Core 3.0.0 and whose operators are known: the largest kernel of its convolutions, the
peak of live int8 activations and a greedy plan of them as archc computes both, and what the
compiler needed, internal and external RAM together.
"""

import csv
import json
from math import prod
from pathlib import Path
from statistics import median

import pytest

from archc.analysis.arena import Block, place, rounded
from archc.targets.builtin import builtin
from support import npu


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


ROWS = rows(Path(__file__).parent / "data" / "zoo_memory.csv")
LISTS = Path(__file__).parents[3] / "shared" / "n6" / "latency"
SINGLE = 1_323_008 / 143_360
"""A single 7x7 layer, ST Edge AI Core 2.2.0: what its report says, and our peak."""


def ratios(column: str, wide: bool) -> list[float]:
    return sorted(
        1024 * float(row["compiler_kib"]) / int(row[column])
        for row in ROWS
        if (int(row["kernel"]) >= 7) == wide
    )


def test_the_sentences_hold_for_every_network() -> None:
    narrow, wide = ratios("peak_bytes", wide=False), ratios("peak_bytes", wide=True)
    said = builtin("stm32n6").estimates["peak"]
    assert f"{len(narrow)} networks" in said
    assert f"{narrow[0]:.2f} to {narrow[-1]:.2f} times as much" in said
    assert f"six with a 7x7 convolution {wide[0]:.2f} to {wide[-1]:.2f} times" in said
    assert len(wide) == 6
    assert f"{SINGLE:.1f} (2.2.0)" in said
    assert f"half of them at most {median(narrow):.2f} times" in said


def test_the_margin_says_how_often_a_plan_missed_a_spill() -> None:
    (rule,) = (rule for rule in builtin("stm32n6").rules if rule.name == "activation_margin")
    size = sum(builtin("stm32n6").boards[0].rooms)
    near, far = [], []
    for row in npu.chosen("cal", "cal spilled"):
        layout = npu.estimated(row.network).layout
        if not layout.external_bytes:
            free = 1 - layout.internal_bytes / size
            (near if 100 * free < rule.limits["percent"] else far).append(row.external_kib > 0)
    assert f"of {len(near)} such networks" in rule.message
    assert f"zoo {sum(near)} had some in external RAM" in rule.message
    assert f"of {len(far)} that leave more none" in rule.message
    assert not any(far)


@pytest.mark.skipif(not LISTS.is_dir(), reason="the layer lists are not here")
def test_the_data_are_what_the_layer_lists_give() -> None:
    listed = {row["id"]: row for row in rows(LISTS / "rows.csv")}
    assert set(listed) == {row["network"] for row in ROWS}
    for row in ROWS:
        source = listed[row["network"]]
        network = json.loads((LISTS / source["layers"]).read_text())
        assert (int(row["peak_bytes"]), int(row["plan_bytes"])) == memory(network), row
        needed = float(source["internal_ram_kib"]) + float(source["external_ram_kib"])
        assert float(row["compiler_kib"]) == pytest.approx(needed, abs=0.01)


def memory(network: dict[str, list[dict[str, object]]]) -> tuple[int, int]:
    """Peak and plan of a layer list; `swish` is LOGISTIC and MUL in the file."""
    sizes = [prod(shape) for shape in network["tensors"]]  # type: ignore[arg-type]
    first, last = {0: 0}, {0: 0}
    steps: list[tuple[list[int], int]] = []
    for op in network["ops"]:
        reads, result = op["ins"], op["out"]
        assert isinstance(reads, list)
        assert isinstance(result, int)
        if op["kind"] == "swish":
            sizes.append(sizes[result])
            steps.append((reads, len(sizes) - 1))
            reads = [*reads, len(sizes) - 1]
        steps.append((reads, result))
    for step, (reads, result) in enumerate(steps):
        first.setdefault(result, step)
        last.setdefault(result, step)
        for tensor in reads:
            first.setdefault(tensor, 0)
            last[tensor] = step
    read = {tensor for reads, _ in steps for tensor in reads}
    last.update((tensor, len(steps) - 1) for tensor in first if tensor not in read)
    blocks = [Block(sizes[t], first[t], last[t]) for t in sorted(first)]
    peak = max(
        sum(block.bytes for block in blocks if block.first <= step <= block.last)
        for step in range(len(steps))
    )
    ends = (at + rounded(b.bytes) for at, b in zip(place(blocks), blocks, strict=True))
    return peak, max(ends)
