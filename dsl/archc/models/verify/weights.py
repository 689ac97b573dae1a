"""HDF5 files: which variables there are and whether they hold numbers, read in another process."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any, NamedTuple

from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.models.verify.advice import SAVE_AGAIN
from archc.plain import restored

SECONDS = 120
_PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hdf5.py")


class Stored(NamedTuple):
    """A variable in a file of weights."""

    shape: tuple[int, ...]
    dtype: str
    finite: bool
    """Whether all of its values are numbers."""
    zero: bool
    """Whether all of its values are zero."""
    least: float | None
    """The smallest of its values that are numbers."""


class Contents(NamedTuple):
    """What an HDF5 file holds."""

    variables: dict[str, Stored]
    """By path."""
    config: str | None
    """The model's config as JSON; only the older format has it in this file."""
    keras_version: str | None
    layers: dict[str, tuple[str, ...]]
    """Of the older format: paths of the variables of every layer, in Keras' order."""
    values: dict[str, Any]
    """Values by path as float32 arrays of NumPy, where they are asked for."""


def readable() -> bool:
    """Whether HDF5 can be read here: `h5py` comes with the `tensorflow` extra."""
    return find_spec("h5py") is not None


def read_weights(name: str, data: bytes, limits: Limits, *, values: bool = False) -> Contents:
    """What a file of weights holds. Needs `h5py`; see `hdf5`.

    Args:
        name: of the model file, for messages.
        data: the HDF5 file.
        limits: ``model_bytes`` bounds what is unpacked.
        values: whether the values are wanted too; that needs NumPy here.

    Raises:
        Rejected: the file is damaged, or refers to what is outside of it.
    """
    said, rest = _ask(data, limits, values=values)
    if "refused" in said:
        raise reject(
            MODEL_FILE,
            f"the weights in `{name}` cannot be read: {said['refused']}",
            help=SAVE_AGAIN,
        )
    variables = restored(dict[str, Stored], said["variables"])
    return Contents(
        variables,
        said.get("model_config"),
        said.get("keras_version"),
        restored(dict[str, tuple[str, ...]], dict(said.get("layers", ()))),
        _values(variables, rest) if values else {},
    )


def _ask(data: bytes, limits: Limits, *, values: bool) -> tuple[dict[str, Any], bytes]:
    """What the program says of the file, and the values that follow it."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", _PROGRAM, str(limits.model_bytes), *["values"] * values],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "HDF5_PLUGIN_PATH": os.devnull},
            check=False,
        )
        if done.returncode == 0:
            head, _, rest = done.stdout.partition(b"\n")
            return json.loads(head), rest
    except subprocess.TimeoutExpired:
        return {"refused": f"it takes longer than {SECONDS} seconds to look into"}, b""
    except (OSError, ValueError):
        pass
    return {"refused": "it is damaged"}, b""


def _values(variables: dict[str, Stored], data: bytes) -> dict[str, Any]:
    import numpy as np

    flat = np.frombuffer(data, "<f4")
    found, start = {}, 0
    for path, stored in variables.items():
        size = int(np.prod(stored.shape, dtype=np.int64))
        found[path] = flat[start : start + size].reshape(stored.shape)
        start += size
    return found
