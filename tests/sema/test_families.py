"""Networks that are not a chain, written from their papers, against the published counts."""

from pathlib import Path
from typing import Any

import pytest

import archc

FAMILIES = Path(__file__).parents[2] / "specs" / "families"

COUNTS = {
    # (params with statistics, trainable)
    "unet": (31_030_658, 31_030_658),
    "shufflenet_v2": (1_374_744, 1_366_792),
    "tiny_yolo_v2": (15_867_885, 15_861_773),
}
"""U-Net: 31.0 M (Ronneberger, Fischer and Brox 2015). ShuffleNetV2 0.5: 1,366,792, torchvision's
`shufflenet_v2_x0_5`. Tiny YOLOv2 for VOC: 15,867,885 numbers in Darknet's file of weights."""


def totals(name: str, **parameters: object) -> dict[str, Any]:
    found: dict[str, Any] = archc.compile_file(FAMILIES / f"{name}.arch", **parameters).manifest
    return found


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_those_that_are_published(name: str) -> None:
    found = totals(name)["totals"]
    assert (found["params"], found["trainable_params"]) == COUNTS[name]


def test_macs_of_shufflenet_are_those_of_its_paper() -> None:
    """41 M, table 8 of Ma, Zhang, Zheng and Sun 2018; pools and shuffles are counted there too."""
    assert totals("shufflenet_v2")["totals"]["macs"] == 40_476_448


def test_ssdlite_is_a_mobilenet_with_its_predictors() -> None:
    """The backbone is Keras' `MobileNetV2(include_top=False)`; with the 80 classes of COCO all of
    it has the 4.3 M of Sandler, Howard, Zhu, Zhmoginov and Chen 2018, table 6."""
    manifest = totals("ssdlite_mobilenet_v2")
    backbone = [
        row for row in manifest["layers"] if row["stage"] and not row["stage"].startswith("extra")
    ]
    assert sum(row["params"] for row in backbone) == 2_257_984
    scales = [(19, 576, 3), (10, 1280, 6), (5, 512, 6), (3, 256, 6), (2, 256, 6), (1, 128, 6)]
    outputs = {one["name"]: one["shape"] for one in manifest["outputs"]}
    for number, (side, width, boxes) in enumerate(scales, 1):
        for what, values in (("boxes", 4), ("classes", 91)):
            assert outputs[f"{what}{number}"] == [side, side, boxes * values]
            rows = [row for row in manifest["layers"] if row["name"].startswith(f"{what}{number}_")]
            predictor = 9 * width + 4 * width + (width + 1) * boxes * values
            assert sum(row["params"] for row in rows) == predictor
    assert sum(side * side * boxes for side, _, boxes in scales) == 1917
    coco = totals("ssdlite_mobilenet_v2", num_classes=80)["totals"]["trainable_params"]
    assert 4.25e6 < coco < 4.4e6


def test_a_temporal_network_looks_back_as_far_as_its_dilations_reach() -> None:
    """1 + 2 (kernel - 1) (2 ** depth - 1): Bai, Kolter and Koltun 2018, with two convolutions in a
    block; nothing of what is to come is seen."""
    manifest = totals("tcn", depth=3)
    pads = [
        row["output_shape"][1] for row in manifest["layers"] if row["class_name"] == "ZeroPadding2D"
    ]
    assert [pad - 128 for pad in pads] == [2, 2, 4, 4, 8, 8]
