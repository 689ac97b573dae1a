"""`.h5` files in the format of Keras 2, by hand, as Keras 2.4 and tf_keras 2.21 write them."""

import io
import json
from collections.abc import Sequence
from typing import Any

Item = dict[str, Any]
Weights = dict[str, dict[str, Any]]
"""Arrays by layer, then by the name of the variable: `{"conv": {"conv/kernel:0": array}}`."""


def layer(class_name: str, name: str, *reads: str | tuple[str, int], **config: Any) -> Item:
    """A layer and its one call; what it reads may be (layer, number of its call)."""
    made = {"class_name": class_name, "config": {"name": name, **config}, "name": name}
    pairs = [(read, 0) if isinstance(read, str) else read for read in reads]
    calls = [[[source, call, 0, {}] for source, call in pairs]] if pairs else []
    return {**made, "inbound_nodes": calls}


def image(*shape: int, name: str = "image") -> Item:
    config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False}
    return layer("InputLayer", name, ragged=False, **config)


def functional(layers: Sequence[Item], name: str = "net") -> Item:
    return {
        "class_name": "Functional",
        "config": {
            "name": name,
            "layers": list(layers),
            "input_layers": [[layers[0]["name"], 0, 0]],
            "output_layers": [[layers[-1]["name"], 0, 0]],
        },
    }


def nested(model: Item, *reads: str) -> Item:
    """A model as a layer of another one."""
    name = model["config"]["name"]
    return {**layer(model["class_name"], name, *reads), "config": model["config"]}


def file(config: Any, weights: Weights, **attributes: str) -> bytes:
    """An `.h5` file.

    Args:
        config: of the model; None for a file of weights alone.
        weights: arrays by layer and variable.
        attributes: of the file as a whole.
    """
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as h5:
        h5.attrs["keras_version"] = "2.4.0"
        h5.attrs["training_config"] = json.dumps({"optimizer_config": {"class_name": "Mine"}})
        if config is not None:
            h5.attrs["model_config"] = json.dumps(config)
        h5.attrs.update(attributes)
        root = h5.create_group("model_weights") if config is not None else h5
        root.attrs["layer_names"] = [name.encode() for name in weights]
        for name, arrays in weights.items():
            group = root.create_group(name)
            group.attrs["weight_names"] = [path.encode() for path in arrays]
            for path, array in arrays.items():
                group[path] = array
    return made.getvalue()
