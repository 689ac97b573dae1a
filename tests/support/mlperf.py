"""The networks of MLPerf Tiny: the shipped specs, and the published files where they are."""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import archc
from support import shipped

VARIABLE = "ARCHC_MODELS"
"""Environment variable with the folder of the published files."""
REAL = Path(os.environ.get(VARIABLE) or Path(__file__).parents[3] / "shared" / "models").resolve()
"""Real models are not ours to ship: beside the checkout, or where the variable says."""

real = pytest.mark.skipif(
    not REAL.is_dir(),
    reason=f"the published models are not here: they are looked for in `{VARIABLE}`, else in "
    "`../shared/models` beside the checkout",
)


class Network(NamedTuple):
    """A network, and what is published of it (mlcommons/tiny, `benchmark/training`)."""

    params: int
    macs: int
    tflite: str
    h5: str | None


NETWORKS = {
    "kws": Network(24_908, 2_656_768, "kws_ref_model.tflite", None),
    "vww": Network(221_794, 7_489_664, "vww_96_int8.tflite", "vww_96.h5"),
    "resnet": Network(78_666, 12_501_632, "pretrainedResnet_quant.tflite", "pretrainedResnet.h5"),
    "ad": Network(269_992, 264_192, "ad01_int8.tflite", "ad01.h5"),
}


def spec(name: str) -> Path:
    """The shipped spec of a network."""
    return shipped.SPECS / f"families/mlperf_{name}.arch"


@cache
def compiled(name: str) -> archc.Compiled:
    """The network of a spec."""
    return archc.compile_file(spec(name))


@cache
def file(name: str) -> bytes:
    """A published file."""
    return (REAL / name).read_bytes()
