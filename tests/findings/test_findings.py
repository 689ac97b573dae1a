"""Findings say what they are and pin what they run; running them is done by hand."""

import re
import subprocess
from pathlib import Path

import pytest

FINDINGS = sorted((Path(__file__).parents[2] / "findings").glob("*.sh"))


@pytest.mark.parametrize("script", FINDINGS, ids=lambda path: path.stem)
def test_a_finding_states_its_guess_and_pins_its_packages(script: Path) -> None:
    text = script.read_text()
    assert "\n# Guess: " in text
    assert "\n# Seen: " in text
    named = re.search(r"^packages ((?:.*\\\n)*.*)$", text, re.MULTILINE)
    assert named is not None
    pinned = re.fullmatch(r"(?:[\w.-]+==[\w.]+\s*)+", named[1].replace("\\\n", ""))
    assert pinned, named[1]
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    program = text.split("run <<'END'\n")[1].removesuffix("END\n")
    compile(program, script.name, "exec")
    assert "archc" not in program


def test_every_version_is_the_same_in_all_findings() -> None:
    """Two findings that disagree about a version were not tried together."""
    versions: dict[str, set[str]] = {}
    for script in FINDINGS:
        for name, version in re.findall(r"([\w.-]+)==([\w.]+)", script.read_text()):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
