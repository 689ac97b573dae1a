"""The wheel, installed without TensorFlow into an empty environment, and what a compile imports."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from archc.prebuilt import MAKERS

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "numpy", "jsonschema", "hypothesis", "importlib.metadata")


def test_the_wheel_has_all_that_a_compile_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "archc/grammars/arch.lark" in names
    assert {f"archc/prebuilt/{name}.py" for name in MAKERS} <= names
    assert "archc/py.typed" in names
    package = ROOT / "dsl" / "archc"
    data = ("std/*.arch", "targets/*.toml", "emit/schema/*.json", "emit/templates/*")
    for pattern in (*data, "manual/*.md", "manual/*.yml"):
        files = list(package.glob(pattern))
        assert files, pattern
        assert {f"archc/{file.relative_to(package).as_posix()}" for file in files} <= names


def test_an_empty_environment_compiles_from_another_folder(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", str(wheel)], check=True, capture_output=True
    )
    absent = "import importlib.util as u; print(u.find_spec('tensorflow'), u.find_spec('keras'))"
    found = subprocess.run([python, "-c", absent], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["None", "None"]

    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "mine.arch").write_text(
        "arch mine {\n    target stm32n6\n    input image: 32 x 32 x 3\n"
        "    stage stem(channels = 16, stride = 2) { conv(kernel = 3x3) batchnorm relu6 }\n"
        "    head { global_average_pool dense(10) sigmoid }\n}\n"
    )
    command = [scripts / "archc", "mine.arch", "-o", "out", "--validate"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "__init__.py",
        "mine.manifest.json",
        "mine.py",
    ]
    built = "import archc; archc.compile_file('mine.arch').build_model()"
    missing = subprocess.run(
        [python, "-c", built], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "archc-dsl[tensorflow]" in missing.stderr


@pytest.mark.parametrize("verb", ["build", "check"])
def test_a_wheel_starts_without(wheel: Path, verb: str, tmp_path: Path) -> None:
    """What took most of a start: each has a place where it is made before, or done otherwise."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    slow = ["lark", "jinja2", "tomllib", "argparse", "typing", "inspect", "hashlib"]
    arguments = [verb, str(ROOT / "specs" / "dscnn_a05.arch")]
    if verb == "build":
        arguments += ["-o", str(tmp_path / "out")]
    code = (
        f"import sys\nsys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        f"from archc.cli import main\nassert main({arguments!r}) == 0\n"
        f"print('SLOW', [name for name in {slow!r} if name in sys.modules])"
    )
    command = [sys.executable, "-I", "-S", "-c", code]  # what `site` loads is not ours
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = "SLOW ['typing']" if sys.version_info >= (3, 14) else "SLOW []"
    assert done.stdout.splitlines()[-1] == expected


@pytest.mark.parametrize("verb", ["build", "check", "profile"])
def test_a_compile_imports_nothing_heavy(verb: str, tmp_path: Path) -> None:
    arguments = [verb, str(ROOT / "specs" / "dscnn_a05.arch")]
    if verb == "build":
        arguments += ["-o", str(tmp_path)]
    code = (
        "import sys\nfrom archc.cli import main\n"
        f"assert main({arguments!r}) == 0\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "HEAVY []"
