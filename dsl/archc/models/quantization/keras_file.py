"""Load a `.keras` or `.h5` file that may come from anywhere.

Keras makes objects of whatever a config names, and has more than once been led from there to code
(CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905). So the config is read as data first,
everything in it has to be of Keras' own modules, and Keras gets an archive that was packed anew
from what was checked: the config without the training set-up, and the weights. Of an `.h5` file it
gets the config, in its own form, and the values of the weights, which another process has read.
"""

import json
import os
import re
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from archc.compiler import load_bytes
from archc.diagnostics.codes import LIMIT, MODEL_FILE, QUANTIZE_MODEL, VERIFY_CODE
from archc.diagnostics.model import Rejected, reject
from archc.formats import stranger
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.importer import read_config
from archc.models.importer.older import GONE, strangers
from archc.models.verify.advice import SAVE_AGAIN
from archc.models.verify.archive import CONFIG, METADATA, WEIGHTS
from archc.models.verify.saved import read_saved
from archc.models.verify.variables import named_variables
from archc.models.verify.weights import Contents, read_weights

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
MARGIN = 1 << 22
"""Values by which layers may be larger than what is stored: that is said of the layer itself."""
_CODE = frozenset({"__lambda__", "__typespec__"})
_KERAS = "save the model with `model.save('NAME.keras')`"
_WANTED = "a `.keras` or `.h5` file"


class Archive(NamedTuple):
    """What is taken of a file, checked."""

    path: str
    config: dict[str, Any]
    weights: bytes
    """HDF5, of a `.keras` archive."""
    contents: Contents | None
    """Of an `.h5` file."""


def read(path: str, limits: Limits = DEFAULT_LIMITS) -> Archive:
    """A file whose parts are plainly Keras' own. Nothing of it is run; Keras is not needed.

    Args:
        path: of a `.keras` archive or an `.h5` file.
        limits: ``model_bytes`` bounds the file and what is unpacked, ``nesting`` its config.

    Raises:
        Rejected: it is no such file, is damaged, or has layers of its own.
    """
    lower = path.lower()
    if lower.endswith(".tflite"):
        raise reject(
            QUANTIZE_MODEL,
            f"`{path}` is converted already",
            help="give the Keras model it was made from; `archc verify` checks a `.tflite` file "
            "against a manifest",
        )
    if os.path.isdir(path):
        raise reject(
            QUANTIZE_MODEL,
            f"`{path}` is a folder, not a `.keras` file",
            help=_KERAS,
        )
    if (other := stranger(path)) is not None:
        raise reject(QUANTIZE_MODEL, other.said(path), help=_KERAS)
    data = load_bytes(path, limits.model_bytes, "model_bytes", _WANTED)
    saved = read_saved(path, data, limits, values=True)
    if saved.weights is None and saved.contents is None:
        raise reject(
            MODEL_FILE, f"`{path}` contains no weights: it has no `{WEIGHTS}`", help=SAVE_AGAIN
        )
    for older in strangers(saved.config):
        name = older.class_name
        raise reject(
            QUANTIZE_MODEL,
            f"the layer `{older.layer}` of `{path}` is a {name}, {GONE[name]}",
            help="build that part of the model anew with layers of Keras 3, and load the weights",
        )
    for found in _foreign(saved.config):
        raise _refused(path, found)
    contents = saved.contents
    if contents is None:
        contents = read_weights(path, saved.weights or b"", limits)
    _measured(path, saved.config, contents, limits)
    return Archive(path, saved.config, saved.weights or b"", saved.contents)


def _measured(path: str, config: dict[str, Any], contents: Contents, limits: Limits) -> None:
    """Check that layers are as large as what is stored: Keras makes them before it reads weights,
    so that a few digits in a config would otherwise exhaust the memory.

    Raises:
        Rejected: the layers are larger, or more than the bound.
    """
    try:
        layers = read_config(_bare(config), limits=limits).layers
    except Rejected as rejected:
        if rejected.diagnostic.code == LIMIT.name:
            raise
        return  # what is wrong with it is Keras' to say
    wanted = sum(layer.params or 0 for layer in layers)
    held = sum(prod(stored.shape) for stored in contents.variables.values())
    if wanted > held + MARGIN:
        raise reject(
            MODEL_FILE,
            f"the layers of `{path}` have {wanted:,} parameters, and it holds {held:,} values",
            help=SAVE_AGAIN,
        )


def _bare(config: Any) -> Any:
    """A config without the shapes that Keras recorded, so that those of the layers count."""
    if isinstance(config, list):
        return [_bare(one) for one in config]
    if not isinstance(config, dict):
        return config
    made = {key: _bare(value) for key, value in config.items() if key != "build_config"}
    if made.get("class_name") == "__keras_tensor__" and isinstance(made.get("config"), dict):
        made["config"].pop("shape", None)
    return made


class Stranger(NamedTuple):
    """What is not plainly Keras' own."""

    class_name: str
    home: str | None
    """The module or package that it names."""
    layer: str
    """The layer that it is, or is a part of."""
    whole: bool
    """Whether it is the layer."""


