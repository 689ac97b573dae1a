"""The time of a file is that of the network it was made from."""

import pytest

import archc
from archc.analysis.latency import Estimate, deployed_net, estimate, prepare
from archc.diagnostics.model import Rejected
from archc.models.deployed.timing import timed_net
from archc.models.tflite import read
from archc.models.tflite.deployed import deployed, graph_of
from support import shipped
from support.npu import board, timing

pytestmark = [pytest.mark.keras, pytest.mark.oracles]


def timed(found: Estimate) -> list[tuple[str, int, str]]:
    return [(epoch.kind, epoch.nanoseconds, epoch.reason) for epoch in found.epochs]


@pytest.mark.parametrize("io", ["float32", "int8", "uint8"])
@pytest.mark.parametrize("name", ["dscnn_a05_ir_se", "squeezenet"])
def test_the_converter_s_file_takes_as_long(name: str, io: str) -> None:
    ours = estimate(prepare(deployed_net(shipped.deployed(name, io)), board()), timing())
    theirs = estimate(
        prepare(timed_net(deployed(name, shipped.tflite(name, io))), board()), timing()
    )
    assert timed(ours) == timed(theirs)
    assert ours.grade == theirs.grade
    assert (ours.layout.internal_bytes, ours.layout.flash_bytes) == (
        theirs.layout.internal_bytes,
        theirs.layout.flash_bytes,
    )


def test_a_file_with_several_subgraphs_is_refused() -> None:
    model = read("net", shipped.tflite("dscnn_a05"))
    with pytest.raises(Rejected, match="2 subgraphs"):
        timed_net(graph_of("net", model._replace(subgraphs=model.subgraphs * 2)))


def test_a_keras_model_takes_as_long() -> None:
    ours = shipped.compiled("dscnn_a05_ir_se").manifest["deployed"]["latency"]
    theirs = archc.profile_model(shipped.model("dscnn_a05_ir_se"))["deployed"]["latency"]
    assert [epoch["nanoseconds"] for epoch in ours["epochs"]] == [
        epoch["nanoseconds"] for epoch in theirs["epochs"]
    ]
    assert ours["grade"] == theirs["grade"]
