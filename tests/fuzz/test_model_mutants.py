"""Damaged model files and reports through the commands that read them: a few of the thousands of
`model_mutants.py`. The HDF5 library is only given files that are cut short, which it refuses."""

from pathlib import Path

import pytest

from archc.cli import main
from support import mlperf
from support.damage import mutant
from support.flat import sample
from support.st_reports import WRITTEN

SEEDS = range(20)
REPORTS = sorted(WRITTEN.glob("*.txt"))[:2] + sorted(WRITTEN.glob("*.json"))[:1]


def told(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: object) -> int:
    """Run a command; hold what it says and leaves to what is right for any file."""
    before = sorted(folder.iterdir())
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    assert code in (0, 1)
    assert "Traceback" not in said.err
    assert ("error[" in said.err) == (code == 1)
    assert sorted(folder.iterdir()) == before
    return code


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    mlperf.compiled("kws").write(tmp_path)
    return tmp_path / "mlperf_kws.manifest.json"


@pytest.mark.parametrize("seed", SEEDS)
def test_small_tflite_files(seed: int, manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = manifest.parent / "m.tflite"
    path.write_bytes(mutant(sample(), seed).data)
    assert told(capsys, manifest.parent, "verify", manifest, path) == 1


@mlperf.real
@pytest.mark.parametrize("seed", SEEDS)
def test_published_tflite_files(
    seed: int, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest.parent / "m.tflite"
    path.write_bytes(mutant(mlperf.file("kws_ref_model.tflite"), seed).data)
    told(capsys, manifest.parent, "verify", manifest, path)


@mlperf.real
@pytest.mark.keras
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_published_keras_files_cut_short(
    share: float, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = manifest.parent / "m.h5"
    data = mlperf.file("pretrainedResnet.h5")
    path.write_bytes(data[: int(share * len(data))])
    assert told(capsys, manifest.parent, "verify", manifest, path) == 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("report", REPORTS, ids=lambda path: path.name)
def test_reports(
    report: Path, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / report.name
    path.write_bytes(mutant(report.read_bytes(), seed).data)
    told(capsys, tmp_path, "analyze", "--report", path)


def test_a_seed_gives_one_mutant() -> None:
    assert mutant(sample(), 5) == mutant(sample(), 5)
    assert len({mutant(sample(), seed).data for seed in range(50)}) > 45
