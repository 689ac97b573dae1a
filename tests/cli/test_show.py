"""`archc show`: each stage as text and as data, whatever of it there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from archc.cli import main
from archc.cli.verbs.show import STAGES
from archc.diagnostics.text import columns
from archc.emit import stages
from support import shipped
from support.checking import compiled
from support.profiles import share
from support.strategies import Spec, specs

SPECS = Path(__file__).parents[2] / "specs"

NET = '''"""A net."""
arch net(width = 20, unit = block_a(kernel = 3 x 3)) {
    target stm32n6(allow = [softmax], io = int8)
    require macs <= 30 M
    rounding(divisor = 8, keep = 0.5)
    input image: 8 x 8 x (4 + 2 * 2)
    stage one(channels = width, repeat = 2) { unit if width > 8 and not false { relu6 } else { } }
    head { global_average_pool dense(4) softmax }
}
block block_a(channels, kernel) { skip { conv(channels, kernel) batchnorm { relu6 } } }
'''
NET = NET.replace(" { relu6 } }", " relu6 }", 1).replace("batchnorm { relu6 }", "batchnorm relu6")
NET = NET.replace("not false", "not width > 99")

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.arch").write_text(NET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def shown(capsys: Capture, *arguments: str, code: int = 0) -> str:
    assert main(["show", *arguments]) == code
    return capsys.readouterr().out


def told(capsys: Capture, *arguments: str, code: int = 0) -> Any:
    return json.loads(shown(capsys, *arguments, "--format", "json", code=code))


def test_the_syntax_tree(capsys: Capture) -> None:
    text = shown(capsys, "net.arch", "--stage", "ast")
    assert text.splitlines()[0] == "syntax tree of net.arch"
    for row in (
        "net.arch:2   Arch net  # A net.",
        "net.arch:2     Parameter width = 20",
        "net.arch:2     Parameter unit = block_a(kernel = (3 x 3))",
        "net.arch:3     Target stm32n6(allow = [softmax], io = int8)",
        "net.arch:4       Budget macs <= 30 M",
        "net.arch:6     Input image: (8 x 8 x (4 + (2 * 2)))",
        "net.arch:7     Stage one(channels = width, repeat = 2)",
        "net.arch:7       Call unit",
        "net.arch:10  Block block_a",
    ):
        assert row in text.splitlines(), text
    assert re.search(r"when \(\(width > 8\) and\s+\(not \(width > 99\)\)\)", text)


def test_the_model(capsys: Capture) -> None:
    text = shown(
        capsys, "net.arch", "--stage", "model", "--set", "width = 64 * 0.3", "--name", "small"
    )
    for row in ("arch small, from `net`", "width = 19.2", "unit = block_a(kernel = 3x3)",
                "input image: 8x8x8", "rounding divisor = 8, keep = 0.5",
                "target stm32n6(allow = [softmax], io = int8)",
                "require macs <= 30,000,000"):  # fmt: skip
        assert row in text
    assert re.search(r"^<set.*>:1 +width = 19.2$", text, re.MULTILINE)


def test_the_graph_is_the_default(capsys: Capture) -> None:
    text = shown(capsys, "net.arch")
    assert text == shown(capsys, "net.arch", "--stage", "graph")
    rows = [line.split(maxsplit=1) for line in text.splitlines()[1:]]
    assert ["net.arch:6", "%0 = input image : 8x8x8"] in rows
    assert ["net.arch:7", "stage one : 8x8x8 → 8x8x24"] in rows
    assert any(row[1].startswith("%1 = conv(%0, channels = 24, kernel = 3x3,") for row in rows)
    assert "skip in one_2_block_a taken" in text
    assert "rounded 20 to 24 (multiples of 8)" in text


def test_the_deployed_graph(capsys: Capture) -> None:
    text = shown(capsys, "net.arch", "--stage", "deployed")
    assert "QUANTIZE" not in text  # the border is int8
    assert "%0 = CONV_2D(input) + RELU6 : 8x8x24" in text
    assert "1,728 int8 weights; 24 int32 biases" in text
    words = " ".join(line.strip() for line in text.splitlines())
    stems = "from one_2_block_a_{conv, batchnorm, relu6}"
    assert f"5,184 int8 weights; 24 int32 biases; {stems}" in words
    assert "in exact order" in words


@pytest.mark.parametrize("name", shipped.NAMES)
@pytest.mark.parametrize("stage", STAGES)
def test_shipped_networks_fit_80_columns(name: str, stage: str, capsys: Capture) -> None:
    text = shown(capsys, str(SPECS / f"{name}.arch"), "--stage", stage)
    assert max(map(columns, text.splitlines())) <= 80
    for line in text.splitlines():
        assert line == line.rstrip()


def test_nothing_is_left_out() -> None:
    """Every operator, in order, with what it reads and makes, and the line of its statement."""
    for name in ("dscnn_a05_ir_se_attn", "efficientnet_b0", "squeezenet"):
        graph = shipped.graph(name)
        manifest = shipped.compiled(name).manifest
        found = {
            int(match[1]): (row.span, match[2], match[3], match[4])
            for row in stages.graph_rows(graph)
            if (match := re.fullmatch(r"%(\d+)(?: \w+)? = (\w+)\((.*)\) : ([\dx]+)", row.text))
        }
        assert list(found) == list(range(1, len(graph.nodes)))
        for index, layer in enumerate(manifest["layers"]):
            if not index:
                continue
            span, keyword, inside, shape = found[index]
            node = graph.nodes[index]
            assert keyword == node.op.keyword
            assert shape == "x".join(map(str, layer["output_shape"]))
            reads = [int(one) for one in re.findall(r"%(\d+)", inside)]
            assert [graph.nodes[one].name for one in reads] == layer["inputs"]
            assert (span.source.name, span.line) == (
                layer["source"]["file"],
                layer["source"]["line"],
            )


def test_the_deployed_rows_are_the_manifests() -> None:
    for name in ("dscnn_a05_se", "mobilenet_v3_small"):
        graph, deployed = shipped.graph(name), shipped.deployed(name)
        rows = [row.text for row in stages.deployed_rows(graph, deployed)]
        operators = [re.match(r"%\d+ = (\w+)\(", row) for row in rows]
        sequence = shipped.compiled(name).manifest["deployed"]["sequence"]
        assert [one[1] for one in operators if one] == [step["operator"] for step in sequence]
        data = stages.deployed_data(graph, deployed)
        assert [one["layers"] for one in data["operators"]] == [one["layers"] for one in sequence]


@pytest.mark.parametrize("stage", STAGES)
def test_data_names_places(stage: str, capsys: Capture) -> None:
    document = told(capsys, "net.arch", "--stage", stage)
    assert document["stage"] == stage
    assert document["reached"] == list(STAGES)
    assert document["diagnostics"] is not None
    assert document["shown"]

    def places(value: Any) -> list[Any]:
        if isinstance(value, dict):
            own = [value["at"]] if value.get("at") else []
            return own + [place for item in value.values() for place in places(item)]
        return (
            [place for item in value for place in places(item)] if isinstance(value, list) else []
        )

    found = places(document["shown"])
    assert len(found) > 5
    lines = NET.splitlines()
    for place in found:
        assert place["file"] == "net.arch"
        assert 1 <= place["line"] <= len(lines)
        assert 1 <= place["column"] <= len(lines[place["line"] - 1]) + 1


@pytest.mark.parametrize(
    ("change", "reached", "missing"),
    [
        (("stage one(", "stage one{"), [], "ast"),
        (("width = 20", "width = wdth"), ["ast", "model"], "graph"),
        (("8 x 8 x (4 + 2 * 2)", "1.5 x 8 x 8"), ["ast"], "model"),
        (("input image: 8 x 8 x (4 + 2 * 2)", ""), ["ast"], "model"),
        (("kernel) batch", "kernel, stride = 1.5) batch"), ["ast", "model"], "graph"),
        (("macs <= 30 M", "macs <= 3"), list(STAGES), None),
        (("[softmax]", "[]"), list(STAGES), None),
    ],
)
def test_of_a_spec_with_errors_what_there_is_is_shown(
    change: tuple[str, str], reached: list[str], missing: str | None, folder: Path, capsys: Capture
) -> None:
    text = NET.replace(*change)
    assert text != NET
    (folder / "bad.arch").write_text(text)
    document = told(capsys, "bad.arch", code=1)
    assert document["reached"] == reached
    assert any(one["level"] == "error" for one in document["diagnostics"])
    usual = [one for one in reached if one != "deployed"]
    assert document["stage"] == (usual[-1] if usual else None)
    assert main(["show", "bad.arch"]) == 1
    said = capsys.readouterr()
    assert "error[" in said.err
    assert bool(said.out) == bool(reached)
    if missing:
        assert main(["show", "bad.arch", "--stage", missing]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        if reached:
            assert f"`{missing}` was not reached; `--stage {reached[-1]}`" in said.err
        else:
            assert "no stage was reached" in said.err


def test_several_archs_and_files(folder: Path, capsys: Capture) -> None:
    (folder / "two.arch").write_text('use "net.arch"\narch a = net(width = 8)\narch b = net\n')
    assert [one["name"] for one in told(capsys, "two.arch")["shown"]] == ["a", "b"]
    trees = told(capsys, "two.arch", "net.arch", "--stage", "ast")["shown"]
    assert {tree["file"] for tree in trees} == {"two.arch", "net.arch"}
    assert "graph of a" in shown(capsys, "two.arch")


def test_plain_terminals_get_ascii() -> None:
    rows = stages.graph_rows(shipped.graph("dscnn_a05"))
    text = stages.lines("graph", rows, unicode=False)
    assert text.isascii()
    assert "->" in text
    assert "\x1b[1m" in stages.lines("graph", rows, color=True)


def test_long_places_keep_their_line() -> None:
    rows = stages.graph_rows(compiled(NET).networks[0].graph)
    assert rows[1].span is not None
    source = type(rows[1].span.source)("very/" * 30 + "\x1b[31mdeep.arch", NET)
    moved = [row._replace(span=row.span and row.span._replace(source=source)) for row in rows]
    text = stages.lines("graph", moved, width=60)
    assert max(map(columns, text.splitlines())) <= 60
    assert "deep.arch:7" in text
    assert "\x1b" not in text


@given(specs())
@share(0.1)
def test_generated_specs(spec: Spec) -> None:
    found = compiled(spec.text)
    for file in found.files:
        stages.lines("ast", stages.ast_rows(file))
        json.dumps(stages.ast_data(file))
    for model in found.models:
        stages.lines("model", stages.model_rows(model))
        json.dumps(stages.model_data(model))
    for one in found.networks:
        rows = stages.graph_rows(one.graph)
        assert sum(row.text.startswith("%") for row in rows) == len(one.graph.nodes)
        assert max(map(columns, stages.lines("graph", rows).splitlines())) <= 80
        json.dumps(stages.graph_data(one.graph))
