"""Blocks and stages: texts an expert would have written, equal to the model, and no longer."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from archc.driver import elaborate
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.models.decompiler import Decompiled, decompile, of_config
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import of_graph
from archc.source import Source
from archc.syntax.layout import lay_out
from support import shipped
from support.configs import functional, image, layer, model, on
from support.graph_configs import config_of, graph_of
from support.profiles import share
from support.published_configs import densenet121, resnet18
from support.strategies import Spec, specs

SPECS = Path(__file__).parents[2] / "specs"


def imported(config: dict[str, Any], **options: Any) -> Decompiled:
    """The spec of a config, held to be laid out and equal to it."""
    read = of_config(config)
    made = decompile(read, **options)
    assert lay_out(Source("made.arch", made.text), DEFAULT_LIMITS) == made.text
    again = graph_of(made.text)
    assert again is not None
    comparison = compare(read.network, of_graph(again))
    assert comparison.equal
    assert set(made.layers) == {operation.layer for operation in read.network.operations}
    return made


def written(text: str) -> int:
    """Lines of a spec that say something of the network."""
    bare = re.sub(r'"""[\s\S]*?"""|#.*', "", text)
    bare = re.sub(r"\n\s*target \w+(\([^()]*\))?", "", bare)
    return sum(bool(line.strip()) for line in bare.splitlines())


def by_hand(name: str) -> int:
    """Lines of a shipped spec with the family that it uses."""
    text = (SPECS / f"{name}.arch").read_text()
    used = re.findall(r'use "(.*)"', text)
    return sum(map(written, [text, *((SPECS / path).read_text() for path in used)]))


@pytest.mark.parametrize("name", [*shipped.NAMES, *shipped.WIRED])
def test_every_shipped_spec(name: str) -> None:
    made = imported(config_of(shipped.graph(name)))
    assert written(made.text) <= by_hand(name)
    assert made.notes == ()


FAMILIES = {
    "shufflenet_v2": 26,
    "ssdlite_mobilenet_v2": 41,
    "tcn": 34,
    "tiny_yolo_v2": 10,
    "unet": 17,
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families(name: str) -> None:
    loader = Loader(str(SPECS / "families"))
    source = loader.load(str(SPECS / "families" / f"{name}.arch"))
    graph, _ = elaborate(loader, source, DEFAULT_LIMITS)
    assert graph is not None
    made = imported(config_of(graph))
    assert written(made.text) <= FAMILIES[name]


@given(specs())
@share(0.15)
def test_random_specs(spec: Spec) -> None:
    graph = graph_of(spec.text)
    if graph is None:
        return
    read = of_config(config_of(graph))
    again = graph_of(decompile(read).text)
    assert again is not None
    assert compare(read.network, of_graph(again)).equal
    assert len(again.names) == len(graph.names)


RESNET18 = '''"""Imported from `resnet18`."""
arch resnet18(resolution = 224, num_classes = 1000) {
    input image: resolution x resolution x 3
    stage stem(channels = 64, stride = 2) {
        zero_pad(before = 3) conv(kernel = 7x7, padding = valid) batchnorm relu zero_pad(before = 1)
        max_pool(3x3, stride = 2)
    }
    stage stage1(channels = 64, repeat = 2) { residual }
    stage stage2(channels = 128, stride = 2, repeat = 2) { residual }
    stage stage3(channels = 256, stride = 2, repeat = 2) { residual }
    stage stage4(channels = 512, stride = 2, repeat = 2) { residual }
    head { global_average_pool dense(num_classes) softmax }
}

block residual(channels, stride = 1) {
    skip(shortcut = { conv(channels, stride = stride) batchnorm }) {
        conv(channels, 3x3, stride) batchnorm relu conv(channels, 3x3) batchnorm
    }
    relu
}
'''
DENSENET121 = '''"""Imported from `densenet121`."""
arch densenet121(resolution = 224, num_classes = 1000) {
    input image: resolution x resolution x 3
    stage stem(channels = 64, stride = 2) {
        conv(kernel = 7x7) batchnorm relu max_pool(3x3, stride = 2, padding = same)
    }
    stage stage1(repeat = 6) { dense_layer }
    stage stage2 { transition }
    stage stage3(repeat = 12) { dense_layer }
    stage stage4 { transition }
    stage stage5(repeat = 24) { dense_layer }
    stage stage6 { transition }
    stage stage7(repeat = 16) { dense_layer }
    head { batchnorm relu global_average_pool dense(num_classes) softmax }
}

block transition { batchnorm relu conv(in.channels / 2, bias = false) average_pool(2x2) }

block dense_layer {
    concat {} { batchnorm relu conv(128) batchnorm relu conv(32, 3x3, bias = false) }
}
'''


def test_resnet18() -> None:
    assert imported(resnet18()).text == RESNET18


def test_densenet121() -> None:
    assert imported(densenet121()).text == DENSENET121


def test_a_detector() -> None:
    """The shipped one in half the lines: `ds` by its name, maps by the names of stages."""
    text = imported(config_of(shipped.graph("fpn_detector"))).text
    assert "stage stage2(channels = 64, stride = 2, repeat = 3) { ds }" in text
    assert "stage stage6(channels = 48) { merge(other = stage1) ds }" in text
    assert "output fine_scores { ds(48) conv(exact(6)) sigmoid }" in text


def conv(name: str, filters: int = 8, **config: Any) -> dict[str, Any]:
    return layer("Conv2D", name, filters=filters, kernel_size=[3, 3], padding="same", **config)


def test_dense_connections_go_by_name() -> None:
    """`[x, f(x), g(f(x))]`: branches that do not close."""
    layers = (
        image(8, 8, 8),
        on(conv("f"), "image"),
        on(conv("g"), "f"),
        on(layer("Concatenate", "all"), "image", "f", "g"),
        on(conv("last"), "all"),
    )
    text = imported(model(functional(*layers))).text
    assert "concat" in text


def test_a_result_inside_the_network() -> None:
    layers = (image(8, 8, 8), on(conv("f"), "image"), on(conv("g"), "f"), on(conv("h"), "g"))
    outputs = [["f", 0, 0], ["h", 0, 0]]
    made = imported(model(functional(*layers, outputs=outputs)))
    assert made.text.count("output ") == 2


def test_what_is_odd_is_exact() -> None:
    """A width that no rounding of the family makes is said to be meant."""
    layers = (image(8, 8, 8), on(conv("f", 13), "image"), on(conv("g", 16), "f"))
    assert "conv(exact(13), 3x3)" in imported(model(functional(*layers))).text


def test_numbers_that_floats_blur() -> None:
    layers = (
        image(8, 8, 8),
        on(layer("Rescaling", "scale", scale=1 / 255, offset=0.0), "image"),
        on(conv("f"), "scale"),
        on(layer("Dropout", "drop", rate=0.2 * 6 / 16), "f"),
    )
    text = imported(model(functional(*layers))).text
    assert "rescale(1 / 255)" in text
    assert "dropout(0.075)" in text


def test_braces_within_one_another_are_bounded() -> None:
    """Sums around sums, sixty deep: chains of their own that read maps by name."""
    layers = [image(8, 8, 8)]
    last = "image"
    for number in range(60):
        layers.append(on(conv(f"c{number}"), last))
        last = f"c{number}"
    for number in reversed(range(59)):
        layers.append(on(layer("Add", f"a{number}"), last, f"c{number}"))
        last = f"a{number}"
    made = decompile(of_config(model(functional(*layers))))
    assert graph_of(made.text) is not None


def test_a_ladder_of_branches_that_cross() -> None:
    layers = [image(8, 8, 8)]
    left = right = "image"
    for number in range(4):
        layers += [on(conv(f"l{number}"), left), on(conv(f"r{number}"), right)]
        layers += [
            on(layer("Add", f"x{number}"), f"l{number}", right),
            on(layer("Add", f"y{number}"), f"r{number}", left),
        ]
        left, right = f"x{number}", f"y{number}"
    layers.append(on(layer("Concatenate", "both"), left, right))
    assert imported(model(functional(*layers))).text.count("stage") > 4


def test_a_separable_convolution_is_two() -> None:
    separable = layer(
        "SeparableConv2D", "s", filters=16, kernel_size=[3, 3], strides=[2, 2], padding="same"
    )
    made = imported(model(functional(image(8, 8, 8), on(separable, "image"))))
    assert "dwconv(3x3, stride = 2, bias = false) conv(16)" in made.text
    assert made.layers["s"] == ("head_dwconv", "head_conv")
    assert made.notes == ("`SeparableConv2D` is a depthwise and a pointwise convolution here",)
