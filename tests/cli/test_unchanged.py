"""A build that nothing has changed for is not made again, and is made again for anything else."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import time_ns

import pytest

from archc import cli
from archc.cli import command, unchanged
from archc.emit.marker import LOCK, STAGING
from archc.limits import DEFAULT_LIMITS

SPEC = """use "block.arch"
arch net { input image: 8 x 8 x 8 stage s { twice } head { relu6 } }
"""
BLOCK = "block twice() { conv(8) batchnorm relu6 conv(8) }\n"
SAID = "0 files written to out, 1 network unchanged"


class Project:
    """A folder with a spec, and how often it was built."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.cache = folder.parent / "cache"
        self.builds = 0
        self.patch = patch
        self.real = command.main
        (folder / "net.arch").write_text(SPEC)
        (folder / "block.arch").write_text(BLOCK)

    def count(self, argv: list[str] | None = None) -> int:
        self.builds += 1
        return self.real(argv)

    def built(self, line: str = "net.arch -o out") -> bool:
        """Run a command line as a process of its own would; whether it was built."""
        before = self.builds
        self.patch.setattr(sys, "argv", ["archc", *line.split()])
        cli.main()
        return self.builds > before


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = Project(folder, monkeypatch)
    monkeypatch.setenv("ARCHC_CACHE", str(found.cache))
    monkeypatch.setattr(unchanged, "STARTED", time_ns() + 10**10)  # a checkout may be just edited
    monkeypatch.setattr(command, "main", found.count)
    return found


