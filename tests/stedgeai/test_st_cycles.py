"""Where the estimate says that time goes, and where ST's compiler says that cycles go.

The compiler prices epochs in cycles of its own, which are not times; what is compared is the order
of convolutions, those of one shape of result together.
"""

import json
from collections import defaultdict

import pytest
from scipy.stats import spearmanr

from archc.analysis.latency.epochs import epochs
from support import npu
from support.st_reports import REAL, real

Shape = tuple[int, ...]

pytestmark = real


def compiled(name: str) -> dict[Shape, float]:
    """Cycles of convolutions by the shape of their result, extents of 1 left out, in order of
    size: reports have channels first or last."""
    document = json.loads((REAL / name).read_text())
    shapes = {buffer["id"]: buffer["shape"] for buffer in document["buffers"]}
    prices = {part["node_id"]: part["max_cycles"] for part in document["power_estimates"]}
    cycles: dict[Shape, float] = defaultdict(float)
    for node in document["graphs"][0]["nodes"]:
        if any("Conv" in part["description"] for part in node["subgraph_nodes"]):
            made = next((shapes[one] for one in node["outputs"] if one in shapes), None)
            if made is not None:
                cycles[key(made)] += prices.get(node["id"], 0)
    return dict(cycles)


def ours(network: str) -> dict[Shape, float]:
    net, found = npu.networks()[network], npu.estimated(network)
    times: dict[Shape, float] = defaultdict(float)
    for step, epoch in zip(epochs(net).steps, found.epochs, strict=True):
        if step.kind in ("conv", "pointwise", "depthwise"):
            times[key(net.tensors[net.operators[epoch.ops[0]].makes[0]])] += epoch.nanoseconds
    return dict(times)


def key(shape: "list[int] | Shape") -> Shape:
    return tuple(sorted(extent for extent in shape if extent != 1))


@pytest.mark.parametrize(
    ("report", "network", "correlation", "same", "shares"),
    [
        (
            "mobilenetv1_a025_224_core220_c_info.json",
            "mobilenetv1_0.25_food_101_224",
            0.96,
            5,
            (81, 81),
        ),
        (
            "yolov8n_pose_256_core210_c_info.json",
            "yolov8n_pose_per_channel_coco_person_256",
            0.89,
            4,
            (73, 71),
        ),
    ],
)
def test_the_order_of_convolutions(
    report: str, network: str, correlation: float, same: int, shares: tuple[int, int]
) -> None:
    """`shares` are those of the compiler's cycles that its own five most expensive groups hold, and
    the five of the estimate."""
    theirs, mine = compiled(report), ours(network)
    shared = sorted(set(theirs) & set(mine))
    assert sum(theirs[one] for one in shared) >= 0.94 * sum(theirs.values())
    ranks = spearmanr([theirs[one] for one in shared], [mine[one] for one in shared])
    assert ranks.statistic >= correlation
    costliest = [set(sorted(shared, key=lambda one: -by[one])[:5]) for by in (theirs, mine)]
    assert len(costliest[0] & costliest[1]) >= same
    whole = sum(theirs[one] for one in shared)
    held = (round(100 * sum(theirs[one] for one in top) / whole) for top in costliest)
    assert tuple(held) == shares


def test_what_the_compiler_says_of_the_cpu() -> None:
    """`docs/latency.md`: it prices the CPU at 5 % of YOLOv8n-pose."""
    document = json.loads((REAL / "yolov8n_pose_256_core210_c_info.json").read_text())
    prices = {part["node_id"]: part["max_cycles"] for part in document["power_estimates"]}
    software = [
        prices.get(node["id"], 0)
        for node in document["graphs"][0]["nodes"]
        if node["mapping"] in ("NODE_SW", "NODE_SW_HW")
    ]
    assert round(100 * sum(software) / sum(prices.values())) == 5
