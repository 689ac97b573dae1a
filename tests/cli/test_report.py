"""`archc report`: what is written where, of specs and of models, and what is refused."""

from pathlib import Path

import pytest

from archc.cli import browser, main
from support.flat import separable

ROOT = Path(__file__).parents[2]
SPEC = str(ROOT / "specs" / "dscnn_a05.arch")

Capture = pytest.CaptureFixture[str]


def test_a_report_is_written_and_written_again(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "report.html"
    assert main(["report", SPEC, "-o", str(path)]) == 0
    first = path.read_bytes()
    assert b"<title>dscnn_a05</title>" in first
    assert main(["report", SPEC, "-o", str(path)]) == 0
    assert path.read_bytes() == first
    assert "written" in capsys.readouterr().err


def test_a_folder_is_its_specs_or_its_models(tmp_path: Path, capsys: Capture) -> None:
    path, folder = tmp_path / "report.html", tmp_path / "models"
    assert main(["report", str(ROOT / "specs" / "families"), "-o", str(path)]) == 0
    page = path.read_text("utf-8")
    assert all(name in page for name in ("mlperf_ad", "ssdlite_mobilenet_v2", "unet"))
    folder.mkdir()
    for name in ("one", "two"):
        (folder / f"{name}.tflite").write_bytes(separable(4, 8))
    assert main(["report", str(folder), "-o", str(path)]) == 0
    assert "two.tflite" in path.read_text("utf-8")
    (folder / "one.tflite").unlink()
    (folder / "two.tflite").unlink()
    assert main(["report", str(folder), "-o", str(path)]) == 1
    assert "there are no `.arch` files in" in capsys.readouterr().err


def test_a_page_that_is_not_ours_stays(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "index.html"
    path.write_text("<title>mine</title>")
    assert main(["report", SPEC, "-o", str(path)]) == 1
    assert path.read_text() == "<title>mine</title>"
    assert "index.html" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "report.docx"], ".html, .pdf or .png"),
        (["-o", "report.html", "--format", "pdf"], "does not end in .pdf"),
        (["-o", "-", "--format", "png"], "prints the page as HTML"),
        ([], "-o"),
    ],
)
def test_what_is_asked_wrongly_is_told(arguments: list[str], said: str, capsys: Capture) -> None:
    assert main(["report", SPEC, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_nothing_is_written_where_a_spec_has_errors(tmp_path: Path, capsys: Capture) -> None:
    spec = tmp_path / "bad.arch"
    spec.write_text("arch bad { input x: 8x8x1 head { dense(2, units = 3) } }")
    path = tmp_path / "report.html"
    assert main(["report", SPEC, str(spec), "-o", str(path)]) == 1
    assert not path.exists()
    assert "units" in capsys.readouterr().err


def test_without_a_browser_a_pdf_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    path = tmp_path / "report.pdf"
    assert main(["report", SPEC, "-o", str(path)]) == 1
    assert not path.exists()
    assert "no browser is installed" in capsys.readouterr().err


def test_a_browser_that_makes_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: "/bin/true")
    assert main(["report", SPEC, "-o", str(tmp_path / "report.png")]) == 1
    assert "wrote no png (exit code 0)" in capsys.readouterr().err


def test_a_page_too_high_for_a_picture_is_refused_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho '<html data-height=\"20000\">'\n")
    program.chmod(0o755)
    monkeypatch.setattr(browser.shutil, "which", lambda name: str(program))
    assert main(["report", SPEC, "-o", str(tmp_path / "report.png")]) == 1
    assert "20,000 pixels high" in capsys.readouterr().err
    assert not (tmp_path / "report.png").exists()


MODEL = ROOT.parent / "shared" / "models" / "kws_ref_model.tflite"


@pytest.mark.skipif(not MODEL.exists(), reason="the published models are not here")
def test_a_file_is_reported_as_what_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(MODEL), "-o", "-"]) == 0
    page = capfd.readouterr().out
    assert "counted in the file" in page
    assert "2,656,768" in page
