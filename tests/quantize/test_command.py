"""`archc quantize` as a user meets it: files, exit codes, what is said, what is kept."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.cli.verbs import quantize as command

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

SPEC = """
arch tiny {
    target stm32n6
    input image: 8 x 8 x 8
    stage s(channels = 8) { conv relu6 }
    head { global_average_pool dense(4) }
}
"""


class Bench:
    """A folder with a model, its manifest and data."""

    def __init__(self, folder: Path) -> None:
        import numpy as np

        import archc
        from support.keras_models import randomise
        from support.variance import images

        self.folder = folder
        compiled = archc.compile_text(SPEC)
        model = compiled.build_model()
        randomise(model)
        model.save(folder / "tiny.keras")
        (folder / "tiny.manifest.json").write_text(json.dumps(compiled.manifest))
        np.savez(folder / "data.npz", images=images((8, 8, 8), 130))
        np.savez(folder / "bad.npz", images=np.zeros((130, 8, 8, 8)))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(bench.folder)
    return bench.folder


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_whole_way(there: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    line = ["quantize", "tiny.keras", "--data", "data.npz", "-o", "out/tiny_int8.tflite"]
    assert main([*line, "--manifest", "tiny.manifest.json", "--io", "float32"]) == 0
    said = capfd.readouterr()
    assert all(len(row) <= 80 for row in said.out.splitlines() if "stedgeai" not in row)
    assert "verified: it is the network `tiny` of tiny.manifest.json" in said.out
    assert "calibrated on 104 samples, compared with the float model on 26 others" in said.out
    assert (
        "\n  stedgeai generate --model out/tiny_int8.tflite --target stm32n6 --st-neural-art "
        "default\n" in said.out
    )
    assert "--valinput out/tiny_int8_vectors.npz\n" in said.out
    for noise in ("tensorflow", "tmp", "W0000", "cuda"):
        assert noise not in (said.out + said.err).lower()
    assert files(there / "out") == {"tiny_int8.tflite", "tiny_int8_vectors.npz"}
    assert (there / "out/tiny_int8.tflite").read_bytes()[4:8] == b"TFL3"
    with np.load(there / "out/tiny_int8_vectors.npz") as vectors:
        assert vectors["m_inputs_1"].shape == (26, 8, 8, 8)
        assert vectors["m_outputs_1"].shape == (26, 4)
    # The threshold holds, and what is there stays as it is when it does not.
    before = (there / "out/tiny_int8.tflite").read_bytes()
    assert main([*line, "--threshold", "1", "--format", "json"]) == 1
    said = capfd.readouterr()
    assert said.err == ""
    document = json.loads(said.out)
    assert document["written"] == document["commands"] == []
    assert [d["code"] for d in document["diagnostics"]] == ["quantize_loss"]
    assert 0.95 < document["quantization"]["cosine"] < 1
    assert (there / "out/tiny_int8.tflite").read_bytes() == before


def test_errors_of_the_process_reach_the_user(
    there: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = files(there)
    assert main(["quantize", "tiny.keras", "--data", "bad.npz", "-o", "a.tflite"]) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert "error[quantize_data]: every value of `images` of `bad.npz` is 0" in said.err
    assert files(there) == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["m.keras"], "--data FILE.npz"),
        (["m.keras", "--data", "d.npz"], "`-o FILE.tflite` is missing"),
        (["m.keras", "--data", "d.npz", "-o", "a.bin"], "does not end in `.tflite`"),
        (["m.keras", "--data", "d.npz", "-o", "a.tflite", "--vectors", "v.txt"], "`.npz`"),
        (["m.keras", "--data", "d.npz", "-o", "a.tflite", "--holdout", "1"], "between 0 and 1"),
        (["m.keras", "--data", "d.npz", "-o", "a.tflite", "--threshold", "95"], "at most 1"),
        (["m.keras", "--data", "d.npz", "-o", "a.tflite", "--threshold", "nan"], "at most 1"),
        (["m.keras", "--data", "d.npz", "-o", "a.tflite", "--samples", "0"], "from 1"),
        (
            ["m.keras", "--data", "d.npz", "-o", "a.tflite", "--validation", "./d.npz"],
            "are those for calibration",
        ),
        (
            ["m.keras", "--data", "d.npz", "-o", "a.tflite", "--validation-array", "x"],
            "needs `--array`",
        ),
        (["m.keras", "--data", "d.npz", "-o", "a.tflite", "--vectors", "d.npz"], "is read"),
    ],
)
def test_usage(
    line: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["quantize", *line]) == 2
    assert said in capsys.readouterr().err


def test_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from importlib import util

    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert main(["quantize", "tiny.keras", "--data", "data.npz", "-o", "a.tflite"]) == 1
    assert "pip install 'archc-dsl[quantize]'" in capsys.readouterr().err


def test_foreign_files_are_not_overwritten(tmp_path: Path) -> None:
    model, vectors = tmp_path / "a.tflite", tmp_path / "b.npz"
    new = {str(model): b"\0\0\0\0TFL3 new", str(vectors): b"PK new"}
    assert command.save(new) is None
    model.write_bytes(b"\0\0\0\0TFL3 old")
    vectors.write_text("notes of mine")
    failure = command.save(new)
    assert failure is not None
    assert failure.code == "output_foreign"
    assert model.read_bytes() == b"\0\0\0\0TFL3 old"
    assert vectors.read_text() == "notes of mine"
    vectors.unlink()
    vectors.mkdir()
    assert command.save(new).code == "output_foreign"
    assert files(tmp_path) == {"a.tflite", "b.npz"}


def test_defaults_are_those_of_the_library() -> None:
    from archc.models.quantization import convert, core, samples
    from archc.models.stedgeai import tool

    assert (command.CALIBRATION, command.VALIDATION) == (samples.CALIBRATION, samples.VALIDATION)
    assert (command.HOLDOUT, command.THRESHOLD) == (samples.HOLDOUT, core.THRESHOLD)
    assert (command.IOS, command.DEFAULT_PROFILE) == (convert.IOS, tool.DEFAULT_PROFILE)


class Terminal:
    """A stream that says whether it is a terminal, and keeps what is written."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.text = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(command.time, "monotonic", lambda: clock[0])
    streams = {terminal: Terminal(terminal) for terminal in (True, False)}
    shown = [command.Progress(stream, True) for stream in streams.values()]
    quiet = Terminal(True)
    shown.append(command.Progress(quiet, False))
    for done in range(100):
        clock[0] += 0.3
        for progress in shown:
            progress("calibrating", done, 100)
    for progress in shown:
        progress.clear()
    assert streams[False].text == "calibrating 33 of 100\ncalibrating 67 of 100\n"
    assert streams[True].text.count("\r") == 102
    assert streams[True].text.endswith("\r" + " " * 21 + "\r")
    assert "\n" not in streams[True].text
    assert quiet.text == ""


