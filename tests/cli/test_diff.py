"""`archc diff`: the figures are those of the manifests, and conditions fail where they are met."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import archc
from archc.cli import main
from archc.emit.difference import difference, parse_condition, quantities
from archc.emit.pairing import CELLS, paired
from support import shipped

NET = """arch net(width = 16) {
    input image: 8x8x8
    stage one(channels = width) { conv(kernel = 3x3) relu6 }
    head { global_average_pool dense(4) }
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.arch").write_text(NET)
    wide = NET.replace("16", "32").replace("head {", "head { conv(exact(7))")
    (tmp_path / "b.arch").write_text(wide)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main(["diff", *arguments, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def test_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "a.arch", "b.arch")
    assert found["parameters"] == {"width": {"before": "16", "after": "32"}}
    kinds = {layer["name"]: layer["kind"] for layer in found["layers"]}
    assert kinds == {
        "one_1_conv": "changed",
        "one_1_relu6": "changed",
        "head_conv": "added",
        "head_global_average_pool": "changed",
        "head_dense": "changed",
    }
    params = found["quantities"]["params"]
    before, after = 16 * 72 + 16 + 68, 32 * 72 + 32 + 33 * 7 + 32
    assert (params["before"], params["after"], params["delta"]) == (before, after, after - before)


@pytest.mark.parametrize(
    ("one", "other"),
    [("dscnn_a05", "dscnn_a05_se"), ("dscnn_a05_ir", "dscnn_a05"), ("squeezenet", "dscnn")],
)
def test_stages_add_up_to_the_totals(one: str, other: str) -> None:
    before, after = (shipped.compiled(name).manifest for name in (one, other))
    found = difference(before, after)
    totals = {change.name: change for change in found.quantities}
    for name in ("params", "macs"):
        deltas = [{one.name: one for one in s.figures}[name].delta for s in found.stages]
        assert (
            sum(deltas) == totals[name].delta == quantities(after)[name] - quantities(before)[name]
        )
    layers = sum(stage.layers.delta for stage in found.stages)
    kinds = [layer.kind for layer in found.layers]
    assert layers == kinds.count("added") - kinds.count("removed")
    assert not found.identical


def test_a_network_does_not_differ_from_itself(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "a.arch", "a.arch", "--fail-on", "params > +0 %")
    assert found["identical"]
    assert not found["layers"]
    assert main(["diff", "a.arch", "a.arch"]) == 0
    assert "the same network" in capsys.readouterr().out


def test_a_manifest_and_its_spec_are_one_network(folder: Path) -> None:
    archc.compile_file("b.arch").write("out")
    assert main(["diff", "out/net.manifest.json", "b.arch", "--fail-on", "params > +0 %"]) == 0


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("params > +100 %", True),
        ("params > +200 %", False),
        ("params >= +1 k", True),
        ("params > 100 k", False),
        ("macs < 1 M", True),
        ("weight_bytes > +1 KiB", True),
        ("params < -1 %", False),
    ],
)
def test_conditions(condition: str, met: bool, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "a.arch", "b.arch", "--fail-on", condition, code=int(met))
    assert found["failed"] == [condition] * met


def test_a_condition_as_it_is_read() -> None:
    found = parse_condition(" peak_activation_bytes > +2.5 % ")
    assert (found.comparison, found.value, found.mode) == (">", Fraction(5, 2), "share")
    assert parse_condition("weight_bytes<=-3KiB").value == -3072


@pytest.mark.parametrize(
    "line",
    [
        "diff a.arch",
        "diff a.arch b.arch --fail-on params",
        "diff a.arch b.arch --fail-on params>+5furlongs",
        "diff a.arch b.arch --fail-on prams>5",
        "diff a.arch b.arch --fail-on macs>5KiB",
    ],
)
def test_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    assert capsys.readouterr().err.startswith("archc: ")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"$schema": 3}', "[" * 100_000, "nul"])
def test_a_file_that_is_no_manifest(folder: Path, text: str) -> None:
    (folder / "bad.json").write_text(text)
    assert main(["diff", "bad.json", "a.arch"]) == 1


def git(*arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], check=True, capture_output=True)


def test_a_revision(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "nets").mkdir()
    (folder / "nets" / "base.arch").write_text(NET)
    (folder / "nets" / "c.arch").write_text('use "base.arch"\narch c = net(width = 24)\n')
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "one")
    (folder / "nets" / "base.arch").write_text(NET.replace("dense(4)", "dense(5)"))
    found = told(capsys, "HEAD:nets/c.arch", "nets/c.arch")
    assert found["quantities"]["params"]["delta"] == 25
    for bad in ("HEAD:nets/none.arch", "nowhere:nets/c.arch", "--output=x:nets/c.arch"):
        assert main(["diff", "--", bad, "nets/c.arch"]) in (1, 2)
    assert not (folder / "x").exists()


def test_markdown_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "a.arch", "b.arch", "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert any(line.startswith("| params | 1,236 | 2,599 |") for line in rows), rows


def test_specs_are_matched_by_name_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "c.arch").write_text(NET.replace("stage one", "stage uno"))
    found = told(capsys, "a.arch", "c.arch")
    assert [layer["kind"] for layer in found["layers"]].count("added") == 2
    assert [stage["name"] for stage in found["stages"]] == ["one", "uno", "head"]
    assert "paired" not in found


def row(name: str, kind: str, *shape: int, macs: int = 0) -> dict[str, Any]:
    return {"name": name, "class_name": kind, "output_shape": list(shape), "macs": macs}


def test_layers_of_other_names_are_paired() -> None:
    old = [row("a", "CONV", 4, 4, 8, macs=9), row("b", "DW", 4, 4, 8), row("c", "FC", 2)]
    new = [row("x", "CONV", 4, 4, 8, macs=9), row("y", "DW", 4, 4, 8), row("z", "FC", 2)]
    assert paired(old, new) == {"x": "a", "y": "b", "z": "c"}
    inserted = [new[0], row("n", "CONV", 4, 4, 8, macs=5), *new[1:]]
    assert paired(old, inserted) == {"x": "a", "y": "b", "z": "c"}
    assert paired(old, [*new[:1], *new[2:]]) == {"x": "a", "z": "c"}
    wider = [new[0], row("y", "DW", 4, 4, 16), new[2]]
    assert paired(old, wider) == {"x": "a", "y": "b", "z": "c"}
    assert paired(old, [new[0], row("y", "POOL", 2, 2, 8), new[2]]) == {"x": "a", "z": "c"}


def test_a_layer_of_the_same_name_is_paired_with_no_other() -> None:
    old = [row("a", "CONV", 4), row("b", "CONV", 4), row("c", "FC", 2)]
    new = [row("n", "CONV", 4), row("c", "FC", 3)]
    assert paired(old, new) == {"n": "a"}


def test_networks_too_large_to_align_are_paired_at_their_ends() -> None:
    side = 2 + int(CELLS**0.5)
    old = [row(f"a{i}", "CONV", i) for i in range(side)]
    new = [row(f"b{i}", "CONV", side + i % 7) for i in range(side + 1)]
    last = row("last", "FC", 1)
    assert paired([*old, last], [*new, {**last, "name": "z"}]) == {"z": "last"}
