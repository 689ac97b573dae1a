"""A `.keras` or `.h5` file as the op graph that specs become. Nothing in it is run."""

from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.importer import Imported, Live, read_config
from archc.models.verify.archive import Archive
from archc.models.verify.saved import read_saved
from archc.models.verify.variables import stored_params
from archc.models.verify.weights import read_weights, readable


def imported(path: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Imported:
    """The network of a saved Keras model, of Keras 2 or 3, from its config.

    The weights are looked at only where a layer is not known, for the number of its parameters,
    and where h5py is there to read them.

    Raises:
        Rejected: it is no such file, is damaged or over a bound, its layers are not those of a
            functional or sequential model, or an `.h5` file is read without h5py.
    """
    saved = read_saved(path, data, limits)
    found = read_config(saved.config, limits=limits)
    lacking = [layer.layer for layer in found.unseen if "params" in layer.unknown]
    live = _stored(path, saved, lacking, limits) if lacking else {}
    return read_config(saved.config, live=live, limits=limits) if live else found


def _stored(path: str, saved: Archive, layers: list[str], limits: Limits) -> dict[str, Live]:
    """What the file holds of some layers, by path."""
    contents = saved.contents
    if contents is None and saved.weights is not None and readable():
        contents = read_weights(path, saved.weights, limits)
    if contents is None:
        return {}
    counts = {layer: stored_params(saved.config, contents, layer) for layer in layers}
    return {layer: Live(count, None, None) for layer, count in counts.items() if count is not None}
