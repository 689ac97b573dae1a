"""Outputs: all or none, ours only, and `--check`."""

import os
from pathlib import Path
from typing import Any

import pytest

from archc.emit.marker import MARKER, SCHEMA_FAMILY
from archc.files import Written, write
from archc.files.checking import stale

OURS = f"{MARKER}\nx = 1\n"
MANIFEST = f'{{"$schema": "{SCHEMA_FAMILY}9.9.json"}}\n'
FILES = {"net.py": OURS, "net.manifest.json": MANIFEST, "__init__.py": f"{MARKER}\n"}


def tree(folder: Path) -> dict[str, bytes | str]:
    """Everything in a folder: contents of files, targets of links."""
    return {
        path.relative_to(folder).as_posix(): (
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        )
        for path in sorted(folder.rglob("*"))
    }


def codes(outcome: Written) -> list[str]:
    return [diagnostic.code for diagnostic in outcome.diagnostics]


def test_new_outputs(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert write(str(folder), FILES) == Written(tuple(FILES), (), ())
    assert tree(folder) == {name: text.encode() for name, text in sorted(FILES.items())}
    assert stale(str(folder), FILES) == ()


def test_identical_outputs_are_not_touched(tmp_path: Path) -> None:
    write(str(tmp_path), FILES)
    os.utime(tmp_path / "net.py", (1, 1))
    changed = {**FILES, "net.manifest.json": MANIFEST + "\n"}
    assert write(str(tmp_path), changed) == Written(
        ("net.manifest.json",), ("net.py", "__init__.py"), ()
    )
    assert (tmp_path / "net.py").stat().st_mtime == 1
    assert tree(tmp_path)["net.manifest.json"] == MANIFEST.encode() + b"\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("net.py", b"print('mine')\n"),
        ("net.py", b"\n" + OURS.encode()),
        ("net.py", b""),
        ("net.py", b"\xff\0"),
        ("net.manifest.json", b"{}"),
        ("net.manifest.json", b"[]"),
        ("net.manifest.json", b"not json"),
        ("net.manifest.json", b'{"$schema": 3}'),
        ("net.manifest.json", b"[" * 100_000),
        ("net.manifest.json", b'{"$schema": "https://example.org/x.json"}'),
    ],
)
def test_foreign_files_are_never_overwritten(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    before = tree(tmp_path)
    outcome = write(str(tmp_path), FILES)
    assert outcome.failed
    assert codes(outcome) == ["output_foreign"]
    assert tree(tmp_path) == before
    assert "output_foreign" in [diagnostic.code for diagnostic in stale(str(tmp_path), FILES)]


def test_all_refusals_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "net.py").mkdir()
    (tmp_path / "net.manifest.json").symlink_to("elsewhere")
    before = tree(tmp_path)
    outcome = write(str(tmp_path), FILES)
    assert codes(outcome) == ["output_foreign", "output_foreign"]
    messages = [diagnostic.message for diagnostic in outcome.diagnostics]
    assert "a folder" in messages[0]
    assert "a symbolic link" in messages[1]
    assert tree(tmp_path) == before


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(OURS)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "net.py").symlink_to(outside)
    assert codes(write(str(folder), {"net.py": OURS})) == ["output_foreign"]
    assert codes(write(str(folder), {"net.py": OURS + "\n"})) == ["output_foreign"]
    assert outside.read_text() == OURS


def test_the_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert write(str(tmp_path / "link"), FILES).written == tuple(FILES)


def test_a_foreign_registry_is_left_alone_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("")
    outcome = write(str(tmp_path), FILES)
    assert codes(outcome) == ["registry_foreign"]
    assert not outcome.failed
    assert outcome.written == ("net.py", "net.manifest.json")
    assert (tmp_path / "__init__.py").read_text() == ""
    assert [diagnostic.level for diagnostic in stale(str(tmp_path), FILES)] == ["note"]


@pytest.mark.parametrize("path", ["file", "file/deeper", "nul\0", "", "x" * 300])
def test_folders_that_cannot_be(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    before = tree(tmp_path)
    assert codes(write(path, FILES)) == ["output_folder"]
    assert tree(tmp_path) == before
    assert [diagnostic.code for diagnostic in stale(path, FILES)] == ["output_folder"]


def failing(monkeypatch: pytest.MonkeyPatch, function: str, nth: int, error: BaseException) -> None:
    """Let the nth call of a function of `os` fail."""
    original = getattr(os, function)
    calls = 0

    def call(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise error
        return original(*args, **more)

    monkeypatch.setattr(os, function, call)


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("function", ["open", "replace"])
@pytest.mark.parametrize("existing", [False, True])
def test_a_failure_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, nth: int, existing: bool
) -> None:
    folder = tmp_path / "deep" / "out"
    if existing:
        write(str(folder), {name: text + "\n\n" for name, text in FILES.items()})
    before = tree(tmp_path)
    failing(monkeypatch, function, nth, OSError(28, "No space left on device"))
    outcome = write(str(folder), FILES)
    assert codes(outcome) == ["output_unwritable"]
    assert outcome.written == ()
    assert "no space left on device" in outcome.diagnostics[0].message
    assert tree(tmp_path) == before


def test_an_interrupt_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(str(tmp_path), {name: text + "\n" for name, text in FILES.items()})
    before = tree(tmp_path)
    failing(monkeypatch, "replace", 2, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write(str(tmp_path), FILES)
    assert tree(tmp_path) == before


def test_stale(tmp_path: Path) -> None:
    write(str(tmp_path), {**FILES, "old.py": OURS, "old.manifest.json": MANIFEST})
    (tmp_path / "mine.py").write_text("mine")
    (tmp_path / "net.manifest.json").unlink()
    found = stale(str(tmp_path), {**FILES, "net.py": OURS.replace("1", "2")})
    assert [(diagnostic.code, diagnostic.level) for diagnostic in found] == [
        ("output_stale", "error"),
        ("output_missing", "error"),
        ("output_orphan", "error"),
        ("output_orphan", "error"),
    ]
    assert found[0].notes == ("first difference in line 2",)


def test_names_with_folders_are_a_defect(tmp_path: Path) -> None:
    for name in ("../x.py", "a/b.py", "", ".."):
        with pytest.raises(ValueError, match="not a file name"):
            write(str(tmp_path), {name: ""})


def test_lone_surrogates_become_escapes(tmp_path: Path) -> None:
    write(str(tmp_path), {"net.py": f"{MARKER}\n# \udcff é\n"})
    assert (tmp_path / "net.py").read_text("utf-8").endswith("# \\udcff é\n")
