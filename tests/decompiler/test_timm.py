"""Block strings of timm: as many parameters as timm has, and what it takes in silence refused."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.models.decompiler import Model, decompile
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import Network, of_graph
from archc.models.decompiler.timm import of_strings, read_string, strings
from support.graph_configs import graph_of
from support.timm_counts import SLIPS, TABLE, built

NETWORKS: dict[str, dict[str, Any]] = json.loads(TABLE.read_text())["networks"]


def network(entry: dict[str, Any]) -> Network:
    return of_strings(
        entry["strings"],
        stem=entry["stem"],
        features=entry["features"],
        activation=entry["activation"],
        attention=entry.get("attention", "efficientnet"),
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_those_of_timm(name: str) -> None:
    entry = NETWORKS[name]
    made = network(entry)
    text = decompile(Model(made, None)).text
    graph = graph_of(text)
    assert graph is not None
    assert compare(made, of_graph(graph)).equal
    weights = (w for n in graph.nodes if n.inputs for w in n.op.weights(*graph.input_shapes(n)))
    assert sum(weight.size for weight in weights if weight.trainable) == entry["params"]


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="timm is not installed")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_is_timms(name: str) -> None:
    assert built(NETWORKS[name]) == NETWORKS[name]["params"]


HELP = {
    "ir_r1_k3_s1_e6_c16_see0.25": "write `se0.25`",
    "ir_r1_k3_s1_e6_c16_nrelu6": "write `nr6`",
    "ir_r1_k3_s1_e6_c16_nsilu": "write `nsw`",
    "ir_r1_k3_s1_e6_c16_K5": "write `k5`",
    "ir_r1_k3_s1_e6_c16_st2": "write `s2`",
    "ir_r1_k3_s1_e6_c16_exp3": "write `e3`",
    "ir_r1_k3_s1_e6_c16_noskp": "write `noskip`",
}


@pytest.mark.parametrize("slip", SLIPS)
def test_what_timm_takes_in_silence_is_refused(slip: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_string(slip)
    assert slip in caught.value.diagnostic.message
    assert caught.value.diagnostic.help
    assert caught.value.diagnostic.help.startswith(HELP.get(slip, ""))


@pytest.mark.parametrize(
    "string",
    ["", "ir", "xx_r1_k3_s1_c8", "ir_r1_k3_s1_e6", "ir_r0_k3_s1_e6_c8", "ir_r1_k3_s1_e6_c8_",
     "ir_r99999999_k3_s1_e6_c8", "ir_r1_k3_s1_e6_c8_n", "cn_r1_k3.5_s1_c8", "_" * 500,
     "ir_r1_k0_s1_e6_c8", "uir_r1_k0_s2_e6_c8", "mqa_r1_k3_h8_s1_d48_c80", "ir_r1.5_k3_s1_e6_c8",
     "ir_r1_k3_s1_e1e9_c8", "ir_r1_k3_s1_e6_c8_\n}"],
)  # fmt: skip
def test_odd_strings(string: str) -> None:
    with pytest.raises(Rejected):
        read_string(string)


def test_definitions_as_timm_prints_them() -> None:
    definition = "[['ds_r1_k3_s1_e1_c16_se0.25'], ['ir_r2_k3_s2_e6_c24', \"ir_r1_k5_s1_e3_c24\"]]"
    assert strings(definition) == [
        "ds_r1_k3_s1_e1_c16_se0.25",
        "ir_r2_k3_s2_e6_c24",
        "ir_r1_k5_s1_e3_c24",
    ]


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mobile = NETWORKS["mobilenetv2_100"]["strings"]
    assert main(["import", "--from", "timm", *mobile, "--activation", "relu6", "--name", "v2"]) == 0
    text = capsys.readouterr().out
    assert "arch v2(resolution = 224, num_classes = 1000) {" in text
    assert "stage stage3(channels = 32, stride = 2, repeat = 3) {" in text
    assert main(["import", "--from", "timm", "ir_r3_k5_s2_e3_c40_se0.25_nre"]) == 0
    text = capsys.readouterr().out
    assert "stage stage1(channels = 40, stride = 2, repeat = 3) { mbconv }" in text
    monkeypatch.chdir(tmp_path)
    strings = ["ir_r1_k3_s1_e6_c8", "ir_r1_k3_s2_e6_c16"]
    assert main(["import", "--from", "timm", *strings, "-o", "t.arch"]) == 0
    assert "run `archc check t.arch --target stm32n6`, or write" in capsys.readouterr().out
    assert main(["check", "t.arch"]) == 0
    assert "stm32n6" not in "".join(capsys.readouterr())
    assert main(["check", "t.arch", "--target", "stm32n6"]) == 1
    assert "error[stm32n6/" in capsys.readouterr().err
    assert main(["import", "--from", "timm", *["ir_r9999_k3_s1_e6_c8"] * 3]) == 1
    assert "operators" in capsys.readouterr().err
    assert main(["import", "--from", "timm", "ir_r1_k3_s1_e6_c8", "--stem", "-1"]) == 2
