"""Names of blocks and parameters that Python would take for its own."""

from typing import Any

import pytest

from support.emitted import outside
from support.marked import head
from support.say import network

NAMES = (
    "__init__", "__getattr__", "__builtins__", "__name__", "__dir__", "__all__", "__import__", "__",
    "_", "____", "__1__", "_1", "__class", "__debug__", "print", "keras", "layers", "name", "list",
    "regularizer", "regularizers", "dropout", "build_model", "MODEL_NAME", "TOTAL_PARAMS", "repeat",
    "l", "O", "inputs", "shortcut", "gate_", "branch_1", "match", "type", "float", "str", "range",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_module_with_such_a_name_is_clean(name: str) -> None:
    """A block of this name with a parameter of it, called twice so that it becomes a function."""
    block = f"block {name}({name}) {{ skip {{ conv({name}) batchnorm conv(in.channels) }} }}\n"
    made = network(block + head(f"{name}(8) {name}(16) conv(24) {name}(8)"))
    classes = {layer["class_name"] for layer in made.manifest["layers"]}
    assert outside(made.module, classes) == []
    namespace: dict[str, Any] = {"__name__": "generated"}
    before = set(namespace) | {"__builtins__"}
    stub = made.module.replace("import keras\nfrom keras import layers, regularizers\n", "")
    exec(compile(stub.replace("-> keras.Model", ""), "a.py", "exec"), namespace)
    assert not {key for key in set(namespace) - before if key.startswith("__")} - {"__doc__"}
