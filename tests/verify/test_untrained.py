"""Files of networks that were converted before training: the network of their manifest all the
same, which is said in one sentence."""

from functools import cache
from typing import Any

import pytest

import archc
from archc.models.verify import Verification, verify
from support import shipped
from support.keras_models import build
from support.tflite import convert, differences, read

pytestmark = pytest.mark.keras

NETWORKS = {
    "batchnorm between": ("conv(8, 3x3) relu6 batchnorm conv(8, 3x3)", "1 ADD more, 1 MUL more"),
    "batchnorm first": ("batchnorm relu6 conv(8) batchnorm", "1 ADD more"),
    "concat, batchnorm": ("concat { conv(8) } { conv(8, 3x3) } batchnorm conv(8)", "1 ADD more"),
    "transposed": ("conv_transpose(8, 3x3, stride = 2) relu6 conv(8)", "1 RELU6 less"),
    "equal scales": ("relu add { batchnorm } { batchnorm }", "2 ADD more, 1 MUL more"),
    "dense": (
        "global_average_pool dense(8) relu dense(10)",
        "216 bytes of weights, not 144",
    ),
}
"""The head behind an input of 16x16x8, and what is said that training changes."""


def text(head: str) -> str:
    return f"arch net {{ input image: 16 x 16 x 8 rounding(divisor = 1) head {{ {head} }} }}"


@cache
def compiled(head: str) -> archc.Compiled:
    return archc.compile_text(text(head))


@cache
def untrained(head: str) -> bytes:
    return convert(build(compiled(head)._network.graph, seed=None), samples=2)


def messages(found: Verification) -> list[str]:
    return [one.message for one in found.differences]


@pytest.mark.parametrize("name", NETWORKS)
def test_an_untrained_file_is_the_network_and_said_to_be_untrained(name: str) -> None:
    head, change = NETWORKS[name]
    found = verify(compiled(head).manifest, "model.tflite", untrained(head))
    assert not found.failed
    (told,) = messages(found)
    assert told.startswith("the file is of an untrained network: trained, it has ")
    assert change in told


@pytest.mark.parametrize("name", NETWORKS)
def test_the_manifest_describes_the_untrained_file(name: str) -> None:
    head, _ = NETWORKS[name]
    deployed = compiled(head).manifest["deployed"]
    said, file = deployed["untrained"], read(untrained(head), trained=False)
    sequence = deployed["sequence"] if said["sequence"] is None else said["sequence"]
    assert [(one["operator"], tuple(one["output_shape"])) for one in sequence] == [
        (op.operator, op.shape) for op in file.operators
    ]
    assert (said["weight_bytes"], said["constant_bytes"]) == (
        file.weight_bytes,
        file.constant_bytes,
    )
    counts = {
        name: count - said["vanish"].get(name, 0) + said["appear"].get(name, 0)
        for name, count in (dict.fromkeys(said["appear"], 0) | deployed["operators"]).items()
    }
    assert {name: count for name, count in counts.items() if count} == file.counts


@pytest.mark.parametrize("head", ["relu6 conv(8) relu6 conv(8)", "batchnorm relu conv(8)"])
def test_an_untrained_file_of_another_network_fails(head: str) -> None:
    for name in ("batchnorm between", "batchnorm first"):
        found = verify(compiled(NETWORKS[name][0]).manifest, "model.tflite", untrained(head))
        assert found.failed
        assert not any("untrained" in message for message in messages(found))


@pytest.mark.parametrize("name", ["dscnn_a05_ir_se", "mobilenet_v2_a035"])
def test_shipped_networks_convert_untrained_as_said(name: str) -> None:
    from archc.analysis.lowering import lower_both

    network = shipped.compiled(name)
    graph = network._network.graph
    io = network.manifest["inputs"][0]["dtype"]
    content = convert(build(graph, seed=None), io, samples=2)
    _, deployed = lower_both(graph, io)
    assert not differences(deployed, read(content, trained=False))
    found = verify(network.manifest, "model.tflite", content)
    assert not found.failed
    (told,) = messages(found)
    assert "untrained" in told


def test_quantize_takes_an_untrained_model(tmp_path: Any) -> None:
    import numpy as np

    head, _ = NETWORKS["batchnorm between"]
    model = build(compiled(head)._network.graph, batch=None, seed=None)
    data = np.random.default_rng(0).normal(size=(8, 16, 16, 8)).astype("float32")
    result = archc.quantize(model, data, manifest=compiled(head).manifest)
    assert result.verification is not None
    assert not result.verification.failed
    (told,) = messages(result.verification)
    assert told.startswith("the file is of an untrained network")
    path = tmp_path / "net.keras"
    model.save(path)
    assert not archc.verify_model(compiled(head).manifest, path).failed
