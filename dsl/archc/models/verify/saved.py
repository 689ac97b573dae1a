"""Read a Keras model from a file of either format, as data: nothing in it is run."""

from archc.diagnostics.codes import EXTRA_MISSING, MODEL_FILE
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.models.signatures import HDF5, mistaken
from archc.models.verify.advice import SAVE_AGAIN
from archc.models.verify.archive import Archive, read_archive, untrained
from archc.models.verify.strict import NotPlain, plain_json
from archc.models.verify.weights import read_weights, readable

OLDER = (".h5", ".hdf5")


def read_saved(name: str, data: bytes, limits: Limits, *, values: bool = False) -> Archive:
    """What a `.keras` or `.h5` file holds; its config in the form of Keras 3.

    Args:
        name: of the file; its ending says what it is.
        data: its bytes.
        limits: ``model_bytes`` bounds what is unpacked, ``nesting`` the depth of brackets.
        values: whether the values of an `.h5` file are wanted too; that needs NumPy.

    Raises:
        Rejected: it is no such file, is damaged or over a bound, or h5py is missing.
    """
    from archc.models.importer.older import modern

    if name.lower().endswith(OLDER):
        return _read_h5(name, data, limits, values)
    archive = read_archive(name, data, limits)
    if (archive.keras_version or "").startswith("2."):
        return archive._replace(config=modern(archive.config))
    return archive


def _read_h5(name: str, data: bytes, limits: Limits, values: bool) -> Archive:
    from archc.models.importer.older import modern

    if not data.startswith(HDF5):
        raise mistaken(name, data, "an HDF5 file", "one", SAVE_AGAIN)
    if not readable():
        raise reject(
            EXTRA_MISSING,
            f"reading `{name}` needs h5py, not installed here",
            help="pip install h5py",
        )
    contents = read_weights(name, data, limits, values=values)
    if contents.config is None:
        raise reject(
            MODEL_FILE,
            f"`{name}` says nothing of the layers of a model: it holds weights alone, or no model",
            help="build the model, load them into it (`model.load_weights`) and save it as a "
            "whole: `model.save('NAME.keras')`",
        )
    try:
        config = plain_json(contents.config.encode("utf-8", "replace"), limits.nesting)
    except NotPlain as problem:
        raise reject(
            MODEL_FILE,
            f"`{name}` is damaged: its `model_config` is no JSON document: {problem}",
            help=SAVE_AGAIN,
        ) from None
    if not isinstance(config, dict):
        raise reject(MODEL_FILE, f"`{name}` contains no model config", help=SAVE_AGAIN)
    return Archive(modern(untrained(config)), contents.keras_version, None, contents)
