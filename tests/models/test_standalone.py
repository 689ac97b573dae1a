"""Generated modules need nothing but Keras: they run in an interpreter without archc."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import shipped

pytestmark = pytest.mark.keras

BUILT = ("dscnn_a05_ir_se_attn", "mobilenet_v3_small", "squeezenet")
"""Networks that are built; all others are imported only."""
PROGRAM = """
import importlib, json, sys
for absent in ("archc", "jinja2", "lark", "jsonschema"):
    sys.modules[absent] = None  # an import of it raises ImportError
names, built = json.loads(sys.argv[1]), json.loads(sys.argv[2])
sys.path.insert(0, "generated")
alone = {name: importlib.import_module(name) for name in names}
sys.path.pop(0)
from generated import build_model, list_models
models = {name: alone[name].build_model() for name in built}
print(json.dumps({
    "listed": list(list_models()),
    "modules": {name: {layer.name: layer.count_params() for layer in model.layers}
                for name, model in models.items()},
    "registry": {name: build_model(name).count_params() for name in built},
}))
"""


@pytest.mark.parametrize("name", shipped.NAMES)
def test_a_module_imports_keras_alone(name: str) -> None:
    tree = ast.parse(shipped.compiled(name).module_source)
    imports = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert set(imports) <= {
        "import keras",
        "from keras import layers",
        "from keras import layers, regularizers",
    }


def test_modules_and_registry_run_without_archc(tmp_path: Path) -> None:
    for name in shipped.NAMES:
        shipped.compiled(name).write(tmp_path / "generated")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(shipped.NAMES), json.dumps(BUILT)],
        cwd=tmp_path,
        env={**environment, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["listed"] == sorted(shipped.NAMES)
    for name in BUILT:
        manifest = shipped.compiled(name).manifest
        assert said["registry"][name] == manifest["totals"]["params"]
        declared = {layer["name"]: layer["params"] for layer in manifest["layers"]}
        assert said["modules"][name] == declared
