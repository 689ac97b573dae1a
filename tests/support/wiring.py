"""What a Keras model is made of and how it is wired, in a form that two models can be compared in.

A model is read from its own configuration. What two people may write differently for the same
network is written one way: an activation is a layer of its own, `relu6(x + 3) / 6` is a hard
sigmoid, preprocessing before the first layer is dropped. Names are not compared.
"""

from typing import Any, NamedTuple

CONFIG = {
    "Conv2D": (
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "dilation_rate",
        "groups",
        "use_bias",
    ),
    "DepthwiseConv2D": (
        *("kernel_size", "strides", "padding", "dilation_rate", "depth_multiplier", "use_bias"),
    ),
    "Dense": ("units", "use_bias"),
    "BatchNormalization": ("epsilon", "center", "scale"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "GlobalAveragePooling2D": ("keepdims",),
    "ZeroPadding2D": ("padding",),
    "ReLU": ("max_value", "negative_slope", "threshold"),
    "Activation": ("activation",),
    "Dropout": ("rate",),
    "Reshape": ("target_shape",),
    **dict.fromkeys(("Add", "Multiply", "Concatenate", "Flatten", "InputLayer"), ()),
}
"""What makes a layer compute what it does. A BatchNorm's momentum (0.99, or 0.999 in some of
`keras.applications`) and a dropout's noise shape matter in training only."""
COMMUTATIVE = ("Add", "Multiply")
PREPROCESSING = ("Rescaling", "Normalization")


class Step(NamedTuple):
    """A layer, or a part of one, in the order of execution."""

    kind: str
    config: tuple[tuple[str, Any], ...]
    shape: tuple[int, ...]
    """Of its output, the batch excluded."""
    weights: tuple[tuple[int, ...], ...]
    trainable_params: int
    inputs: tuple[int, ...]


class Wired(NamedTuple):
    """A model as its steps, and the layers that hold variables in the same order."""

    steps: tuple[Step, ...]
    variables: tuple[Any, ...]
    """Layers with variables, in the order of their steps."""


def inputs_by_name(model: Any) -> dict[str, list[str]]:
    """The layers that every layer reads, by name, in the order of its arguments."""
    return {name: reads for name, (_, reads) in _entries(model).items()}


def last_layer(model: Any) -> Any:
    """The layer that gives the model's one output."""
    (tensor,) = model.outputs
    return tensor._keras_history.operation  # Keras has no public way


def wired(model: Any) -> Wired:
    """A model in the form that can be compared. It has one output."""
    layers = {layer.name: layer for layer in model.layers}
    entries = _simplified(_entries(model))
    steps: list[Step] = []
    index: dict[str, int] = {}
    variables: list[Any] = []
    for name in _order(entries, last_layer(model).name):
        entry, reads = entries[name]
        layer = layers.get(name)
        held = layer.weights if layer is not None else ()
        shape = tuple(layer.output.shape[1:]) if layer is not None else entry["shape"]
        kind, config = _spelled(entry["class_name"], entry["config"])
        steps.append(
            Step(
                kind,
                config,
                shape,
                tuple(tuple(variable.shape) for variable in held),
                sum(_size(variable.shape) for variable in held if variable.trainable),
                tuple(index[read] for read in reads),
            )
        )
        if held:
            variables.append(layer)
        fused = entry["config"].get("activation") if held else None
        if fused not in (None, "linear"):
            function = _spelled("Activation", {"activation": fused})
            steps.append(Step(*function, shape, (), 0, (len(steps) - 1,)))
        index[name] = len(steps) - 1
    return Wired(tuple(steps), tuple(variables))


Entry = tuple[dict[str, Any], list[str]]


def _entries(model: Any) -> dict[str, Entry]:
    """Configuration and inputs of every layer and bare operation, by name."""
    found: dict[str, Entry] = {}
    for entry in model.get_config()["layers"]:
        reads: list[str] = []
        for node in entry["inbound_nodes"]:
            _collect(node, reads)
        found[entry["name"]] = (entry, reads)
    return found


def _collect(part: Any, reads: list[str]) -> None:
    if isinstance(part, dict) and part.get("class_name") == "__keras_tensor__":
        reads.append(part["config"]["keras_history"][0])
    elif isinstance(part, dict):
        for value in part.values():
            _collect(value, reads)
    elif isinstance(part, list | tuple):
        for value in part:
            _collect(value, reads)


def _simplified(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Without preprocessing, and with hard sigmoids that were spelled out as one step."""
    entries = dict(entries)
    aliases: dict[str, str] = {}
    for name, (entry, reads) in list(entries.items()):
        if entry["class_name"] in PREPROCESSING:
            aliases[name] = aliases.get(reads[0], reads[0])
            del entries[name]
        elif _scalar(entry, "Multiply", 1 / 6):
            (clipped,) = reads
            (shifted,) = entries[clipped][1]
            (source,) = entries[shifted][1]
            assert entries[clipped][0]["config"]["max_value"] == 6
            assert _scalar(entries[shifted][0], "Add", 3)
            shape = _tensor_shape(entry)
            config = {"activation": "hard_sigmoid"}
            hard = {"class_name": "Activation", "config": config, "shape": shape}
            entries[name] = (hard, [source])
            del entries[clipped], entries[shifted]
    return {
        name: (entry, [aliases.get(read, read) for read in reads])
        for name, (entry, reads) in entries.items()
    }


def _scalar(entry: dict[str, Any], kind: str, value: float) -> bool:
    """Whether it is the bare operation `x + value` or `x * value`."""
    if entry["class_name"] != kind or not entry["inbound_nodes"]:
        return False
    arguments = entry["inbound_nodes"][0]["args"]
    return len(arguments) == 2 and abs(arguments[1] - value) < 1e-12


def _tensor_shape(entry: dict[str, Any]) -> tuple[int, ...]:
    return tuple(entry["inbound_nodes"][0]["args"][0]["config"]["shape"][1:])


def _order(entries: dict[str, Entry], last: str) -> list[str]:
    """The names of what leads to the last entry, each after what it reads.

    Inputs of an operation that commutes are put in one order: the longer way first.
    """
    depth: dict[str, int] = {}
    for longest_first in (False, True):
        order: dict[str, None] = {}
        work = [last]
        while work:
            name = work[-1]
            kind, reads = entries[name][0]["class_name"], entries[name][1]
            if longest_first and kind in COMMUTATIVE:
                reads.sort(key=lambda read: -depth[read])
            missing = [read for read in reads if read not in order]
            if missing:
                work.append(missing[0])
                continue
            order[work.pop()] = None
            depth[name] = 1 + max((depth[read] for read in reads), default=0)
    return list(order)


def _spelled(kind: str, config: dict[str, Any]) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """A layer's class and what makes it compute what it does, in one spelling."""
    if kind == "Softmax":
        kind, config = "Activation", {"activation": "softmax"}
    elif kind == "Activation" and config["activation"] == "relu":
        kind, config = "ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
    kept = {key: _plain(config[key]) for key in CONFIG[kind]}
    if kept.get("kernel_size") == (1, 1):
        kept.pop("padding")  # nothing to pad
    return kind, tuple(kept.items())


def _plain(value: Any) -> Any:
    """A configuration value in one spelling: tuples, and floats to 9 digits."""
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return round(value, 9) if isinstance(value, float) else value


def _size(shape: Any) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
