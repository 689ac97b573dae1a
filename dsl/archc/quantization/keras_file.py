"""Load a `.keras` archive that may come from anywhere.

Keras makes objects of whatever a config names, and has more than once been led from there to code
(CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905). So the config is read as data first,
everything in it has to be of Keras' own modules, and Keras gets an archive that was packed anew
from what was checked: the config without the training set-up, and the weights.
"""

import io
import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from archc.diagnostics.codes import MODEL_FILE, QUANTIZE_MODEL, VERIFY_CODE
from archc.diagnostics.model import Rejected, reject
from archc.files import load_bytes
from archc.limits import DEFAULT_LIMITS, Limits
from archc.verify.strict import NotPlain, plain_json

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"

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
    data = load_bytes(path, limits.model_bytes, "model_bytes")
    config, weights = _unpack(path, data, limits)
    for found in _foreign(config):
        raise _refused(path, found)
    _plain_weights(path, weights)
    return Archive(path, config, weights)


def _unpack(path: str, data: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """The config and the weights of an archive."""
    import zipfile
    import zlib

    if data.startswith(b"\x89HDF"):
        raise reject(
            MODEL_FILE,
            f"`{path}` is an HDF5 file under another name",
            help="load it with the Keras that wrote it and save it again",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            names = [entry.filename for entry in entries]
            if len(set(names)) < len(names):
                raise _damaged(path, "two entries have one name")
            if sum(entry.file_size for entry in entries) > limits.model_bytes:
                raise _damaged(
                    path, f"it unpacks to more than {limits.model_bytes:,} bytes, `model_bytes`"
                )
            others = sorted(set(names) - {CONFIG, METADATA, WEIGHTS})
            if others:
                raise reject(
                    QUANTIZE_MODEL,
                    f"`{path}` holds `{others[0]}`, which is no part of a network of numbers",
                    help="only a config and HDF5 weights are read; save the model again without "
                    "layers that have files",
                )
            for name in (CONFIG, WEIGHTS):
                if name not in names:
                    raise _damaged(path, f"it holds no `{name}`")
            parts = []
            for name in (CONFIG, WEIGHTS):
                with archive.open(name) as entry:
                    parts.append(entry.read(limits.model_bytes + 1))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _damaged(path, str(error)) from None
    except (NotImplementedError, RuntimeError) as error:
        raise _damaged(path, f"it cannot be unpacked: {error}") from None
    if sum(map(len, parts)) > limits.model_bytes:
        raise _damaged(path, f"it unpacks to more than {limits.model_bytes:,} bytes, `model_bytes`")
    try:
        config = plain_json(parts[0], limits.nesting)
    except NotPlain as fault:
        raise _damaged(path, f"of its `{CONFIG}`, {fault}") from None
    if not isinstance(config, dict):
        raise _damaged(path, f"its `{CONFIG}` describes no model")
    config = {key: value for key, value in config.items() if key != "compile_config"}
    return config, parts[1]


def _damaged(path: str, why: str) -> Rejected:
    why = " ".join(why.split()).replace("File is not a zip file", "it is not a zip archive")
    return reject(MODEL_FILE, f"`{path}` is not a sound `.keras` archive: {why}")


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


def _plain_weights(path: str, weights: bytes) -> None:
    """Refuse HDF5 files that lead to other files."""
    import h5py

    try:
        with h5py.File(io.BytesIO(weights), "r") as file:
            pending = [file]
            while pending:
                group = pending.pop()
                for name in group:
                    link = group.get(name, getlink=True)
                    if not isinstance(link, h5py.HardLink):
                        raise _damaged(path, f"its weights have a link, `{name}`")
                    item = group[name]
                    if isinstance(item, h5py.Group):
                        pending.append(item)
                    elif item.external or item.is_virtual:
                        raise _damaged(path, f"its weights lie in another file, `{name}`")
    except Rejected:
        raise
    except Exception as error:  # h5py raises nearly anything for a damaged file
        raise _damaged(path, f"its weights cannot be read: {error}") from None


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
