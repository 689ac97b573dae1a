"""What is given for specs: folders, files of other kinds, names that are not quite right."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.formats import STRANGERS
from archc.models.quantization.keras_file import read

NET = "arch {name} {{ input image: 8x8x8 head {{ relu6 }} }}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs" / "deep").mkdir(parents=True)
    (tmp_path / "specs" / ".hidden").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "kws.arch").write_text(NET.format(name="kws"))
    (tmp_path / "specs" / "a.arch").write_text('use "blocks.arch"\n' + NET.format(name="a"))
    (tmp_path / "specs" / "blocks.arch").write_text("block one { relu6 }\n")
    (tmp_path / "specs" / "deep" / "b.arch").write_text(NET.format(name="b"))
    (tmp_path / "specs" / ".hidden" / "c.arch").write_text("nonsense")
    monkeypatch.chdir(tmp_path)
    return tmp_path


Capture = pytest.CaptureFixture[str]


def test_a_folder_stands_for_its_specs(capsys: Capture) -> None:
    """Files with blocks only are for the others."""
    assert main(["check", "specs/"]) == 0
    assert capsys.readouterr().out == "no errors in a, b\n"
    assert main(["specs", "kws.arch", "-o", "out"]) == 0
    assert sorted(os.listdir("out")) == sorted(
        ["__init__.py", *(f"{n}.{e}" for n in ("a", "b", "kws") for e in ("py", "manifest.json"))]
    )
    assert main(["build", "specs", "kws.arch", "-o", "out", "--check"]) == 0
    capsys.readouterr()
    assert main(["profile", "specs", "--format", "json"]) == 0
    manifests = json.loads(capsys.readouterr().out)["manifests"]
    assert [one["model"]["name"] for one in manifests] == ["a", "b"]


@pytest.mark.parametrize("verb", ["check", "profile", "show", "fmt"])
def test_a_folder_without_specs(verb: str, capsys: Capture) -> None:
    assert main([verb, "empty"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "there are no `.arch` files in `empty`" in said.err


def test_a_folder_of_blocks_only(folder: Path, capsys: Capture) -> None:
    (folder / "specs" / "a.arch").unlink()
    (folder / "specs" / "deep" / "b.arch").unlink()
    for words in (["check", "specs"], ["build", "specs", "-o", "out"]):
        assert main(words) == 1
        assert "no file in `specs` declares an arch" in capsys.readouterr().err
    assert not (folder / "out").exists()


@pytest.mark.parametrize("words", [["graph"], ["sweep"], ["diff", "kws.arch"]])
def test_one_spec_is_no_folder(words: list[str], capsys: Capture) -> None:
    verb, *before = words
    after = ["a=1"] if verb == "sweep" else []
    assert main([verb, *before, "specs", *after]) == 1
    said = capsys.readouterr().err
    assert "`specs` is a folder" in said
    assert "such as `specs/NAME.arch`" in said


@pytest.mark.parametrize(
    "words",
    [
        ["kws.arc", "-o", "out"],
        ["kws", "-o", "out"],
        ["kws.Arch", "-o", "out"],
        ["check", "kws.arc"],
        ["check", "kws"],
        ["check", "./kws.acrh"],
        ["profile", "kw.arch"],
        ["graph", "kws.arc"],
        ["diff", "kws.arc", "kws.arch"],
    ],
    ids=" ".join,
)
def test_a_spec_with_a_similar_name_is_proposed(words: list[str], capsys: Capture) -> None:
    assert main(words) in (1, 2)
    assert "did you mean `kws.arch`?" in capsys.readouterr().err


def test_manifests_and_others_are_proposed_by_their_kind(capsys: Capture) -> None:
    assert main(["kws.arch", "-o", "out"]) == 0
    capsys.readouterr()
    assert main(["verify", "out/kw.manifest.json", "m.tflite"]) == 1
    assert "did you mean `kws.manifest.json`?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "what", "help"),
    [
        ("out/kws.manifest.json", "a manifest", "`archc diff A B` compares manifests"),
        ("out/kws.py", "a Python module", "give the spec that it was made from"),
        ("target.toml", "a TOML file", "`--target FILE`"),
        ("x.svg", "a drawing", "give the spec"),
        ("x.npz", "an archive of arrays", "`archc quantize MODEL --data FILE`"),
    ],
)
@pytest.mark.parametrize("verb", ["check", "profile", "graph", "show", "build"])
def test_files_of_another_kind(
    verb: str, name: str, what: str, help: str, folder: Path, capsys: Capture
) -> None:
    assert main(["kws.arch", "-o", "out"]) == 0
    for other in ("target.toml", "x.svg", "x.npz"):
        (folder / other).write_text("{")
    capsys.readouterr()
    assert main([verb, name, *(["-o", "new"] if verb == "build" else [])]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"error[not_a_spec]: `{name}` is {what}, not a spec" in said.err
    assert help in said.err
    assert not (folder / "new").exists()


@pytest.mark.parametrize("name", ["x.tflite", "x.onnx", "x.keras", "x.h5"])
def test_a_model_is_not_built(name: str, folder: Path, capsys: Capture) -> None:
    (folder / name).write_text("{")
    assert main(["build", name, "-o", "new"]) == 1
    said = capsys.readouterr()
    assert f"error[not_a_spec]: `{name}` is a model, not a spec" in said.err
    assert "`archc import MODEL -o NAME.arch` makes a spec of it" in said.err
    assert "`verify` read models" in said.err
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [(one.suffixes[0], one.remedy) for one in STRANGERS] + [("x.PTH", "torch.onnx.export")],
)
def test_models_that_are_not_read_are_named(
    name: str, said: str, folder: Path, capsys: Capture
) -> None:
    (folder / f"net{name}").write_bytes(b"\0")
    (folder / "kws.arch").write_text("arch kws { input a: 8x8x1 head { flatten dense(2) } }")
    for words in (["check"], ["import"], ["verify", "kws.arch"]):
        assert main([*words, f"net{name}"]) == 1
        err = capsys.readouterr().err
        assert "which archc does not read" in err
        assert said in err
    with pytest.raises(Rejected, match="which archc does not read"):
        read(f"net{name}")


def test_a_saved_model_is_named(folder: Path, capsys: Capture) -> None:
    (folder / "saved").mkdir()
    (folder / "saved" / "saved_model.pb").write_bytes(b"x")
    for verb in ("check", "import"):
        assert main([verb, "saved"]) == 1
        err = capsys.readouterr().err
        assert "`saved` is a SavedModel of TensorFlow, which archc does not read" in err


@pytest.mark.parametrize("shown", [["--summary"], ["--markdown"], [], ["--timeline"]])
def test_no_table_of_nothing(shown: list[str], folder: Path, capsys: Capture) -> None:
    (folder / "kws.arch").write_text("arch kws { head { cnov } }")
    assert main(["profile", "kws.arch", *shown]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "error[" in said.err


@pytest.mark.skipif(os.name == "nt", reason="a folder that is used cannot be deleted there")
@pytest.mark.parametrize("words", [["check", "a.arch"], ["fmt", "a.arch"], ["manual", "-o", "d"]])
def test_a_working_folder_that_was_deleted(words: list[str], folder: Path) -> None:
    program = (
        "import os, sys\n"
        "from archc.cli import main\n"
        "os.rmdir(os.getcwd())\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder / "empty",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "archc: the working folder no longer exists: change to one that does\n"


@pytest.mark.skipif(os.name == "nt", reason="redirections are of POSIX shells")
@pytest.mark.parametrize(
    ("words", "closed", "code"),
    [
        ("check kws.arch", ">&-", 0),
        ("check kws.arch", "2>&-", 0),
        ("kws.arch -o out", "<&- >&- 2>&-", 0),
        ("graph kws.arch", ">&-", 0),
        ("check none.arch", ">&- 2>&-", 1),
        ("chek kws.arch", "2>&-", 2),
    ],
)
def test_streams_that_are_closed(words: str, closed: str, code: int, folder: Path) -> None:
    """What is printed goes nowhere: not into a file that was opened since, and not to exit 70."""
    done = subprocess.run(
        ["sh", "-c", f"'{sys.executable}' -m archc {words} {closed}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "internal" not in done.stderr
    if words.endswith("out"):
        assert main(["kws.arch", "-o", "out", "--check"]) == 0
