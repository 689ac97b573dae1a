"""`archc advise`: edits that save time or memory, with the figures of a real compile."""

import json
from pathlib import Path

import pytest

import archc
from archc import advice
from archc.cli import main

SPEC = """arch net(alpha = 1) {
    target stm32n6
    input image: 64 x 64 x 3
    stage a(channels = 32 * alpha, stride = 2) { conv(kernel = 5x5) batchnorm relu6 }
    stage b(channels = 64 * alpha, repeat = 3) { conv(kernel = 3x3) batchnorm relu6 }
    head { global_average_pool dense(12) }
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    return path


def advised(spec: Path, capsys: pytest.CaptureFixture[str], *more: str) -> list[dict[str, object]]:
    assert main(["advise", str(spec), "--format", "json", "--top", "40", *more]) == 0
    trials: list[dict[str, object]] = json.loads(capsys.readouterr().out)["advice"]["trials"]
    return trials


def test_figures_are_those_of_the_edited_spec(
    spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = {trial["edit"]["label"]: trial for trial in advised(spec, capsys)}  # type: ignore[index]
    edits = {
        "stage `b`: repeat 3 to 2": SPEC.replace("repeat = 3", "repeat = 2"),
        "stage `a`: kernel 5x5 to 3x3": SPEC.replace("5x5", "3x3"),
        "stage `a`: channels x 3/4": SPEC.replace("32 * alpha", "(32 * alpha) * 3/4"),
        "int8 inputs and outputs": SPEC.replace("stm32n6", "stm32n6(io = int8)"),
        "`alpha` x 1/2": SPEC.replace("alpha = 1", "alpha = 1 * 1/2"),
        "input `image`: 64 x 64 to 48 x 48": SPEC.replace("64 x 64", "48 x 48"),
        "stage `b`: stride 2, which halves its map": SPEC.replace(
            "repeat = 3", "repeat = 3, stride = 2"
        ),
        "stage `b`: `conv 3x3` as depthwise and 1x1": SPEC.replace(
            "conv(kernel = 3x3)", "dwconv(3x3) conv"
        ),
    }
    for label, text in edits.items():
        if label not in trials:  # it saves nothing
            continue
        manifest = archc.compile_text(text).manifest
        after = trials[label]["after"]
        assert after == {
            "microseconds": manifest["deployed"]["latency"]["microseconds"],
            "peak": manifest["deployed"]["peak_activation_bytes"],
            "params": manifest["totals"]["params"],
            "macs": manifest["totals"]["macs"],
        }
    assert {
        "stage `b`: repeat 3 to 2",
        "`alpha` x 1/2",
        "stage `b`: `conv 3x3` as depthwise and 1x1",
        "stage `b`: stride 2, which halves its map",
    } <= set(trials)


def test_other_operators_are_tried(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = "gate { global_average_pool(keepdims = true) conv(in.channels) sigmoid }"
    body = f"conv(kernel = 3x3) batchnorm swish {gate}"
    text = SPEC.replace("conv(kernel = 3x3) batchnorm relu6", body)
    text = text.replace("target stm32n6", "target stm32n6(allow = [swish])")
    spec.write_text(text)
    labels = {trial["edit"]["label"] for trial in advised(spec, capsys)}  # type: ignore[index]
    assert {"stage `b`: without `gate`", "stage `b`: `swish` to relu6"} <= labels


def test_what_was_not_tried_is_said(
    spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["advise", str(spec), "--format", "json"]) == 0
    every = json.loads(capsys.readouterr().out)["advice"]
    assert every["untried"] == 0
    monkeypatch.setattr(advice, "STEPS", 100)  # five networks of 14 layers and their input
    assert main(["advise", str(spec), "--format", "json"]) == 0
    few = json.loads(capsys.readouterr().out)["advice"]
    assert few["tried"] == 100 // 15
    assert few["tried"] + few["untried"] == every["tried"]
    assert main(["advise", str(spec)]) == 0
    assert f"{few['untried']} were NOT tried: `--all` does" in " ".join(
        capsys.readouterr().out.split()
    )
    assert main(["advise", str(spec), "--all"]) == 0
    assert "NOT tried" not in capsys.readouterr().out


def test_no_edit_changes_the_answer(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(
        SPEC.replace("alpha = 1", "alpha = 1, classes = 12").replace("dense(12)", "dense(classes)")
    )
    labels = [trial["edit"]["label"] for trial in advised(spec, capsys)]  # type: ignore[index]
    assert labels
    assert not any("classes" in label for label in labels)


def test_outputs_are_tried_too(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = "output far { conv(8, 5x5) } }"
    spec.write_text(SPEC[: SPEC.index("    head")] + f"    {body}\n")
    labels = [trial["edit"]["label"] for trial in advised(spec, capsys)]  # type: ignore[index]
    assert "output `far`: kernel 5x5 to 3x3" in labels


def test_as_text(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", str(spec), "--top", "3"]) == 0
    shown = capsys.readouterr().out
    assert "single edits save something" in shown
    assert len([line for line in shown.splitlines() if " B (" in line]) == 3
    assert "more: `--top " in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_spec_is_left_as_it_is(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    advised(spec, capsys)
    assert spec.read_text() == SPEC
    assert [path.name for path in spec.parent.iterdir()] == ["net.arch"]


def test_what_cannot_be_advised_on(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(SPEC.replace("relu6", "relu7"))
    assert main(["advise", str(spec)]) == 1
    assert "relu7" in capsys.readouterr().err
    spec.write_text(SPEC + SPEC.replace("arch net", "arch other"))
    assert main(["advise", str(spec)]) == 2
    assert main(["advise", str(spec), "--top", "0"]) == 2
