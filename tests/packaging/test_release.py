"""What a release is checked for: each check passes on what the checkout makes, and can fail."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from archc import __version__

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "dsl"))

from publish import extension, release, tools  # noqa: E402
from publish.__main__ import main  # noqa: E402

LOG = "# Changelog\n\n## 1.10.0 (2026-01-02)\n\n- Second.\n\n## 1.1.0 (unreleased)\n\n- First.\n"


def test_the_version_is_said_once(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In `archc.__version__`; the extension's, which its own tools read, has to be the same."""
    assert wheel.name.startswith(f"archc_dsl-{__version__}-")
    list(release.unfinished())
    monkeypatch.setattr("archc.__version__", "9.9.9")
    with pytest.raises(tools.Failed, match=r"the extension has version .*, archc 9\.9\.9"):
        list(release.unfinished())


def test_the_changelog_has_a_section_for_it() -> None:
    assert release.section(LOG, "1.1.0") == ("1.1.0 (unreleased)", "- First.")
    assert release.section(LOG, "1.10.0") == ("1.10.0 (2026-01-02)", "- Second.")
    assert release.section(LOG, "1.1") == ("", "")
    assert release.section((ROOT / "CHANGELOG.md").read_text(), __version__)[1]


def test_what_has_no_date_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "CHANGELOG.md").write_text(f"## {__version__} (unreleased)\n\n- Much.\n")
    for name in ("grammars", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    monkeypatch.setattr(release, "at_hand", lambda given: ({}, []))
    assert main(["release", "-o", str(tmp_path / "dist")]) == 1
    assert "has no date" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()
    (tmp_path / "CHANGELOG.md").write_text("## 0.0.1 (2026-01-02)\n\n- Little.\n")
    assert main(["release", "-o", str(tmp_path / "dist"), "--rehearse"]) == 1
    assert f"says nothing of {__version__}" in capsys.readouterr().err


def test_a_date_is_a_day_that_there_is() -> None:
    assert release.dated("0.1.0 (2026-11-30)")
    assert not release.dated("0.1.0 (2026-11-31)")
    assert not release.dated("0.1.0 (unreleased)")
    assert not release.dated("0.1.0")


def test_what_is_not_committed_is_not_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    assert list(release.uncommitted()) == [], "no repository, as in a source distribution"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    run = tools.run
    monkeypatch.setattr(tools, "run", lambda command: run(command, tmp_path))
    assert list(release.uncommitted()) == []
    for name in ("one", "two"):
        (tmp_path / name).touch()
    assert list(release.uncommitted()) == ["not committed: one and 1 more"]


def test_tools_that_are_not_installed_are_named_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(release, "at_hand", lambda given: ({}, []))
    monkeypatch.setattr(release, "lacking", lambda: ["twine", "npm"])
    assert main(["release", "-o", str(tmp_path / "dist"), "--rehearse"]) == 1
    assert "twine, npm: not installed" in capsys.readouterr().err


def test_a_folder_of_somebody_else_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("mine")
    assert main(["release", "-o", str(tmp_path)]) == 1
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_wheel_without_faults(wheel: Path) -> None:
    assert list(release.wheel_faults(wheel)) == []


def changed(wheel: Path, folder: Path, leave: str, **more: str) -> Path:
    """A wheel without a file, and with others."""
    made = folder / wheel.name
    with ZipFile(wheel) as old, ZipFile(made, "w") as new:
        for name in old.namelist():
            if name not in (leave, *more):
                new.writestr(name, old.read(name))
        for name, text in more.items():
            new.writestr(name, text)
    return made


def test_faults_of_a_wheel_are_found(wheel: Path, tmp_path: Path) -> None:
    info = f"archc_dsl-{__version__}.dist-info/METADATA"
    tables, test = "archc/prebuilt/tables.py", "tests/test_one.py"
    text = "Name: archc-dsl\n\n[a page](docs/tour.md) and [another](https://example.org/)\n"
    made = changed(wheel, tmp_path, tables, **{test: "", info: text})
    assert list(release.wheel_faults(made)) == [
        f"it has no {tables}",
        f"{test} does not belong in it",
        "its description links to ](docs/tour.md)",
    ]
    assert list(release.differences(wheel, made)) == sorted([tables, info, test])


def test_the_wheel_of_the_source_distribution_is_the_same_file(wheel: Path, tmp_path: Path) -> None:
    pytest.importorskip("build")
    pytest.importorskip("twine")
    again, source = release.distributions(tmp_path / "dist")
    assert again.read_bytes() == wheel.read_bytes()
    assert source.name == f"archc_dsl-{__version__}.tar.gz"


def test_every_python_that_is_declared_is_looked_for(tmp_path: Path) -> None:
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    found, missing = release.at_hand([str(shim)])
    assert sorted([*found, *missing]) == release.declared()
    assert found[sys.version_info.minor] == sys.executable
    assert str(shim) not in found.values()


def test_classifiers_begin_where_the_project_does() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    first, last = release.declared()[0], release.declared()[-1]
    assert f'requires-python = ">=3.{first}"' in text
    assert release.declared() == list(range(first, last + 1))


def test_the_extension_names_the_same_licence_and_version() -> None:
    package = json.loads((extension.SOURCES / "package.json").read_text())
    assert (package["version"], package["license"]) == (__version__, "Apache-2.0")
