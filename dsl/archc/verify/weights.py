"""The weights of a `.keras` archive: which variables there are, and whether they hold numbers."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any, NamedTuple

from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.verify.archive import SAVE_AGAIN

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


def readable() -> bool:
    """Whether HDF5 can be read here: `h5py` comes with the `tensorflow` extra."""
    return find_spec("h5py") is not None


def read_weights(name: str, data: bytes, limits: Limits) -> dict[str, Stored]:
    """The variables of a file of weights by path. Needs `h5py`; see `hdf5`.

    Args:
        name: of the model file, for messages.
        data: the HDF5 file.
        limits: ``model_bytes`` bounds what is unpacked.

    Raises:
        Rejected: the file is damaged, or refers to what is outside of it.
    """
    said: dict[str, Any] = {"refused": "it is damaged"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", _PROGRAM, str(limits.model_bytes)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "HDF5_PLUGIN_PATH": os.devnull},
            check=False,
        )
        if done.returncode == 0:
            said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        said = {"refused": f"it takes longer than {SECONDS} seconds to look into"}
    except (OSError, ValueError):
        pass
    if "refused" in said:
        raise reject(
            MODEL_FILE,
            f"the weights in `{name}` cannot be read: {said['refused']}",
            help=SAVE_AGAIN,
        )
    return {
        path: Stored(
            tuple(about["shape"]), about["dtype"], about["finite"], about["zero"], about["least"]
        )
        for path, about in said["variables"].items()
    }
