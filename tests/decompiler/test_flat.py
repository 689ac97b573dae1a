"""One statement for each layer: equal to the model whatever it is, or refused with the layer."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.models.decompiler import decompile, of_config
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import of_graph
from support import shipped
from support.configs import functional, image, layer, model, on
from support.graph_configs import config_of, graph_of, saved
from support.profiles import share
from support.strategies import Spec, specs


def conv(name: str, **config: Any) -> dict[str, Any]:
    return layer("Conv2D", name, **{"filters": 8, "kernel_size": [3, 3], **config})


@pytest.mark.parametrize("name", [*shipped.NAMES, *shipped.WIRED])
def test_every_shipped_spec(name: str) -> None:
    graph = shipped.graph(name)
    made = decompile(of_config(config_of(graph)), flat_only=True)
    assert made.in_order
    again = graph_of(made.text)
    assert again is not None
    assert compare(of_graph(graph), of_graph(again)).equal
    assert set(made.layers) == {node.name for node in graph.nodes}


@given(specs())
@share(0.15)
def test_random_specs(spec: Spec) -> None:
    graph = graph_of(spec.text)
    if graph is None:
        return
    read = of_config(config_of(graph))
    made = decompile(read, flat_only=True)
    again = graph_of(made.text)
    assert again is not None
    assert compare(read.network, of_graph(again)).equal
    assert made.in_order  # that of the config as it is read, which goes from the results back


def test_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layers = (
        image(32, 32, 3, name="input_layer_7"),
        on(conv("c", strides=[2, 2], padding="same", activation="relu"), "input_layer_7"),
        on(conv("d", filters=12, padding="same"), "c"),
        on(layer("Concatenate", "both"), "c", "d"),
        on(layer("GlobalAveragePooling2D", "pool"), "both"),
        on(layer("Dense", "scores", units=5, activation="sigmoid"), "pool"),
    )
    path = saved(tmp_path / "net.keras", model(functional(*layers, name="net")))
    assert main(["import", str(path), "--flat"]) == 0
    assert capsys.readouterr().out == (
        '"""Imported from `net`."""\n'
        "arch net {\n"
        "    rounding(divisor = 1)\n"
        "    input image: 32x32x3\n"
        "    head {\n"
        "        conv(8, 3x3, stride = 2)\n"
        "        relu as c\n"
        "        conv(12, 3x3)\n"
        "        concat { c } {}\n"
        "        global_average_pool\n"
        "        dense(5)\n"
        "        sigmoid\n"
        "    }\n"
        "}\n"
    )
    output = tmp_path / "specs" / "mine.arch"
    assert main(["import", str(path), "--flat", "-o", str(output)]) == 0
    assert main(["fmt", "--check", str(output)]) == 0
    names = json.loads((tmp_path / "specs" / "mine.layers.json").read_text())
    assert names["layers"]["c"] == ["head_conv", "head_relu"]
    assert names["arch"] == "mine"
    output.write_text("precious")
    assert main(["import", str(path), "-o", str(output)]) == 1
    assert output.read_text() == "precious"


def test_outputs_keep_their_names() -> None:
    layers = (
        image(8, 8, 3),
        on(conv("c"), "image"),
        on(conv("a"), "c"),
        on(conv("b"), "c"),
    )
    outputs = {"boxes": ["b", 0, 0], "scores": ["a", 0, 0]}
    config = model(functional(*layers, outputs=outputs))
    made = decompile(of_config(config), flat_only=True)
    graph = graph_of(made.text)
    assert graph is not None
    assert graph.names == ("boxes", "scores")
    assert [graph.nodes[end].op.keyword for end in graph.ends] == ["conv", "conv"]


REFUSED = {
    "Lambda": (on(layer("Lambda", "odd"), "image"),),
    "custom": (on(layer("Mine", "odd", module="mine.layers"), "image"),),
    "recurrent": (on(layer("LSTM", "odd", units=3), "image"),),
    "shared": (on(on(conv("odd", filters=3, padding="same"), "image"), "odd"),),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_said_is_refused_with_its_layer(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = REFUSED[kind]
    output = ["odd", 1, 0] if kind == "shared" else ["odd", 0, 0]
    config = model(functional(image(8, 8, 3), *layers, outputs=output))
    path = saved(tmp_path / "net.keras", config)
    assert main(["import", str(path), "-o", str(tmp_path / "net.arch")]) == 1
    assert "error[import]: the layer `odd`" in capsys.readouterr().err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["net.keras"]


def test_a_layer_is_left_out_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    layers = (image(8, 8, 3), on(layer("Normalization", "norm"), "image"), on(conv("c"), "norm"))
    config = model(functional(*layers))
    with pytest.raises(Rejected, match="norm"):
        of_config(config)
    made = decompile(of_config(config, without=["norm"]))
    assert made.notes == ("`norm` is left out, as asked",)
    assert "normal" not in made.text
    with pytest.raises(Rejected, match="changes the shape"):
        of_config(config, without=["c"])
    with pytest.raises(Rejected, match="no layer"):
        of_config(config, without=["d"])
    with pytest.raises(Rejected) as refused:
        of_config(config, without=["nrom"])
    assert refused.value.diagnostic.help == "did you mean `norm`?"
    with pytest.raises(Rejected) as refused:
        of_config(config, without=["something_else"])
    assert "its layers are " in (refused.value.diagnostic.help or "")


def test_an_open_shape_can_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = model(functional(image(None, None, 3), on(conv("c"), "image")))
    path = saved(tmp_path / "net.keras", config)
    assert main(["import", str(path)]) == 1
    assert "--shape" in capsys.readouterr().err
    assert main(["import", str(path), "--shape", "16x24x3"]) == 0
    assert "(height = 16, width = 24)" in capsys.readouterr().out
    assert main(["import", str(path), "--shape", "16x24x1"]) == 1


HOSTILE = (
    '"""\n} arch evil {',
    "block",
    "x",
    "self",
    "1 2 3",
    "é中",
    "conv",
    "a" * 150,
    "_",
    'use "/etc/passwd"',
    "# comment",
    "{}",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_bring_no_text_into_the_spec(name: str) -> None:
    """Names with line breaks are refused where the config is read; others become names."""
    layers = (
        image(8, 8, 3, name=name),
        on(conv("c", padding="same"), name),
        on(conv(name + "2", padding="same"), "c"),
        on(layer("Add", "sum"), "c", name + "2"),
        on(conv("last"), name + "2"),
    )
    outputs = {name: ["sum", 0, 0], name + "3": ["last", 0, 0]}
    config = model(functional(*layers, outputs=outputs, name=name))
    try:
        read = of_config(config)
    except Rejected:
        assert not name.isprintable()
        return
    made = decompile(read, flat_only=True)
    graph = graph_of(made.text)
    assert graph is not None
    assert graph_of(made.text.partition("\n")[2]) is not None
    assert "evil {" not in made.text
