"""Load a `.keras` archive that may come from anywhere.

Keras makes objects of whatever a config names, and has more than once been led from there to code
(CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905). So the config is read as data first,
everything in it has to be of Keras' own modules, and Keras gets an archive that was packed anew
from what was checked: the config without the training set-up, and the weights.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from archc.diagnostics.codes import MODEL_FILE, QUANTIZE_MODEL, VERIFY_CODE
from archc.diagnostics.model import Rejected, reject
from archc.files import load_bytes
from archc.limits import DEFAULT_LIMITS, Limits
from archc.verify.archive import CONFIG, METADATA, SAVE_AGAIN, WEIGHTS, read_archive
from archc.verify.weights import read_weights

_MODULES = re.compile(
    r"keras(\.src)?(\.(activations|constraints|dtype_policies|initializers|layers|models|ops|"
    r"quantizers|regularizers)(\.\w+)*)?"
)
"""Modules whose objects a config may name."""
_RUNNING = frozenset(
    {
        *("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"),
        *("StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing"),
    }
)
"""Layers of Keras that run code from the file, read other files, or work on texts."""
_CODE = frozenset({"__lambda__", "__typespec__"})
_OLD = (".h5", ".hdf5")
_WANTED = "a `.keras` file"


class Archive(NamedTuple):
    """What is taken of an archive, checked."""

    path: str
    config: dict[str, Any]
    weights: bytes
    """HDF5."""


def read(path: str, limits: Limits = DEFAULT_LIMITS) -> Archive:
    """An archive whose parts are plainly Keras' own. Nothing of it is run; Keras is not needed.

    Args:
        path: of a `.keras` archive.
        limits: ``model_bytes`` bounds the file and what is unpacked, ``nesting`` its config.

    Raises:
        Rejected: it is no such archive, is damaged, or has layers of its own.
    """
    lower = path.lower()
    if lower.endswith(_OLD):
        raise reject(
            QUANTIZE_MODEL,
            f"`{path}` is of the older HDF5 format, which is not read",
            help="load it with the Keras that wrote it and save it again: "
            "`model.save('NAME.keras')`",
        )
    if lower.endswith(".tflite"):
        raise reject(
            QUANTIZE_MODEL,
            f"`{path}` is converted already",
            help="give the Keras model it was made of; `archc verify` holds a `.tflite` file "
            "against a manifest",
        )
    if os.path.isdir(path):
        raise reject(
            QUANTIZE_MODEL,
            f"`{path}` is a folder, not a `.keras` file",
            help="save the model with `model.save('NAME.keras')`",
        )
    archive = read_archive(
        path, load_bytes(path, limits.model_bytes, "model_bytes", _WANTED), limits
    )
    if archive.weights is None:
        raise reject(
            MODEL_FILE, f"`{path}` holds no weights: it has no `{WEIGHTS}`", help=SAVE_AGAIN
        )
    config = {key: value for key, value in archive.config.items() if key != "compile_config"}
    for found in _foreign(config):
        raise _refused(path, found)
    read_weights(path, archive.weights, limits)
    return Archive(path, config, archive.weights)


def _foreign(config: dict[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """(class, module, name of the layer) of what is not plainly Keras' own."""
    pending: list[tuple[Any, str]] = [(config, "")]
    while pending:
        value, layer = pending.pop()
        if isinstance(value, list):
            pending += [(item, layer) for item in reversed(value)]
        elif isinstance(value, dict):
            inner = value.get("config")
            name = inner.get("name") if isinstance(inner, dict) else None
            layer = name if isinstance(name, str) else layer
            class_name, module = value.get("class_name"), value.get("module")
            if isinstance(class_name, str):
                registered = value.get("registered_name")
                ours = module is None or (isinstance(module, str) and _MODULES.fullmatch(module))
                function = module == "builtins" and class_name == "function"
                custom = isinstance(registered, str) and ">" in registered
                if (
                    class_name in _RUNNING | _CODE
                    or custom
                    or not (ours or function)
                    or (function and not _known_function(inner))
                ):
                    yield class_name, str(registered if custom else module), layer
            elif module is not None and class_name is not None:
                yield str(class_name), str(module), layer
            pending += [(item, layer) for item in reversed(list(value.values()))]


def _known_function(name: object) -> bool:
    """Whether a function goes by a plain name, which Keras looks up among its own."""
    return isinstance(name, str) and name.isidentifier()


def _refused(path: str, found: tuple[str, str | None, str]) -> Rejected:
    class_name, module, layer = found
    where = f"the layer `{layer}` of `{path}`" if layer else f"`{path}`"
    if class_name in _RUNNING | _CODE:
        kind = "Lambda" if class_name == "__lambda__" else class_name
        what = f"{where} is a {kind}" if class_name in _RUNNING else f"{where} has a {kind}"
    else:
        what = f"{where} is of the class `{class_name}`, which is not one of Keras"
    notes = ["nothing of the file was run: it would need code that comes with it or is not here"]
    if module not in (None, "None") and class_name not in _RUNNING | _CODE:
        notes.append(f"it names `{module}`")
    return reject(
        VERIFY_CODE,
        what,
        notes=notes,
        help="if you trust it, load it in Python yourself and call `archc.quantize(model, data)`",
    )


def load(archive: Archive) -> Any:
    """The Keras model of an archive.

    Raises:
        Rejected: Keras cannot make it.
    """
    import zipfile
    from tempfile import TemporaryDirectory

    import keras

    from archc.quantization.convert import last_lines, quiet

    with TemporaryDirectory(prefix="archc-", ignore_cleanup_errors=True) as folder:
        packed = os.path.join(folder, "model.keras")
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr(METADATA, json.dumps({"keras_version": keras.__version__}))
            file.writestr(CONFIG, json.dumps(archive.config))
            file.writestr(WEIGHTS, archive.weights)
        try:
            with quiet():
                return keras.saving.load_model(packed, compile=False, safe_mode=True)
        except Exception as error:
            words = last_lines(str(error).replace(packed, archive.path))[-3:]
            raise reject(
                MODEL_FILE,
                f"Keras {keras.__version__} cannot load `{archive.path}`",
                notes=[f"it said: {line}" for line in words],
                help="was it saved by a newer Keras? otherwise the file is damaged",
            ) from None
