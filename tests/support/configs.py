"""Keras configs written by hand, as plain data: no Keras needed to make or to read them."""

from typing import Any

Item = dict[str, Any]


def layer(class_name: str, name: str, module: str = "keras.layers", **config: Any) -> Item:
    """A layer as Keras saves it."""
    return {
        "module": module,
        "class_name": class_name,
        "config": {"name": name, **config},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [],
    }


def image(*shape: int | None, name: str = "image", batch: int | None = None) -> Item:
    """An input."""
    return layer("InputLayer", name, batch_shape=[batch, *shape], dtype="float32")


def tensor(name: str, call: int = 0, result: int = 0, shape: Any = None) -> Item:
    """A tensor where it is read; without a shape the config does not record one."""
    config = {"shape": shape, "dtype": "float32", "keras_history": [name, call, result]}
    return {"class_name": "__keras_tensor__", "config": config}


def on(item: Item, *reads: "str | Item", **named: Any) -> Item:
    """A layer with one more call, on results of others."""
    tensors = [tensor(read) if isinstance(read, str) else read for read in reads]
    args = tensors if len(tensors) == 1 else [tensors]
    item["inbound_nodes"].append({"args": args, "kwargs": named})
    return item


def functional(*layers: Item, inputs: Any = None, outputs: Any = None, name: str = "net") -> Item:
    """The config of a functional model: its first layer is the input, its last the output."""
    return {
        "name": name,
        "trainable": True,
        "layers": list(layers),
        "input_layers": inputs or [layers[0]["name"], 0, 0],
        "output_layers": outputs or [layers[-1]["name"], 0, 0],
    }


def sequential(*layers: Item, name: str = "net") -> Item:
    """The config of a sequential model."""
    return {"name": name, "trainable": True, "layers": list(layers)}


def model(config: Item, class_name: str = "Functional", **entries: Any) -> Item:
    """A model as a layer of another one, or the `config.json` of an archive."""
    return {
        "module": "keras.src.models.functional" if class_name == "Functional" else "keras",
        "class_name": class_name,
        "config": config,
        "registered_name": class_name if class_name == "Functional" else None,
        "name": config["name"],
        "inbound_nodes": [],
        **entries,
    }
