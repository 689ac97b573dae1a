"""The table of verbs, and what a newcomer sees of the package."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

import archc
from archc.cli import main
from archc.cli.verbs import VERBS
from support.flat import separable


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_a_module_imported_on_demand(name: str) -> None:
    module = VERBS[name].load()
    module.arguments(argparse.ArgumentParser())
    assert callable(module.run)
    assert VERBS[name].summary[0].islower()
    assert not VERBS[name].summary.endswith(".")


def test_no_verb_is_imported_by_the_table() -> None:
    code = (
        "import sys, archc.cli.command\n"
        "from archc.cli.verbs import VERBS\n"
        "print([name for name in VERBS if f'archc.cli.verbs.{name}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


SPEC = str(Path(__file__).parents[2] / "specs" / "dscnn_a05.arch")


@pytest.mark.parametrize(
    "words",
    [
        [SPEC, "-o", "new/folder"],
        ["graph", SPEC, "-o", "new/folder/net.svg"],
        ["report", SPEC, "-o", "new/folder/net.html"],
        ["new", "mine", "-o", "new/folder"],
        ["import", "net.tflite", "-o", "new/folder/net.arch"],
        ["manual", "-o", "new/folder"],
        ["sweep", SPEC, "--over", "num_classes=10,20", "-o", "new/folder/all.csv"],
    ],
    ids=lambda words: words[0].rpartition("/")[2],
)
def test_every_verb_makes_the_folder_it_writes_to(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.tflite").write_bytes(separable(4, 8))
    assert main(words) == 0
    assert any(path.stat().st_size for path in Path("new/folder").iterdir())


def test_the_package_lists_its_names() -> None:
    assert dir(archc) == sorted(archc.__all__)
    assert all(getattr(archc, name) is not None for name in dir(archc))


def test_one_field_of_a_record_is_picked_like_several() -> None:
    from archc.plain import picked
    from archc.targets.builtin import builtin

    (rule, *_) = builtin("stm32n6").rules
    assert picked(rule, "limits") == {"limits": picked(rule, "name limits")["limits"]}