def worker(script: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is raised when the process runs this instead."""
    from archc.diagnostics.model import Rejected
    from archc.models.quantization import remote

    monkeypatch.setattr(
        subprocess, "Popen", _Instead(subprocess.Popen, [sys.executable, "-c", script])
    )
    with pytest.raises(Rejected) as caught:
        remote.quantize({"model": "m"}, lambda *told: None)
    return caught.value.diagnostic


class _Instead:
    def __init__(self, popen: Any, line: list[str]) -> None:
        self.popen, self.line = popen, line

    def __call__(self, line: list[str], **options: Any) -> Any:
        assert line[1:] == ["-P", "-m", "archc.models.quantization.worker"]
        return self.popen(self.line, **options)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_converter_that_aborts(monkeypatch: pytest.MonkeyPatch) -> None:
    said = worker(
        "import os, sys; sys.stdin.read(); os.write(2, b'LLVM ERROR: it broke\\n'); os.abort()",
        monkeypatch,
    )
    assert said.code == "quantize_failed"
    assert said.message.endswith(f"was ended by signal {int(signal.SIGABRT)}")
    assert said.notes == ("it said: LLVM ERROR: it broke",)


def test_a_process_that_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "status 3" in worker("import sys; sys.exit(3)", monkeypatch).message


def test_a_converter_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    import archc
    from support.variance import images

    def convert(self: Any) -> bytes:
        raise RuntimeError("line one\nerror: operand #1 must be 4-D")

    monkeypatch.setattr(tf.lite.TFLiteConverter, "from_keras_model", lambda model: Broken(convert))
    model = archc.compile_text(SPEC).build_model()
    with pytest.raises(archc.ArchError) as caught:
        archc.quantize(model, images((8, 8, 8), 20))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "quantize_failed"
    assert "it said: error: operand #1 must be 4-D" in diagnostic.notes
    assert "the failure is TensorFlow's, not archc's" in diagnostic.notes


class Broken:
    """A converter that fails."""

    def __init__(self, convert: Any) -> None:
        from types import SimpleNamespace

        self.target_spec = SimpleNamespace()
        self.convert = lambda: convert(self)
