"""`archc verify` as a user meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.cli.verbs.verify import border_of
from archc.limits import DEFAULT_LIMITS
from support import small
from support.flat import sample

SPEC = """
arch tiny {
    input image: 9 x 8 x 2
    stage stem(channels = 4) { conv(kernel = 3x3, padding = valid, stride = 2x1) relu }
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny.arch").write_text(SPEC)
    assert main([str(tmp_path / "tiny.arch"), "-o", str(tmp_path / "out")]) == 0
    (tmp_path / "sample.tflite").write_bytes(sample())
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["verify", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_differences_go_to_standard_error_and_the_verdict_to_output(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, model = folder / "out" / "tiny.manifest.json", folder / "sample.tflite"
    code, out, err = run(capsys, manifest, model)
    assert code == 1
    assert "is not tiny:" in " ".join(out.split())
    assert "error[verify_border]: the input `image` is int8, not float32" in err
    assert "error[verify_operators]: RELU6 is not in the manifest" in err
    assert "expected float32, found int8" in err
    assert "tiny.arch:" in err
    assert "Traceback" not in err


def test_json_is_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest, model = folder / "out" / "tiny.manifest.json", folder / "sample.tflite"
    code, out, err = run(capsys, manifest, model, "--format", "json")
    assert (code, err) == (1, "")
    document = json.loads(out)
    found = document["verification"]
    assert found["same"] is False
    assert (found["kind"], found["network"]) == ("tflite", "tiny")
    extra = [one for one in found["differences"] if one["code"] == "verify_operators"]
    assert extra[0]["operator"] == 1
    assert len(document["diagnostics"]) == len(found["differences"])


def test_a_spec_stands_for_its_manifest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, folder / "tiny.arch", folder / "sample.tflite")
    assert code == 1
    assert "is not tiny:" in " ".join(out.split())


def test_the_border_of_a_file(folder: Path) -> None:
    assert border_of(str(folder / "sample.tflite"), DEFAULT_LIMITS) == "int8"
    (folder / "cut.tflite").write_bytes((folder / "sample.tflite").read_bytes()[:100])
    for other in ("cut.tflite", "none.tflite", "tiny.arch"):
        assert border_of(str(folder / other), DEFAULT_LIMITS) is None


@pytest.mark.keras
def test_the_same_network_is_said_to_be_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.compiled().write(tmp_path)
    (tmp_path / "m.tflite").write_bytes(small.tflite())
    code, out, err = run(capsys, tmp_path / "small.manifest.json", tmp_path / "m.tflite")
    assert (code, err) == (0, "")
    assert "m.tflite is small: 9 operators," in " ".join(out.split())
    assert "compared:" in out
    assert "not compared:" in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("sample.tflite", "out/tiny.manifest.json"), 2, "`archc verify MANIFEST MODEL`"),
        (("out/tiny.manifest.json",), 2, "MODEL"),
        (("out/tiny.manifest.json", "none.tflite"), 1, "there is no file"),
        (("out/tiny.manifest.json", "out"), 1, "is a folder"),
        (("out/none.json", "sample.tflite"), 1, "there is no file"),
        (("tiny.arch", "tiny.arch"), 1, "is not a model that can be verified"),
        (("out/tiny.py", "sample.tflite"), 1, "is not a manifest"),
    ],
)
def test_mistakes_are_named(
    arguments: tuple[str, ...],
    code: int,
    said: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given, out, err = run(capsys, *(folder / name for name in arguments))
    assert (given, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def edits(manifest: dict[str, Any]) -> dict[str, Any]:
    """Documents that are not manifests, by what is said of them."""
    return {
        "does not name the schema": {},
        "it does not name the schema of one": [],
        "it names another schema": {**manifest, "$schema": "https://example.org/x"},
        "is a manifest of schema version '9.9'": {**manifest, "schema_version": "9.9"},
        "is a manifest of schema version ['1.0']": {**manifest, "schema_version": ["1.0"]},
        "is not a manifest as archc writes it": {**manifest, "layers": [1]},
        "not a manifest as archc writes": {**manifest, "extra": 1},
        "manifest as archc writes it": {**manifest, "layers": manifest["layers"] * 2},
    }


def test_other_documents_are_no_manifests(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "out" / "tiny.manifest.json"
    for said, document in edits(json.loads(path.read_text())).items():
        path.write_text(json.dumps(document))
        code, _, err = run(capsys, path, folder / "sample.tflite")
        assert code == 1
        assert said in err


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 70_000, b'"', b"{}{}", b"\0"])
def test_damaged_manifests_are_refused(
    data: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "out" / "tiny.manifest.json"
    path.write_bytes(data)
    code, _, err = run(capsys, path, folder / "sample.tflite")
    assert code == 1
    assert "error[manifest_file]" in err


def test_manifests_that_contradict_themselves_end_in_findings(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "out" / "tiny.manifest.json"
    manifest = json.loads(path.read_text())
    for entry in manifest["deployed"]["sequence"]:
        entry["layers"] = ["nowhere", "image"]
    for row in manifest["layers"]:
        row["inputs"] = ["stem_1_conv", "nowhere"]
    path.write_text(json.dumps(manifest))
    code, _, err = run(capsys, path, folder / "sample.tflite")
    assert code == 1
    assert "internal error" not in err


def test_a_model_beyond_the_bound_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest, model = folder / "out" / "tiny.manifest.json", folder / "sample.tflite"
    code, _, err = run(capsys, manifest, model, "--limit", "model_bytes=1000")
    assert code == 1
    assert "the limit `model_bytes`" in err
