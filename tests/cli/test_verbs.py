"""The table of verbs, and what a newcomer sees of the package."""

import argparse
import subprocess
import sys

import pytest

import archc
from archc.cli.verbs import VERBS


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


def test_the_package_lists_its_names() -> None:
    assert dir(archc) == sorted(archc.__all__)
    assert all(getattr(archc, name) is not None for name in dir(archc))


def test_one_field_of_a_record_is_picked_like_several() -> None:
    from archc.plain import picked
    from archc.targets.builtin import builtin

    (rule, *_) = builtin("stm32n6").rules
    assert picked(rule, "limits") == {"limits": picked(rule, "name limits")["limits"]}
