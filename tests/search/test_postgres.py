"""Workers on a PostgreSQL server, with objectives that train nothing."""

from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("numpy")
pytest.importorskip("matplotlib")

from archc.cli import main  # noqa: E402
from support.postgres import server  # noqa: E402
from support.searches import COMMAND, calls, prepare, start  # noqa: E402

pytestmark = pytest.mark.services


def test_workers_share_a_database_and_its_loss_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    with server() as url:
        more = ("--storage", url, "--trials", "8", "--jobs", "2")
        workers = [start(tmp_path, *more, "-o", f"out{number}") for number in range(2)]
        for worker in workers:
            out, err = worker.communicate(timeout=300)
            assert worker.returncode == 0, err
            assert "8 networks trained" in out
        begun = [variant for what, variant in calls(tmp_path) if what == "begin"]
        assert len(begun) == len({*begun}) == 8
        assert main([*COMMAND, *more, "--where", "macs <= 90 M"]) == 1
        assert "is a search of something else" in capsys.readouterr().err
    assert main([*COMMAND, *more]) == 1
    said = capsys.readouterr().err
    assert "error[search_storage]: the storage `postgresql+psycopg://" in said
    assert "cannot be used" in said
