"""Outputs as one set: two processes at once, and processes killed anywhere on the way."""

import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archc.emit import registry
from archc.emit.marker import MARKER, RECORD, SCHEMA_FAMILY, STAGING
from archc.files import lock, write
from archc.files.checking import stale
from archc.files.lock import LOCK
from archc.files.saving import rewrite, save
from archc.files.transaction import pending

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

CALLS = ("open", "replace", "unlink", "mkdir", "rmdir", "link", "write")
"""Functions of `os` by which files change."""
NAMES = tuple(f"net{number}" for number in range(3))


def files(version: str) -> dict[str, str]:
    """The outputs of a compile of three networks."""
    digest = f"sha256:{version * 64}"
    made = {"__init__.py": registry.TEXT}
    for name in NAMES:
        made[f"{name}.py"] = f"{MARKER}\n# digest: {digest}\n\n\ndef build_model():\n    return 1\n"
        facts = {"parameters": {}, "base": None, "source": "a.arch", "source_digest": digest}
        document = {"$schema": f"{SCHEMA_FAMILY}1.1.json", "model": facts}
        made[f"{name}.manifest.json"] = json.dumps(document)
    return made


OLD, NEW = files("a"), files("b")


def forked(work: Callable[[], object]) -> int:
    """Do something in a process of its own; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def counted(patch: pytest.MonkeyPatch, nth: int, after: bool, then: Callable[[], Any]) -> None:
    """Let something happen before or after the nth call that changes files."""
    calls = 0

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            now = calls == nth
            if now and not after:
                then()
            try:
                return original(*args, **more)
            finally:
                if now and after:
                    then()

        return call

    for name in CALLS:
        patch.setattr(os, name, wrapped(getattr(os, name)))


def killed(nth: int, after: bool, work: Callable[[], object]) -> bool:
    """Do something in a process that is killed at the nth call; whether there were so many."""

    def child() -> None:
        patch = pytest.MonkeyPatch()
        counted(patch, nth, after, lambda: os.kill(os.getpid(), signal.SIGKILL))
        work()

    code = forked(child)
    assert code in (0, -signal.SIGKILL)
    return code != 0


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name[0] != "."}


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name[0] == ".")


def codes(folder: Path, wanted: dict[str, str]) -> list[str]:
    return [one.code for one in stale(str(folder), wanted)]


def registry_says(folder: Path) -> str:
    """What the registry of a folder says of its networks: empty where it builds them all."""
    sys.path.insert(0, str(folder.parent))
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing but what archc wrote
    try:
        module = importlib.import_module(folder.name)
        for name in NAMES:
            assert module.build_model(name) == 1
    except RuntimeError as refused:
        return str(refused)
    finally:
        sys.dont_write_bytecode = kept
        del sys.path[0]
        for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
            del sys.modules[name]
    return ""


@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_no_mix_stays(tmp_path: Path, after: bool) -> None:
    """At every call that changes a file: before the change is made, what was there; from then on
    the next run finishes it, and until then `--check` and the registry tell."""
    mixed = 0
    nth = 0
    while True:
        nth += 1
        folder = tmp_path / f"out_{after}_{nth}"
        write(str(folder), OLD)
        if not killed(nth, after, lambda folder=folder: write(str(folder), NEW)):
            break
        here = contents(folder)
        if here not in (OLD, NEW):
            mixed += 1
            found = pending(str(folder))
            assert found is not None
            assert found.mixed
            assert "output_mixed" in codes(folder, NEW)
            assert "interrupted" in registry_says(folder)
        # The next run compiles something else.
        assert not write(str(folder), {"__init__.py": registry.TEXT}).failed
        assert contents(folder) in (OLD, NEW)
        assert here in (OLD, NEW) or contents(folder) == NEW
        assert hidden(folder) == []
        assert registry_says(folder) == ""
    assert contents(folder) == NEW
    assert hidden(folder) == []
    assert nth > 20
    assert mixed == 5  # six files change, one at a time


@pytest.mark.parametrize("after", [False, True])
def test_interrupted_anywhere_nothing_changed(tmp_path: Path, after: bool) -> None:
    """Ctrl-C at every such call: as it was, or, where all was in place, as it shall be."""
    nth = 0
    while True:
        nth += 1
        folder = tmp_path / f"{after}{nth}"
        write(str(folder), OLD)

        def interrupt() -> None:
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            counted(patch, nth, after, interrupt)
            try:
                write(str(folder), NEW)
                break
            except KeyboardInterrupt:
                pass
        found = pending(str(folder))
        assert contents(folder) in (OLD, NEW)
        assert found is None or not found.mixed
    assert nth > 20


def test_a_killed_undo_is_finished(tmp_path: Path) -> None:
    """A change that fails is put back by a change of its own, which may be killed as well."""

    def work(folder: str, nth: int) -> None:
        replaces = 0
        original = os.replace

        def replace(source: str, target: str) -> None:
            nonlocal replaces
            replaces += 1
            if replaces == 4:
                raise OSError(28, "No space left on device")
            if replaces > 4 + nth:
                os.kill(os.getpid(), signal.SIGKILL)
            original(source, target)

        os.replace = replace
        write(folder, {**NEW, "__init__.py": f"{MARKER}\n"})

    for nth in range(5):
        folder = tmp_path / str(nth)
        write(str(folder), OLD)
        code = forked(lambda folder=folder, nth=nth: work(str(folder), nth))
        if code == 0:
            assert contents(folder) == OLD
            break
        assert code == -signal.SIGKILL
        write(str(folder), {})
        write(str(folder), {"other.py": f"{MARKER}\n"})
        assert {k: v for k, v in contents(folder).items() if k != "other.py"} in (
            OLD,
            {**NEW, "__init__.py": f"{MARKER}\n"},
        )
    assert nth == 3


def test_what_somebody_changed_since_stays(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    write(str(folder), OLD)
    nth = 1
    while killed(nth, True, lambda: write(str(folder), NEW)):
        found = pending(str(folder))
        if found is not None and found.placed == 2:
            break
        write(str(folder), OLD)
        nth += 1
    last = found.steps[-1].name if found is not None else ""
    (folder / last).write_text("mine")
    assert write(str(folder), {"__init__.py": registry.TEXT}).diagnostics[0].code == (
        "output_recovered"
    )
    assert contents(folder) == {**NEW, last: "mine"}


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "..", STAGING, 7])
def test_a_forged_record_changes_nothing_outside(tmp_path: Path, name: object) -> None:
    """A folder from elsewhere may hold any record."""
    folder = tmp_path / "out"
    (folder / STAGING).mkdir(parents=True)
    (folder / STAGING / "0").write_text("x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    steps = [{"name": name, "before": None, "after": digest}]
    record = {"pid": 1, "host": "x", "since": "y", "offset": 0, "files": steps}
    (folder / STAGING / RECORD).write_text(json.dumps(record))
    assert not write(str(folder), OLD).failed
    assert contents(folder) == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_in_the_place_of_the_staging_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / STAGING).symlink_to(elsewhere)
    outcome = write(str(folder), OLD)
    assert [one.code for one in outcome.diagnostics] == ["output_unwritable"]
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert contents(folder) == {}


def test_a_lock_names_its_holder_and_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    ready, go = os.pipe(), os.pipe()

    child = os.fork()
    if child == 0:
        with lock.locked(str(tmp_path)):
            os.write(ready[1], b"x")
            os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    (refused,) = write(str(tmp_path), OLD).diagnostics
    assert refused.code == "output_locked"
    assert f"process {child} on {os.uname().nodename}, since 20" in refused.message
    assert codes(tmp_path, OLD) == ["output_locked"]
    assert contents(tmp_path) == {}
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert hidden(tmp_path) == [LOCK]  # stale: its holder is gone
    assert not write(str(tmp_path), OLD).failed
    assert hidden(tmp_path) == []
    for end in (*ready, *go):
        os.close(end)


@pytest.mark.parametrize("content", ["mine", '{"a": 1}'])
def test_what_is_no_lock_is_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / LOCK).write_text(content)
    (refused,) = write(str(tmp_path), OLD).diagnostics
    assert refused.code == "output_foreign"
    assert (tmp_path / LOCK).read_text() == content


def test_two_builds_at_once_leave_one_of_both(tmp_path: Path) -> None:
    for number in range(20):
        folder = tmp_path / str(number)
        start = time.monotonic() + 0.02
        children = []
        for version in (OLD, NEW):
            child = os.fork()
            if child == 0:
                while time.monotonic() < start:
                    pass
                os._exit(write(str(folder), version).failed)
            children.append(child)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert ended == [0, 0]
        assert contents(folder) in (OLD, NEW)
        assert hidden(folder) == []


def test_temporaries_of_the_dead_are_removed_and_of_the_living_are_not(tmp_path: Path) -> None:
    abandoned = tmp_path / ".net0.py.4242-0.tmp"
    abandoned.write_text("half")
    foreign = tmp_path / ".notes.txt.4242-0.tmp"
    foreign.write_text("not an output")
    alive = tmp_path / ".net1.py.4243-0.tmp"
    with alive.open("w") as held:
        assert lock.lock(held.fileno())
        write(str(tmp_path), OLD)
        assert hidden(tmp_path) == [alive.name, foreign.name]
    write(str(tmp_path), NEW)
    assert hidden(tmp_path) == [foreign.name]


def test_a_killed_rewrite_of_a_source_leaves_nothing_for_ever(tmp_path: Path) -> None:
    spec = tmp_path / "a.arch"
    spec.write_text("old")
    nth = 0
    while killed(nth := nth + 1, True, lambda: rewrite(str(spec), "new")):
        assert spec.read_text() in ("old", "new")
    rewrite(str(spec), "newer")
    assert [path.name for path in tmp_path.iterdir()] == ["a.arch"]
    assert nth > 2


def test_outputs_of_one_command_are_one_set(tmp_path: Path) -> None:
    """As `quantize` and `manual` write them, in two folders as well."""
    paths = [str(tmp_path / name) for name in ("a/x.npz", "a/x.tflite", "b/y.npz")]
    old, new = (dict.fromkeys(paths, version) for version in (b"old", b"new"))
    assert save(old, lambda _: True) is None
    nth = 0
    while killed(nth := nth + 1, True, lambda: save(new, lambda _: True)):
        for folder in ("a", "b"):
            here = set(contents(tmp_path / folder).values())
            found = pending(str(tmp_path / folder))
            assert len(here) == 1 or (found is not None and found.mixed)
        assert save(old, lambda _: True) is None
        assert all(Path(path).read_bytes() == b"old" for path in paths)
        assert hidden(tmp_path / "a") == hidden(tmp_path / "b") == []
    assert all(Path(path).read_bytes() == b"new" for path in paths)
    with pytest.MonkeyPatch.context() as patch:
        full = OSError(28, "No space left on device")
        original = os.replace

        def replace(source: str, target: str) -> None:
            if target.endswith("y.npz"):
                raise full
            original(source, target)

        patch.setattr(os, "replace", replace)
        failed = save(old, lambda _: True)
    assert failed is not None
    assert failed.code == "output_unwritable"
    assert all(Path(path).read_bytes() == b"new" for path in paths)
