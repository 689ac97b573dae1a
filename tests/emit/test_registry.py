"""The `__init__.py` of an output folder."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from archc.emit import registry
from archc.emit.marker import MARKER

MODULE = """
def build_model(*, dropout=None, weight_decay=0.0, name="dscnn_a05"):
    return dropout, weight_decay, name
"""


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package of the registry with two networks, and files that are none."""
    folder = tmp_path / "generated_here"
    folder.mkdir()
    (folder / "__init__.py").write_text(registry.TEXT)
    for name, base in (("dscnn_a05", "dscnn"), ("dscnn", None)):
        (folder / f"{name}.py").write_text(MODULE)
        facts = {
            "base": base,
            "source": f"{name}.arch",
            "parameters": {"alpha": "0.5", "unit": "ds"},
        }
        (folder / f"{name}.manifest.json").write_text(json.dumps({"model": facts}))
    (folder / "helper.py").write_text("")
    (folder / "lost.manifest.json").write_text("{}")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("generated_here")
    for name in [name for name in sys.modules if name.startswith("generated_here")]:
        del sys.modules[name]


def test_it_lists_networks_that_have_both_files(generated: ModuleType) -> None:
    assert generated.list_models() == ["dscnn", "dscnn_a05"]


def test_it_finds_networks_added_later(generated: ModuleType) -> None:
    folder = Path(generated.__path__[0])
    (folder / "lost.py").write_text(MODULE)
    assert "lost" in generated.list_models()


def test_it_passes_knobs_on(generated: ModuleType) -> None:
    assert generated.build_model("dscnn_a05") == (None, 0.0, "dscnn_a05")
    assert generated.build_model("dscnn", dropout=0.1, weight_decay=1e-4, name="mine") == (
        *(0.1, 1e-4, "mine"),
    )


@pytest.mark.parametrize("name", ["dscnn_a5", "DSCNN_A05"])
def test_an_unknown_name_gets_the_nearest(generated: ModuleType, name: str) -> None:
    with pytest.raises(ValueError, match="no model is called"):
        generated.build_model(name)
    with pytest.raises(ValueError, match="did you mean dscnn_a05"):
        generated.build_model("dscnn_a5")


@pytest.mark.parametrize("name", ["helper", "lost", "__init__", "../dscnn", "os", ""])
def test_only_networks_are_imported(generated: ModuleType, name: str) -> None:
    with pytest.raises(ValueError, match=r"there are|did you mean"):
        generated.build_model(name)


def test_a_fixed_parameter_is_refused_with_a_way_out(generated: ModuleType) -> None:
    with pytest.raises(TypeError) as caught:
        generated.build_model("dscnn_a05", alpha=0.25)
    message = str(caught.value)
    assert message == (
        "dscnn_a05 was compiled with alpha = 0.5. Derive a variant: write "
        "`arch NAME = dscnn_a05(alpha = 0.25)` in a spec, or run "
        "`archc dscnn_a05.arch --set alpha=0.25 --name NAME -o DIR` "
        "(from dscnn, if dscnn_a05 itself sets alpha). "
        "build_model takes dropout, weight_decay, name."
    )
    with pytest.raises(TypeError, match=r"`arch NAME = dscnn\(unit = ir\)` in a spec, or run") as e:
        generated.build_model("dscnn", unit="ir")
    assert "itself sets" not in str(e.value)


def test_what_is_no_parameter_either_is_refused(generated: ModuleType) -> None:
    with pytest.raises(TypeError, match="has no knob or parameter beta; build_model takes dropout"):
        generated.build_model("dscnn", beta=1, alpha=2)


def test_importing_it_does_not_import_keras(generated: ModuleType) -> None:
    root = Path(generated.__path__[0]).parent
    code = (
        "import sys, generated_here as g; g.list_models(); "
        "sys.exit(any(m in sys.modules for m in ('keras', 'tensorflow', 'archc', 'jinja2')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    assert done.returncode == 0


def test_it_is_ours_and_clean(generated: ModuleType) -> None:
    assert registry.TEXT.splitlines()[0] == MARKER
    folder = generated.__path__[0]
    for command in (["format", "--check"], ["check"]):
        arguments = [*command, "--isolated", "--no-cache", f"{folder}/__init__.py"]
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
