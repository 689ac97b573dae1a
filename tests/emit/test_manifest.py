"""Manifests: their contract, their text, and the figures in them."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import archc
import archc.emit.manifest
from archc.analysis.budgets import BUDGET_NAMES
from archc.emit.manifest import Judgement, parameter_text, render, source_digest, validate
from archc.emit.marker import SCHEMA_ID, SCHEMA_VERSION
from archc.source import Source

SPEC = """
block fire(channels, stride = 1) { skip { conv(channels, 3x3, stride) batchnorm relu6 } }
arch base(alpha = 1 in 0.1 .. 4, unit = fire, act = { relu6 # fused
    }) {
    require macs <= 1, params <= 1 M, peak_activation_bytes <= 10, weight_bytes <= 10,
            activation_bytes.int8 <= 1 G, arena_bytes <= 1 KiB, constant_bytes <= 1 MiB
    input image: 32 x 32 x 3
    stage s1(channels = 20 * alpha, stride = 2, repeat = 2) { unit se act }
    head { global_average_pool dropout dense(10) softmax }
}
arch net = base(alpha = 1/3, unit = ds)
"""

Compile = Callable[[str], Any]


class Finding(NamedTuple):
    code: str = "stm32n6/softmax"
    level: str = "warning"
    layer: str | None = "head_softmax"
    message: str = "runs on the CPU"
    remedy: str | None = None
    source: str = "ST report"
    confidence: str = "B"


@pytest.fixture
def document(compile_spec: Compile) -> dict[str, Any]:
    judgement = Judgement("stm32n6", "conditional", (Finding(),))
    made: dict[str, Any] = compile_spec(SPEC).manifest(judgement)
    return made


def test_it_satisfies_its_schema(document: dict[str, Any], compile_spec: Compile) -> None:
    validate(document)
    validate(json.loads(render(document)))
    validate(compile_spec(SPEC).manifest())


def test_keys_stand_in_the_order_of_the_contract(document: dict[str, Any]) -> None:
    assert list(document) == [
        *("$schema", "schema_version", "language_version", "model", "target"),
        *("inputs", "outputs", "roundings", "budgets", "layers", "skips", "deployed", "totals"),
    ]
    assert list(document["model"]) == ["name", "base", "parameters", "source", "source_digest"]
    assert list(document["layers"][0]) == [
        *("name", "class_name", "stage", "block", "repeat", "inputs", "output_shape"),
        *("params", "trainable_params", "macs", "activation_bytes", "supported"),
        *("source", "origin"),
    ]
    assert list(document["deployed"]) == [
        *("precision", "operators", "weight_bytes", "peak_activation_bytes", "peak_at", "peak"),
        *("sequence", "order", "constant_bytes", "arena_bytes", "arena", "tflite_micro"),
        *("timeline", "pools", "latency", "placement", "unknown", "shortcuts", "untrained"),
    ]
    assert list(document["totals"]) == [
        *("params", "trainable_params", "macs", "stedgeai_macc", "activation_bytes")
    ]


def test_what_it_says(document: dict[str, Any]) -> None:
    assert document["$schema"] == SCHEMA_ID
    model = document["model"]
    assert (model["name"], model["base"], model["source"]) == ("net", "base", "spec.arch")
    assert model["parameters"] == {"alpha": "1/3", "unit": "ds", "act": "{ relu6 }"}
    assert document["inputs"] == [{"name": "image", "shape": [32, 32, 3], "dtype": "float32"}]
    assert document["outputs"] == [{"name": "head_softmax", "shape": [10], "dtype": "float32"}]
    assert document["roundings"][0] == {
        "where": "s1",
        "requested": "20/3",
        "effective": 8,
        "divisor": 8,
        "line": 8,
    }
    assert [skip["taken"] for skip in document["skips"]] == [False, True]
    layers = {layer["name"]: layer for layer in document["layers"]}
    first = document["layers"][0]
    assert (first["name"], first["class_name"], first["inputs"]) == ("image", "InputLayer", [])
    dwconv = layers["s1_1_ds_dwconv"]
    assert (dwconv["stage"], dwconv["block"], dwconv["repeat"]) == ("s1", "ds", 1)
    assert dwconv["inputs"] == ["image"]
    assert dwconv["output_shape"] == [16, 16, 3]
    assert (dwconv["params"], dwconv["macs"]) == (27, 16 * 16 * 3 * 9)
    assert dwconv["activation_bytes"] == {"float32": 3072, "int8": 768}
    assert dwconv["source"] == {"file": "spec.arch", "line": 8, "column": 63}
    assert [via["name"] for via in dwconv["origin"]] == ["skip", "dwconv"]
    assert dwconv["origin"][0]["file"] == "std:ds.arch"
    batchnorm = layers["s1_1_ds_batchnorm"]
    assert (batchnorm["params"], batchnorm["trainable_params"]) == (12, 6)


def test_totals_are_sums_over_layers(document: dict[str, Any]) -> None:
    layers, totals = document["layers"], document["totals"]
    for key in ("params", "trainable_params", "macs"):
        assert totals[key] == sum(layer[key] for layer in layers)
    for precision in ("float32", "int8"):
        assert totals["activation_bytes"][precision] == sum(
            layer["activation_bytes"][precision] for layer in layers
        )


def test_the_macc_of_st_reproduces_a_published_report(compile_spec: Compile) -> None:
    """MobileNetV2 1.0 at 224: model macc 320,531,392 in ST's report (`docs/n6.md`)."""
    block = """
    block bottleneck(channels, stride = 1, expansion = 6) {
        skip {
            if expansion > 1 { conv(in.channels * expansion) batchnorm relu6 }
            if stride == 1 { dwconv(3x3) }
            else { same_pad(3x3, stride) dwconv(3x3, stride, padding = valid) }
            batchnorm relu6 conv(channels) batchnorm
        }
    }
    """
    widths = [(24, 2, 2), (32, 2, 3), (64, 2, 4), (96, 1, 3), (160, 2, 3), (320, 1, 1)]
    stages = "".join(
        f"stage s{c}(channels = {c}, stride = {s}, repeat = {r}) {{ bottleneck }}\n"
        if s > 1
        else f"stage s{c}(channels = {c}, repeat = {r}) {{ bottleneck }}\n"
        for c, s, r in widths
    )
    text = f"""{block} arch v2 {{
        input image: 224 x 224 x 3
        stage stem(channels = 32, stride = 2) {{ conv(kernel = 3x3) batchnorm relu6 }}
        stage s16(channels = 16) {{ bottleneck(expansion = 1) }}
        {stages}
        head {{ conv(1280) batchnorm relu6 global_average_pool dense(1000) softmax }}
    }}"""
    totals = compile_spec(text).manifest()["totals"]
    assert totals["params"] == 3_538_984
    assert totals["macs"] == 300_774_272
    assert totals["stedgeai_macc"] == 320_531_392


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all objects in plain data."""
    if isinstance(value, dict):
        yield path
        for key, item in value.items():
            yield from nodes(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value[:2]):
            yield from nodes(item, (*path, index))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def test_no_key_can_be_added_or_left_out(document: dict[str, Any]) -> None:
    kinds = {
        tuple(step for step in path if isinstance(step, str)): path for path in nodes(document)
    }
    for path in kinds.values():
        more = copy.deepcopy(document)
        at(more, path)["more-over"] = 1
        with pytest.raises(ValueError, match="more-over"):
            validate(more)
        if path and path[-1] in ("operators", "parameters"):
            continue  # maps, whose keys are the network's
        for key in at(document, path):
            less = copy.deepcopy(document)
            del at(less, path)[key]
            with pytest.raises(ValueError, match="required"):
                validate(less)


@pytest.mark.parametrize("value", [1.0, 1.5, -1, "1", True, None])
def test_counts_are_integers(document: dict[str, Any], value: object) -> None:
    for path in (("totals", "macs"), ("layers", 1, "params"), ("deployed", "weight_bytes")):
        wrong = copy.deepcopy(document)
        at(wrong, path[:-1])[path[-1]] = value
        with pytest.raises(ValueError, match=str(path[-1])):
            validate(wrong)


OPTIONAL = {"index", "layer"}
"""Of outputs with names, and of several; without them other manifests keep their bytes."""


def test_the_schema_is_closed_and_complete() -> None:
    folder = Path(archc.emit.manifest.__file__).parent / "schema"
    schema = json.loads((folder / f"manifest-{SCHEMA_VERSION}.json").read_text("utf-8"))
    assert schema["$id"] == SCHEMA_ID
    for path in nodes(schema):
        node = at(schema, path)
        if node.get("type") == "object":
            assert node["additionalProperties"] is False, path
            if "properties" in node:
                optional = OPTIONAL if tuple(path) == ("$defs", "tensor") else set()
                assert sorted(node["required"]) == sorted({*node["properties"]} - optional), path


def test_text_is_json_in_order_with_short_lines(document: dict[str, Any]) -> None:
    text = render(document)
    assert json.loads(text) == document
    assert list(json.loads(text)) == list(document)
    assert text.endswith("}\n")
    assert text == render(copy.deepcopy(document))
    assert '      "activation_bytes": {"float32": 3072, "int8": 768},\n' in text
    assert '    {"name": "image", "shape": [32, 32, 3], "dtype": "float32"}\n' in text
    deployed = document["deployed"]
    for row in (*deployed["sequence"], *deployed["arena"]["plan"], *deployed["timeline"]):
        assert f" {json.dumps(row)}" in text
    rows = sum(len(deployed[key]) for key in ("sequence", "timeline"))
    rows += len(deployed["arena"]["plan"])
    assert text.count("\n") < 22 * len(document["layers"]) + rows + 100


def test_the_plan_the_timeline_and_the_sequence_agree(document: dict[str, Any]) -> None:
    deployed = document["deployed"]
    sequence, plan = deployed["sequence"], deployed["arena"]["plan"]
    names = {layer["name"] for layer in document["layers"]}
    counts: dict[str, int] = {}
    for step in sequence:
        counts[step["operator"]] = counts.get(step["operator"], 0) + 1
        assert set(step["layers"]) <= names
    assert counts == deployed["operators"]
    assert {tensor["layer"] for tensor in plan} <= names
    assert plan[0]["layer"] == "image"
    assert plan[0]["kind"] == "border"
    alive: set[int] = set()
    for step, moment in enumerate(deployed["timeline"]):
        alive.update(moment["starts"])
        assert alive == {
            number
            for number, tensor in enumerate(plan)
            if tensor["first"] <= step <= tensor["last"]
        }
        own = [plan[number] for number in alive if plan[number]["kind"] == "activation"]
        assert moment["step"] == step
        assert moment["activation_bytes"] == sum(tensor["bytes"] for tensor in own)
        assert moment["arena_bytes"] == sum(-(-plan[n]["bytes"] // 16) * 16 for n in alive)
        if step == deployed["peak"]["step"]:
            assert [plan[number] for number in deployed["peak"]["alive"]] == sorted(
                own, key=lambda tensor: plan.index(tensor)
            )
            assert sequence[step]["layers"][0] == deployed["peak_at"]
            assert moment["activation_bytes"] == deployed["peak_activation_bytes"]
        alive -= set(moment["ends"])
    assert not alive
    assert len(deployed["timeline"]) == len(sequence)
    most = max(moment["arena_bytes"] for moment in deployed["timeline"])
    assert most == deployed["arena"]["lower_bound"] <= deployed["arena_bytes"]
    assert deployed["arena_bytes"] == max(t["offset"] + -(-t["bytes"] // 16) * 16 for t in plan)


def test_nothing_is_deployed_of_an_identity() -> None:
    compiled = archc.compile_text("arch a { input image: 8 x 8 x 4 head { dropout } }")
    validate(compiled.manifest)
    deployed = compiled.manifest["deployed"]
    assert (deployed["sequence"], deployed["timeline"]) == ([], [])
    assert deployed["peak"] == {"step": None, "alive": [0]}
    assert (deployed["peak_activation_bytes"], deployed["arena_bytes"]) == (256, 1024)


def test_what_is_not_known_is_listed() -> None:
    concat = "{ concat { } { conv(8) } }"
    compiled = archc.compile_text(
        f"arch a {{ input image: 8 x 8 x 8 head {{ conv(8) add {concat} {concat} }} }}"
    )
    (doubt,) = compiled.manifest["deployed"]["unknown"]
    assert "ranges" in doubt["reason"]
    assert doubt["layers"] == ["head_conv"]


def test_pools_of_the_board() -> None:
    text = "arch a {{ target {} input image: 96 x 96 x 8 head {{ conv(64) }} }}"
    compiled = archc.compile_text(text.format("stm32n6(board = audio, io = int8)"))
    validate(compiled.manifest)
    pools = compiled.manifest["deployed"]["pools"]
    assert [pool["name"] for pool in pools] == ["cpuRAM2", "npuRAM6", "octoFlash"]
    assert [pool["used"] for pool in pools] == [96 * 96 * 64, 2 * 96 * 96 * 8, 8 * 64 + 256]
    assert all(pool["headroom"] == pool["bytes"] - pool["used"] for pool in pools)
    assert "a simulation" in pools[0]["estimate"]
    assert (
        archc.compile_text(text.format("stm32n6").replace("target stm32n6", "")).manifest[
            "deployed"
        ]["pools"]
        == []
    )


def test_text_of_odd_strings() -> None:
    odd = {"a": "\udcff", "b": 'é "\n\x00→', "c": [], "d": {}, "e": ["x" * 60, "y" * 60]}
    assert json.loads(render(odd)) == odd
    render(odd).encode()
    assert "é" in render({"a": "é"})


def test_digest() -> None:
    a, b = Source("a.arch", "x\ny"), Source("b.arch", "z")
    digest = source_digest([a, b])
    assert digest == source_digest([b, a])
    assert digest == source_digest([Source("a.arch", "x\r\ny"), b])
    others = [
        [a],
        [a, Source("b.arch", "z ")],
        [Source("a.arch", "x\nyb"), Source(".arch", "z")],
        [a, Source("c.arch", "z")],
    ]
    assert len({digest, *map(source_digest, others)}) == 5


def test_parameter_texts(compile_spec: Compile) -> None:
    text = SPEC.replace("unit = ds", "unit = ir(expansion = 3/2)")
    parameters = compile_spec(text).manifest()["model"]["parameters"]
    assert parameters["unit"] == "ir(expansion = 1.5)"
    blocks = "[ds, [ir(expansion = 2), { relu6 }, 3x3]]"
    text = f"arch a(blocks = {blocks}) {{ input image: 2x2x3 head {{ flatten dense(2) }} }}\n"
    assert compile_spec(text).manifest()["model"]["parameters"] == {"blocks": blocks}
    with pytest.raises(TypeError):
        parameter_text(3)


def test_budgets(compile_spec: Compile) -> None:
    compiled = compile_spec(SPEC)
    document = compiled.manifest()
    macs = document["totals"]["macs"]
    assert document["budgets"][0] == {
        "name": "macs",
        "limit": 1,
        "actual": macs,
        "passed": False,
    }
    assert [budget["passed"] for budget in document["budgets"]] == [
        *(False, True, False, False, True, False, True)
    ]
    broken = {diagnostic.span.text: diagnostic for diagnostic in compiled.diagnostics}
    assert list(broken) == ["macs", "peak_activation_bytes", "weight_bytes", "arena_bytes"]
    assert "`image` 12,288, " in broken["arena_bytes"].notes[0]
    costs = sorted(((layer["macs"], layer["name"]) for layer in document["layers"]), reverse=True)
    assert f"the layers that cost most: `{costs[0][1]}` {costs[0][0]:,}" in broken["macs"].notes[0]
    assert f"at `{document['deployed']['peak_at']}`" in broken["peak_activation_bytes"].notes[0]
    assert all(diagnostic.code == "budget" for diagnostic in compiled.diagnostics)


def test_a_budget_on_nothing_known() -> None:
    with pytest.raises(archc.ArchError) as raised:
        archc.compile_text(SPEC.replace("macs <=", "mac <="))
    faults = {fault.code: fault for fault in raised.value.diagnostics}
    assert faults["unknown_name"].help == "did you mean `macs`?"


def test_every_integer_of_totals_and_deployed_can_be_required(document: dict[str, Any]) -> None:
    names: list[str] = []
    for section in (document["totals"], document["deployed"]):
        for key, value in section.items():
            if isinstance(value, int):
                names.append(key)
            elif key in ("activation_bytes", "tflite_micro"):
                inner = ((f"{key}.{name}", each) for name, each in value.items())
                names += [name for name, each in inner if isinstance(each, int)]
    assert [*names, "latency_ms"] == list(BUDGET_NAMES)


def test_weight_bytes_by_layer_add_up(compile_spec: Compile) -> None:
    figures = compile_spec(SPEC).profile
    costs = [row.figures["weight_bytes"] or 0 for row in figures.layers]
    assert sum(costs) == figures.deployed.weight_bytes


def test_the_type_at_the_border_is_the_device_s(compile_spec: Compile) -> None:
    document = compile_spec(SPEC).manifest(Judgement("t", "compatible", (), io="int8"))
    validate(document)
    assert document["inputs"][0]["dtype"] == document["outputs"][0]["dtype"] == "int8"
