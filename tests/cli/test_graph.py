"""`archc graph`: what is written where, the levels of detail, and what is refused."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from archc.cli import main

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
EXAMPLE = ROOT / "docs" / "dscnn_a05.svg"

NET = """arch net(width = 16) {
    input image: 8x8x8
    stage one(channels = width, repeat = 3) { skip { conv(width, 3x3) relu6 } }
    head { global_average_pool dense(4) }
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.arch").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Capture = pytest.CaptureFixture[str]


def drawn(capsys: Capture, *arguments: str, code: int = 0) -> str:
    assert main(["graph", *arguments]) == code
    return capsys.readouterr().out


def test_the_drawing_in_the_manual_is_current(capsys: Capture) -> None:
    """`archc graph specs/dscnn_a05.arch -o docs/dscnn_a05.svg` makes it anew."""
    assert drawn(capsys, str(SPECS / "dscnn_a05.arch")) == EXAMPLE.read_text(encoding="utf-8")


def test_svg_goes_to_standard_output(capsys: Capture) -> None:
    text = drawn(capsys, "net.arch")
    assert drawn(capsys, "net.arch", "-o", "-") == text
    root = ET.fromstring(text)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"net", "one × 3", "head", "dense 4", "output 4"} <= set(texts)


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (["-o", "a.svg"], "<svg "),
        (["-o", "a.mmd"], "---\n"),
        (["-o", "a.mermaid"], "---\n"),
        (["-o", "a.md"], "```mermaid\n---\n"),
        (["-o", "A.DOT"], "// Drawn by archc.\ndigraph "),
        (["-o", "a.gv", "--format", "dot"], "// Drawn by archc.\ndigraph "),
        (["-o", "drawing", "--format", "dot"], "// Drawn by archc.\ndigraph "),
        (["-o", "new/folder/a.svg", "--format", "svg"], "<svg "),
    ],
)
def test_the_file_says_the_format(arguments: list[str], start: str, capsys: Capture) -> None:
    assert drawn(capsys, "net.arch", *arguments) == ""
    assert Path(arguments[1]).read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.png"], "`rsvg-convert a.svg -o a.png`, or `dot -Tpng a.dot -o a.png`"),
        (["-o", "a.jpg"], "`dot -Tjpg a.dot -o a.jpg`"),
        (["-o", "d/a.PDF"], "`rsvg-convert -f pdf a.svg -o a.PDF`"),
        (["-o", "a.html"], '`<img src="a.svg">`'),
        (["-o", "a.txt"], "does not end in a format that archc draws: .svg, .mmd"),
        (["-o", "drawing"], "does not end in a format that archc draws"),
        (["-o", ".svg"], "does not end in a format that archc draws"),
        (["-o", "a.svg", "--format", "mermaid"], "name it `a.mmd`, or leave out `--format`"),
        (["-o", "a.md", "--format", "svg"], "name it `a.svg`, or leave out `--format`"),
        (["-o", "a.png", "--format", "svg"], "name it `a.svg`"),
    ],
)
def test_no_file_says_another_format_than_it_has(
    arguments: list[str], said: str, folder: Path, capsys: Capture
) -> None:
    assert main(["graph", "net.arch", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in folder.iterdir()] == ["net.arch"]


def test_only_drawings_are_overwritten(folder: Path, capsys: Capture) -> None:
    for name in ("a.svg", "a.mmd", "a.md", "a.dot"):
        drawn(capsys, "net.arch", "-o", name)
        before = (folder / name).read_bytes()
        drawn(capsys, "net.arch", "-o", name, "--set", "width = 32", "--name", "wide")
        assert (folder / name).read_bytes() != before
        (folder / name).write_text("<svg>mine</svg>")
        assert main(["graph", "net.arch", "-o", name]) == 1
        assert "not overwritten" in capsys.readouterr().err
        assert (folder / name).read_text() == "<svg>mine</svg>"
    assert main(["graph", "net.arch", "-o", "net.arch"]) == 2
    assert (folder / "net.arch").read_text() == NET
    assert main(["graph", "net.arch", "-o", "."]) == 2


def test_details_and_unfolding(capsys: Capture) -> None:
    sizes = [
        drawn(capsys, "net.arch", *arguments).count('class="box ')
        for arguments in (
            ["--detail", "stages"],
            ["--detail", "blocks"],
            ["--detail", "layers"],
            ["--detail", "layers", "--unfold"],
        )
    ]
    legend = 6
    # One box for each stage; of the body the first repeat and the two alike; all three.
    assert [size - legend for size in sizes] == [2, 4, 4, 5]


def test_colours_show_time(capsys: Capture) -> None:
    spec = str(SPECS / "dscnn_a05.arch")
    for form in ("svg", "dot", "mermaid"):
        timed = drawn(capsys, spec, "--color", "time", "--format", form)
        assert timed != drawn(capsys, spec, "--format", form)
        assert re.search(r"[\d.]+ us", timed)


def test_width_is_where_rows_wrap(capsys: Capture) -> None:
    spec = str(SPECS / "squeezenet.arch")
    wide, narrow = (
        int(ET.fromstring(drawn(capsys, spec, "--width", width)).get("width", "0"))
        for width in ("2000", "640")
    )
    assert narrow <= 640 < wide <= 2000


def test_the_bytes_are_always_the_same(folder: Path) -> None:
    """Whatever the seed of hashes and the encoding of the terminal."""
    spec = SPECS / "dscnn_a05_ir_se_attn.arch"
    for format in ("svg", "mermaid", "dot"):
        found = {
            subprocess.run(
                [sys.executable, "-m", "archc", "graph", str(spec), "--format", format],
                env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": encoding},
                capture_output=True,
                check=True,
            ).stdout
            for seed, encoding in (("1", "utf-8"), ("2", "ascii"))
        }
        assert len(found) == 1
        assert "×".encode() in found.pop()


def test_errors_are_shown_and_what_there_is_is_drawn(folder: Path, capsys: Capture) -> None:
    (folder / "bad.arch").write_text(NET.replace("relu6", "relu7"))
    assert main(["graph", "bad.arch", "-o", "bad.svg"]) == 1
    assert "relu7" in capsys.readouterr().err
    assert not (folder / "bad.svg").exists()
    # A broken budget does not keep a network from being looked at: that is how one finds out why.
    text = NET.replace("input", "require macs <= 10 input")
    (folder / "large.arch").write_text(text)
    assert main(["graph", "large.arch"]) == 1
    told = capsys.readouterr()
    assert "above the budget of 10" in told.err
    ET.fromstring(told.out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.arch"], "missing.arch"),
        (["two.arch"], "choose one with `--arch`"),
        (["net.arch", "--width", "100"], "480 or more"),
        (["net.arch", "--width", "wide"], "takes a whole number, not `wide`"),
        (["net.arch", "--boxes", "0"], "1 or more"),
        (["net.arch", "--detail", "atoms"], "not `atoms`"),
        (["net.arch", "--color", "joy"], "not `joy`"),
        (["net.arch", "--color", "time"], "nothing to show of `net`: no target says how long"),
        (["net.arch", "--format", "png"], "not `png`"),
        (["net.arch", "net.arch"], "one argument too many"),
        ([], "SPEC"),
    ],
)
def test_usage(arguments: list[str], said: str, folder: Path, capsys: Capture) -> None:
    (folder / "two.arch").write_text(NET + NET.replace("net", "other"))
    assert main(["graph", *arguments]) in (1, 2)
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_one_of_several_archs(folder: Path, capsys: Capture) -> None:
    (folder / "two.arch").write_text(NET + NET.replace("net", "other"))
    assert '<title id="other-title">other</title>' in drawn(capsys, "two.arch", "--arch", "other")