def _foreign(config: dict[str, Any]) -> Iterator[Stranger]:
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
                # Keras names no module of a class that is not its own.
                ours = (
                    registered is None
                    if module is None
                    else isinstance(module, str) and _MODULES.fullmatch(module)
                )
                function = module == "builtins" and class_name == "function"
                custom = isinstance(registered, str) and ">" in registered
                if (
                    class_name in _RUNNING | _CODE
                    or custom
                    or not (ours or function)
                    or (function and not _known_function(inner))
                ):
                    package = str(registered).partition(">")[0] if custom else module
                    home = None if package is None else str(package)
                    yield Stranger(class_name, home, layer, isinstance(name, str))
            elif module is not None and class_name is not None:
                yield Stranger(str(class_name), str(module), layer, isinstance(name, str))
            pending += [(item, layer) for item in reversed(list(value.values()))]


def _known_function(name: object) -> bool:
    """Whether a function goes by a plain name, which Keras looks up among its own."""
    return isinstance(name, str) and name.isidentifier()


def _refused(path: str, found: Stranger) -> Rejected:
    name = found.class_name
    where = f"the layer `{found.layer}` of `{path}`" if found.layer else f"`{path}`"
    running = name in _RUNNING | _CODE
    home = f" of `{found.home}`" if found.home is not None and not running else ""
    if running:
        kind = "Lambda" if name == "__lambda__" else name
        what = f"{where} is a {kind}" if name in _RUNNING else f"{where} has a {kind}"
    elif found.whole:
        what = f"{where} is a custom layer: `{name}`{home}, which is not one of Keras"
    else:
        what = f"{where} holds the class `{name}`{home}, which is not one of Keras"
    shown = name if name.isidentifier() else "NAME"
    return reject(
        VERIFY_CODE,
        what,
        notes=["nothing of the file was run: it would need code that comes with it or is not here"],
        help="if you trust it, load it in Python yourself and call `archc.quantize(model, data)`"
        if running
        else "if you trust it, load it in Python where its class is defined, "
        f"`keras.saving.load_model({path!r}, custom_objects={{'{shown}': {shown}}})`, and call "
        "`archc.quantize(model, data)`",
    )


def load(archive: Archive) -> Any:
    """The Keras model of a file.

    Raises:
        Rejected: Keras cannot make it, or the weights are not those of its layers.
    """
    if archive.contents is not None:
        return _built(archive, archive.contents)
    import zipfile
    from tempfile import TemporaryDirectory

    import keras

    from archc.models.quantization.convert import quiet

    with TemporaryDirectory(prefix="archc-", ignore_cleanup_errors=True) as folder:
        packed = os.path.join(folder, "model.keras")
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr(METADATA, json.dumps({"keras_version": keras.__version__}))
            file.writestr(CONFIG, json.dumps(_revived(archive.config)))
            file.writestr(WEIGHTS, archive.weights)
        try:
            with quiet():
                return keras.saving.load_model(packed, compile=False, safe_mode=True)
        except Exception as error:
            raise _failed(archive.path, str(error).replace(packed, archive.path)) from None


def _built(archive: Archive, contents: Contents) -> Any:
    """A model of an `.h5` file: made of its config, then given its weights layer by layer."""
    import keras

    from archc.models.quantization.convert import quiet

    try:
        with quiet():
            model = keras.saving.deserialize_keras_object(_revived(archive.config), safe_mode=True)
    except Exception as error:
        raise _failed(archive.path, str(error)) from None
    if not isinstance(model, keras.Model):
        raise _failed(archive.path, "its config is not that of a model")
    pending = [(layer.name, layer) for layer in model.layers]
    while pending:
        path, layer = pending.pop()
        if isinstance(layer, keras.Model):
            pending += [(f"{path}/{inner.name}", inner) for inner in layer.layers]
        elif layer.weights:
            _give(archive.path, path, layer, contents)
    return model


def _give(file: str, path: str, layer: Any, contents: Contents) -> None:
    """Set the weights of a layer.

    Raises:
        Rejected: they are not those that it has.
    """
    stored = [contents.values.get(name) for name in named_variables(contents, path)]
    wanted = [tuple(weight.shape) for weight in layer.weights]
    if [None if value is None else value.shape for value in stored] != wanted:
        raise reject(
            MODEL_FILE,
            f"the weights of the layer `{path}` in `{file}` are not those that it has",
            notes=[f"it has {len(wanted)}, and {len(stored)} are stored"]
            if len(wanted) != len(stored)
            else [],
            help=SAVE_AGAIN,
        )
    layer.set_weights(stored)


def _revived(config: Any) -> Any:
    """A config whose tensors all have a shape, which Keras wants to see and does not use."""
    if isinstance(config, list):
        return [_revived(one) for one in config]
    if not isinstance(config, dict):
        return config
    made = {key: _revived(value) for key, value in config.items()}
    if made.get("class_name") == "__keras_tensor__" and isinstance(made.get("config"), dict):
        made["config"] = {"shape": [None], "dtype": "float32", **made["config"]}
    return made


def _failed(path: str, error: str) -> Rejected:
    import keras

    from archc.models.quantization.convert import last_lines

    return reject(
        MODEL_FILE,
        f"Keras {keras.__version__} cannot load `{path}`",
        notes=[f"it said: {line}" for line in last_lines(error)[-3:]],
        help="was it saved by a newer Keras? otherwise the file is damaged",
    )
