"""`optuna-dashboard` opens a storage of ours."""

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from support.searches import COMMAND, prepare

NEEDED = ("optuna_dashboard", "numpy", "matplotlib")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
"""Not imported here: the dashboard takes a second, and its own process loads it."""


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_the_dashboard_shows_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    where = ["--minimize", "params", "--where", "params <= 2500"]
    assert main([*COMMAND, *where, "--trials", "2", "--seed", "3"]) == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(Path(sys.executable).with_name("optuna-dashboard"))
    serving = subprocess.Popen(
        [script, "sqlite:///a_search/search.db", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        (study,) = asked(port, "studies", serving)["study_summaries"]
        assert study["study_name"] == "a"
        shown = asked(port, f"studies/{study['study_id']}?after=0", serving)
    finally:
        serving.terminate()
        serving.wait()
    assert shown["objective_names"] == ["accuracy", "params"]
    assert {trial["state"] for trial in shown["trials"]} <= {"Complete", "Pruned"}
    complete = [trial for trial in shown["trials"] if trial["state"] == "Complete"]
    assert len(complete) == 2
    for trial in complete:
        attributes = {each["key"]: each["value"] for each in trial["user_attrs"]}
        assert float(attributes["params"]) == trial["values"][1] <= 2500


def asked(port: int, what: str, serving: "subprocess.Popen[bytes]") -> Any:
    """What the dashboard's own page asks of it."""
    for _ in range(600):
        assert serving.poll() is None
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{what}") as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.1)
    raise AssertionError("it does not answer")
