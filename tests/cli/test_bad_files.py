"""Files that are not what a command wants: what they are, and what to do, in every case."""

import json
from pathlib import Path

import pytest

from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.models.quantization.keras_file import read
from support.flat import sample

SPEC = "arch tiny { input image: 9 x 8 x 2 stage stem(channels = 4) { conv } }"
HDF5 = b"\x89HDF\r\n\x1a\n" + bytes(100)
ZIP = b"PK\x03\x04" + bytes(60)
REPORT = "ST Edge AI Core v2.2.0-20266 2adc00962\n"


def made(folder: Path, ending: str) -> list[Path]:
    """Files with that ending, each bad in another way, and one that is not there."""
    (folder / "tiny.arch").write_text(SPEC)
    assert main([str(folder / "tiny.arch"), "-o", str(folder / "out")]) == 0
    contents = {
        "empty": b"",
        "text": b"hello\n",
        "noise": bytes(range(256)) * 8,
        "hdf5": HDF5,
        "zip": ZIP,
        "lfs": b"version https://git-lfs.github.com/spec/v1\n",
        "truncated": sample()[:200],
        "newer": json.dumps(
            json.loads((folder / "out" / "tiny.manifest.json").read_text())
            | {"schema_version": "2.0"}
        ).encode(),
    }
    paths = []
    for name, content in contents.items():
        paths.append(folder / f"{name}{ending}")
        paths[-1].write_bytes(content)
    (folder / f"folder{ending}").mkdir()
    (folder / f"loop{ending}").symlink_to(folder / f"loop{ending}")
    return [*paths, *(folder / f"{name}{ending}" for name in ("folder", "loop", "missing"))]


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command that fails says; each of its errors has a way out."""
    capsys.readouterr()
    assert main([*map(str, arguments)]) == 1, arguments
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    errors = captured.err.count("error[")
    assert errors >= 1
    assert captured.err.count(" = help: ") == errors, captured.err
    return captured.err


@pytest.mark.parametrize("ending", [".tflite", ".keras", ".h5", ".txt"])
def test_models_to_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    for path in made(tmp_path, ending):
        said = told(capsys, "verify", tmp_path / "out" / "tiny.manifest.json", path)
        assert path.name in said
        if ending == ".h5" and path.is_file() and "needs h5py" not in said:
            assert "is not an HDF5 file" in said or "cannot be read" in said


def test_manifests_to_verify_against(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.tflite").write_bytes(sample())
    for path in made(tmp_path, ".json"):
        said = told(capsys, "verify", path, tmp_path / "model.tflite")
        assert path.name in said
        assert path.stem != "newer" or "update archc if a newer one wrote it" in said


def test_reports_to_analyze(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = tmp_path / "cut.txt"
    cut.write_text(REPORT)
    for path in [*made(tmp_path, ".txt"), cut]:
        said = told(capsys, "analyze", "--report", path)
        assert path.name in said
        assert path.stem in ("loop", "missing") or "_report.txt`" in said


@pytest.mark.parametrize("ending", [".tflite", ".keras", ".h5"])
def test_models_to_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    for path in made(tmp_path, ending):
        said = told(capsys, "profile", path)
        if path.stem == "folder":  # a folder stands for the specs in it
            assert f"there are no `.arch` files in `{path}`" in said
            continue
        assert path.name in said
        assert said.count("error[") == 1


@pytest.mark.parametrize("ending", [".keras", ".h5", ".tflite", ".txt"])
def test_models_to_quantise(tmp_path: Path, ending: str) -> None:
    for path in made(tmp_path, ending):
        with pytest.raises(Rejected) as caught:
            read(str(path))
        assert path.name in caught.value.diagnostic.message
        assert caught.value.diagnostic.help


def test_an_output_that_is_a_folder_is_refused_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net.tflite").mkdir()
    output = str(tmp_path / "net.tflite")
    assert main(["quantize", "m.keras", "--data", "d.npz", "-o", output]) == 2
    assert "net.tflite` is a folder: name a file" in capsys.readouterr().err
