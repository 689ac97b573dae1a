"""ST's own counting, against figures transcribed from real reports of ST Edge AI Core 2.2.0.

MobileNetV2: `mobilenetv2_224_stm32f4_analyze_report.txt`, from MichelePoli/stm32-ai-workflow, float
Keras; the model macc (before the tool's optimisation). Single layers: the `baseline_*` reports of
Magnus3327/stm32n6-edge-ai-benchmarks, int8 TFLite on 64x64x3.
"""

from fractions import Fraction

import pytest

from archc.ir.graph import Graph
from support import shipped
from support.nets import Net
from support.published import mobilenet_v2

MOBILENET_V2 = 320_531_392


def rows(graph: Graph) -> list[int]:
    return [n.op.stedgeai_macc(n.shape, *graph.input_shapes(n)) for n in graph.nodes[1:]]


def test_mobilenet_v2() -> None:
    graph = mobilenet_v2(Fraction(1), 224).graph()
    counted = rows(graph)
    assert sum(counted) == MOBILENET_V2
    # Conv1, bn_Conv1, Conv1_relu, expanded_conv_depthwise, _BN, _relu, _project, _project_BN
    assert counted[:8] == [
        *(10_838_016, 802_816, 401_408, 3_612_672, 802_816, 401_408, 6_422_528, 401_408),
    ]
    # out_relu, global_average_pooling2d, predictions_dense, predictions
    assert counted[-4:] == [62_720, 62_720, 1_281_000, 15_000]


def test_mobilenet_v2_in_its_manifest() -> None:
    """The shipped spec of that network."""
    totals = shipped.compiled("mobilenet_v2_a10").manifest["totals"]
    assert totals["stedgeai_macc"] == MOBILENET_V2


SINGLE = {
    "conv2d_16f_3x3": (("conv", {"channels": 16, "kernel": (3, 3)}), [1_769_488, 65_536, 65_536]),
    "conv2d_1x1": (("conv", {"channels": 32}), [393_248, 131_072, 131_072]),
    "conv2d_32f_5x5": (
        ("conv", {"channels": 32, "kernel": (5, 5)}),
        [9_830_432, 131_072, 131_072],
    ),
    "depthwise_3x3": (("dwconv", {"kernel": (3, 3)}), [110_595, 12_288, 12_288]),
}
TOTALS = {
    "conv2d_16f_3x3": 1_900_560,
    "conv2d_1x1": 655_392,
    "conv2d_32f_5x5": 10_092_576,
    "depthwise_3x3": 135_171,
}


@pytest.mark.parametrize("name", SINGLE)
def test_single_layers(name: str) -> None:
    (keyword, arguments), expected = SINGLE[name]
    net = Net(64, 64, 3)
    net(keyword, **arguments)
    net.chain("relu", "global_average_pool")
    assert rows(net.graph()) == expected
    assert sum(expected) == TOTALS[name]


def test_pool() -> None:
    net = Net(64, 64, 3)
    net("conv", channels=16, kernel=(3, 3))
    net("relu")
    net("max_pool", window=(2, 2))
    net("global_average_pool")
    assert rows(net.graph()) == [1_769_488, 65_536, 65_536, 16_384]
    assert sum(rows(net.graph())) == 1_916_944
