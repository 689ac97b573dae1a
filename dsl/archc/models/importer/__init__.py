"""Keras models that we did not write, read from their configs: nothing of them is executed.

`read_config` takes the config as plain data, which may come from an untrusted file, to the same
graph of operators that specs become, so that everything after it applies unchanged.
"""

from collections.abc import Mapping

from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.importer.build import build
from archc.models.importer.config import read
from archc.models.importer.imported import Imported, ImportedLayer, Live, Unseen


def read_config(
    config: Mapping[str, object],
    *,
    name: str | None = None,
    live: Mapping[str, Live] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Imported:
    """A Keras 3 model from its config.

    >>> config = {
    ...     "name": "tiny",
    ...     "build_input_shape": [None, 8],
    ...     "layers": [
    ...         {
    ...             "module": "keras.layers",
    ...             "class_name": "Dense",
    ...             "config": {"name": "scores", "units": 3, "activation": "sigmoid"},
    ...         }
    ...     ],
    ... }
    >>> read_config(config).layers[1].params
    27

    Args:
        config: what `model.get_config()` returns, or the `config.json` of a `.keras` archive
            (which also names the class of the model).
        name: the name of the network; the model's own by default.
        live: what Keras says of layers by path, where there is a model. It settles the parameters
            of what is not known here, and doubts what does not agree with it.
        limits: bounds on the work: `operators` on layers and their calls, `nesting` on models in
            models, `layer_name_length`.

    Raises:
        Rejected: it is not a config of a functional or sequential model, is not built, contradicts
            itself, or is over a bound. A layer that is not known is not an error: see
            `Imported.unseen`.
    """
    return build(read(config, name, limits), live)