def test_what_is_unchanged_is_said_and_not_built(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.built()
    first = capsys.readouterr().out
    assert "3 files written to out" in first
    assert not project.built()
    told = capsys.readouterr()
    assert told.err == ""
    assert SAID in told.out
    project.patch.setenv("ARCHC_CACHE", "")
    assert project.built()
    assert capsys.readouterr().out == told.out  # what a build says


def replace(path: str, old: str, new: str) -> None:
    Path(path).write_text(Path(path).read_text().replace(old, new))


def link(path: str, target: str) -> None:
    Path(target).write_bytes(Path(path).read_bytes())
    Path(path).unlink()
    Path(path).symlink_to(target)


def same_size(path: str) -> None:
    """Another text of the same length, with the times that the file had."""
    about = os.stat(path)
    replace(path, "relu6", "relu ")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


CHANGES: dict[str, Callable[[], object]] = {
    "the spec is edited": lambda: replace("net.arch", "head { relu6 }", "head { relu }"),
    "the spec is edited behind its clock": lambda: same_size("net.arch"),
    "a used file is edited": lambda: replace("block.arch", "relu6", "relu"),
    "a used file is edited behind its clock": lambda: same_size("block.arch"),
    "a used file is gone": lambda: Path("block.arch").unlink(),
    "a used file is a link elsewhere": lambda: link("block.arch", "../elsewhere.arch"),
    "an output is edited": lambda: replace("out/net.py", "keras.Model", "keras.Layer"),
    "an output is gone": lambda: Path("out/net.manifest.json").unlink(),
    "the registry is gone": lambda: Path("out/__init__.py").unlink(),
    "an output is a link": lambda: link("out/net.py", "elsewhere.py"),
    "an output is a folder": lambda: (Path("out/net.py").unlink(), Path("out/net.py").mkdir()),
    "the output folder is gone": lambda: Path("out").rename("other"),
    "a build was killed": lambda: Path("out/.archc-staging").mkdir(),
    "a build is running": lambda: Path("out/.archc.lock").write_text("{}"),
    "the spec is a folder": lambda: (Path("net.arch").unlink(), Path("net.arch").mkdir()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_has_changed_is_built(project: Project, change: Callable[[], object]) -> None:
    project.built()
    assert not project.built()
    change()
    assert project.built()


def test_line_ends_and_byte_order_marks_are_not_changes(project: Project) -> None:
    project.built()
    text = Path("net.arch").read_text()
    Path("net.arch").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert not project.built()


def test_a_compiler_that_was_touched_builds(project: Project) -> None:
    part = project.folder / "part.py"
    part.write_text("")
    os.utime(part, ns=(0, 0))
    code = unchanged._code
    project.patch.setattr(unchanged, "_code", lambda: [*code(), str(part)])
    project.built()
    assert not project.built()
    os.utime(part, ns=(0, 1))
    assert project.built()


def test_a_compiler_that_was_just_edited_is_not_noted(project: Project) -> None:
    part = project.folder / "part.py"
    part.write_text("")
    project.patch.setattr(unchanged, "_code", lambda: [str(part)])
    project.patch.setattr(unchanged, "STARTED", part.stat().st_mtime_ns + 10**9)
    project.built()
    assert project.built()


def test_the_files_of_the_compiler_are_all_looked_at(project: Project) -> None:
    project.built()
    (note,) = project.cache.iterdir()
    package = Path(unchanged.PACKAGE)
    for part in ("driver.py", "std", "std/ds.arch", "targets", "targets/stm32n6.toml",
                 "emit/templates/module.py.jinja", "sema/expand.py"):  # fmt: skip
        assert f"\t{package / part}\n" in note.read_text(), part


@pytest.mark.parametrize(
    "line",
    ["net.arch -o out --check", "build net.arch -o out", "check net.arch", "net.arch -o out -I .",
     "--limit errors=3 net.arch -o out", "net.arch -oout", "../work -o out"],
)  # fmt: skip
def test_other_command_lines_are_built(project: Project, line: str) -> None:
    project.built()
    project.built(line)
    assert project.built(line)


def test_another_command_line_is_another_build(project: Project) -> None:
    project.built()
    assert project.built("./net.arch -o out")
    assert not project.built("./net.arch -o out")
    project.patch.setenv("COLUMNS", "61")
    assert project.built()


def test_another_folder_is_another_build(project: Project, tmp_path: Path) -> None:
    project.built()
    other = tmp_path / "other"
    other.mkdir()
    for name in ("net.arch", "block.arch"):
        (other / name).write_bytes(Path(name).read_bytes())
    project.patch.chdir(other)
    assert project.built()


def test_warnings_and_errors_are_said_each_time(project: Project) -> None:
    Path("net.arch").write_text("arch net { input i: 8 x 8 x 3 head { conv(4) } }")  # is rounded
    assert project.built()
    assert project.built()
    Path("net.arch").write_text("arch net {")
    assert project.built()
    assert project.built()


def test_a_folder_that_ends_as_a_spec_does_is_not_noted(project: Project) -> None:
    Path("all.arch").mkdir()
    Path("all.arch/one.arch").write_text("arch one { input i: 8 x 8 x 8 head { relu6 } }")
    project.built("all.arch -o out")
    Path("all.arch/two.arch").write_text("arch two { input i: 8 x 8 x 8 head { relu6 } }")
    assert project.built("all.arch -o out")
    assert Path("out/two.py").exists()


def test_names_and_bounds_are_those_of_the_compiler() -> None:
    assert unchanged.BUSY == (LOCK, STAGING)
    assert DEFAULT_LIMITS.source_bytes > unchanged.LARGEST


def garbled(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"network", b"nothing"))


@pytest.mark.parametrize(
    "spoil",
    [garbled, lambda note: note.write_bytes(b"\xff\x00"), lambda note: note.write_text(""),
     lambda note: (note.unlink(), note.mkdir())],
)  # fmt: skip
def test_a_note_that_is_not_whole_is_not_believed(
    project: Project, spoil: Callable[[Path], object]
) -> None:
    project.built()
    (note,) = project.cache.iterdir()
    spoil(note)
    assert project.built()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no modes here")
def test_notes_are_kept_where_no_other_user_writes(project: Project) -> None:
    project.built()
    assert project.cache.stat().st_mode & 0o777 == 0o700
    project.cache.chmod(0o777)
    assert project.built()


def test_there_are_so_many_notes_at_most(project: Project) -> None:
    project.patch.setattr(unchanged, "MOST", 4)
    for number in range(9):
        project.built(f"net.arch -o out{number}")
    assert 0 < len(list(project.cache.iterdir())) <= 4


@pytest.mark.parametrize("folder", ["", "relative", "/dev/null/none"])
def test_without_a_folder_for_notes_it_builds(project: Project, folder: str) -> None:
    project.patch.setenv("ARCHC_CACHE", folder)
    project.built()
    assert project.built()
    assert not list(project.folder.glob("relative*"))


def test_a_home_that_is_not_there_is_no_fault(project: Project) -> None:
    for name in ("ARCHC_CACHE", "XDG_CACHE_HOME"):
        project.patch.delenv(name, raising=False)
    project.patch.setenv("HOME", str(project.folder / "none" / "home"))
    project.built()
    assert not project.built()


def test_calls_from_python_neither_note_nor_believe_notes(project: Project) -> None:
    project.built("net.arch -o other")
    cli.main(["net.arch", "-o", "out"])
    assert project.built()
    before = project.builds
    cli.main(["net.arch", "-o", "out"])
    assert project.builds == before + 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_what_cannot_be_said_is_a_build(project: Project) -> None:
    run = [sys.executable, "-c", "import sys; from archc.cli import main; sys.exit(main())"]
    line = [*run, "net.arch", "-o", "out"]
    subprocess.run(line, check=True, capture_output=True)
    for output, code in (("/dev/full", 1), ("/dev/null", 0)):
        with open(output, "w") as stream:
            done = subprocess.run(line, stdout=stream, stderr=subprocess.PIPE, text=True)
        assert (done.returncode, bool(done.stderr)) == (code, code == 1)
