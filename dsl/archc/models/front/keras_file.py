"""A `.keras` or `.h5` file as the op graph that specs become. Nothing in it is run."""

from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.importer import Imported, read_config
from archc.models.verify.saved import read_saved


def imported(path: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Imported:
    """The network of a saved Keras model, of Keras 2 or 3, from its config.

    Raises:
        Rejected: it is no such file, is damaged or over a bound, its layers are not those of a
            functional or sequential model, or an `.h5` file is read without h5py.
    """
    saved = read_saved(path, data, limits)
    return read_config(saved.config, limits=limits)
