"""Networks written from their papers alone, against the numbers of parameters printed there."""

from pathlib import Path
from typing import Any

import pytest

import archc

PAPERS = Path(__file__).parent / "papers"

PUBLISHED: list[tuple[str, dict[str, Any], int]] = [
    ("eegnet", {}, 2_258),
    ("eegnet", {"filters": 4}, 1_066),
    ("deepconvnet", {}, 174_127),
    ("squeezenet_1_0", {}, 1_248_424),
    ("xception", {}, 22_855_952),
]
"""Trainable parameters; where in which paper is said in each spec."""
KERNELS: list[tuple[str, dict[str, Any], int]] = [
    ("srcnn_ex", {}, 57_184),
    ("srcnn_ex", {"last": "enlarging"}, 58_976),
    ("fsrcnn", {"first": 9, "details": 64}, 17_088),
    ("fsrcnn", {}, 12_464),
]
"""The four networks of the table that leads to FSRCNN, which counts neither biases nor slopes."""


def manifest(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    compiled: dict[str, Any] = archc.compile_file(PAPERS / f"{name}.arch", **parameters).manifest
    return compiled


def test_every_spec_is_compared() -> None:
    assert {path.stem for path in PAPERS.iterdir()} == {name for name, *_ in PUBLISHED + KERNELS}


@pytest.mark.parametrize(("name", "parameters", "count"), PUBLISHED)
def test_trainable_parameters(name: str, parameters: dict[str, Any], count: int) -> None:
    assert manifest(name, parameters)["totals"]["trainable_params"] == count


@pytest.mark.parametrize(("name", "parameters", "count"), KERNELS)
def test_kernels(name: str, parameters: dict[str, Any], count: int) -> None:
    rows = manifest(name, parameters)["layers"]
    filters = [row for row in rows if row["class_name"] in ("Conv2D", "Conv2DTranspose")]
    assert sum(row["params"] - row["output_shape"][-1] for row in filters) == count