def test_too_many_boxes_are_refused_with_a_way_out(folder: Path, capsys: Capture) -> None:
    body = " ".join(f"conv({8 * (1 + index % 7)}) batchnorm relu6" for index in range(40))
    (folder / "long.arch").write_text(f"arch long {{ input image: 8x8x8 stage s {{ {body} }} }}")
    assert main(["graph", "long.arch", "--detail", "layers", "--boxes", "20"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "41 boxes, above 20" in told.err
    assert "`--detail blocks` shows less, or `--boxes 41` allows it" in told.err
    assert drawn(capsys, "long.arch", "--detail", "layers", "--boxes", "41")
    assert "more" in drawn(capsys, "long.arch", "--boxes", "20")  # one box, of what is in it


def test_many_stages_are_refused(folder: Path, capsys: Capture) -> None:
    stages = " ".join(f"stage s{index} {{ conv({8 * (1 + index % 2)}) }}" for index in range(300))
    (folder / "many.arch").write_text(f"arch many {{ input image: 4x4x8 {stages} }}")
    assert len(drawn(capsys, "many.arch")) < 400_000
    assert main(["graph", "many.arch", "--format", "mermaid"]) == 1
    told = capsys.readouterr()
    assert "= help: `--boxes 600` allows it" in told.err
    assert "500 edges" in told.err


def test_a_compile_imports_nothing_of_it() -> None:
    run = "import sys; from archc.cli import main; main(sys.argv[1:]); print(*sys.modules)"
    command = [sys.executable, "-c", run, str(SPECS / "dscnn_a05.arch"), "-o", "out"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "archc.emit.manifest" in loaded
    assert not {"archc.emit.drawing", "archc.emit.mermaid", "archc.emit.stages"} & set(loaded)
