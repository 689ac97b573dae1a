"""Random models and the same ones under other names, which get their weights."""

from typing import Any

import archc
from archc.models.importer.live import walk
from support import functional_models
from support.keras_models import randomise
from support.variance import samples


def results(model: Any, inputs: Any) -> list[Any]:
    """The outputs of a model as float64."""
    import keras
    import numpy as np

    made = keras.tree.flatten(model(inputs, training=False))
    return [np.asarray(one, "float64") for one in made]


def renamed(model: Any) -> Any:
    """The same network with other names, and weights of its own."""
    import keras

    def other(layer: Any) -> Any:
        config = {**layer.get_config(), "name": f"z{len(layer.name)}_{layer.name[::-1]}"}
        return type(layer).from_config(config)

    made = keras.models.clone_model(model, clone_function=other)
    randomise(made, 1)
    return made


def compared(seed: int) -> str:
    """`equal` if a random model and its copy give the same after a transfer, else what differs."""
    import keras
    import numpy as np

    source = functional_models.model(seed, unknown=False)
    randomise(source, seed)
    for _, layer in walk(source):  # what a Normalization computes with follows from its arrays
        getattr(layer, "finalize_state", bool)()
    target = renamed(source)
    inputs = keras.tree.map_structure(lambda one: one[:1], samples(source))
    expected = results(source, inputs)
    apart = any(
        not np.allclose(ours, theirs, 1e-5, 1e-6, equal_nan=True)
        for ours, theirs in zip(expected, results(target, inputs), strict=True)
    )
    if source.weights and not apart:
        return "not told apart"
    try:
        found = archc.transfer_weights(source, target)
    except archc.ArchError as refused:
        return str(refused)
    if len(found.arrays) != len(target.weights):
        return f"{len(found.arrays)} of {len(target.weights)} arrays"
    for ours, theirs in zip(expected, results(target, inputs), strict=True):
        if not np.allclose(ours, theirs, 1e-5, 1e-6, equal_nan=True):
            return f"outputs differ by {abs(ours - theirs).max():g}"
    return "equal"
