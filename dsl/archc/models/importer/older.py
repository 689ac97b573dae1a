"""A config of Keras 2, or of any `.h5` file, as Keras 3 would have written it.

Keras 2 names no modules, lists the calls of a layer as bare quadruples, and knows arguments that
Keras 3 refuses even where they change nothing (`DepthwiseConv2D(groups=1)`). What only training
uses, initialisers, regularisers and constraints, is left out. All of it is data: nothing is run.

Source: configs saved by Keras 2.4 (the models of MLPerf Tiny) and by tf_keras 2.21, and the
constructors of Keras 3.15.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archc.diagnostics.codes import MODEL
from archc.diagnostics.model import reject
from archc.plain import beside

_KNOWN = beside(__file__, "older.toml")
STANDARD = frozenset(str(_KNOWN["standard"]).split())
"""Layers that Keras 2 and Keras 3 both have, and models."""
GONE: dict[str, str] = _KNOWN["gone"]
"""What only Keras 2 has, and what it is."""
_MODELS: dict[str, str] = _KNOWN["models"]
"""Models, and where Keras 3 has their classes."""
_UNUSED: dict[str, dict[str, object]] = {
    name: dict.fromkeys(row.pop("none", ())) | row for name, row in _KNOWN["unused"].items()
}
"""Arguments that Keras 3 does not take, and the value with which they change nothing."""
_TRAINING = ("_initializer", "_regularizer", "_constraint")


class Older(NamedTuple):
    """A layer of an older config that Keras 3 does not have."""

    class_name: str
    layer: str


def modern(config: Mapping[str, Any]) -> dict[str, Any]:
    """A model's config in the form of Keras 3; one that has it already is left as it is.

    Args:
        config: ``class_name`` and ``config`` of a functional or sequential model; nested at most
            as deep as the reader of its JSON allows.

    Raises:
        Rejected: a call of a layer is not of a form that Keras writes.
    """
    return _entry(config)


def strangers(config: Mapping[str, Any]) -> Iterator[Older]:
    """Layers that only Keras 2 has, in a config made by `modern`."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, Mapping) else None
    for entry in layers if isinstance(layers, list) else ():
        if isinstance(entry, Mapping):
            class_name = entry.get("class_name")
            if isinstance(class_name, str) and class_name in GONE:
                yield Older(class_name, str(entry.get("name") or _name(entry)))
            yield from strangers(entry)


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A layer or model with its class in full."""
    made = dict(entry)
    class_name = made.get("class_name")
    config = made.get("config")
    if not isinstance(class_name, str) or not isinstance(config, Mapping):
        return made
    made.pop("compile_config", None)
    if "module" not in made or _of_keras_2(made["module"]):
        own = class_name in STANDARD
        made["module"] = _MODELS.get(class_name, "keras.layers") if own else None
        made["registered_name"] = None if own else made.get("registered_name") or class_name
        if class_name == "Model":  # before Keras 2.4
            made["class_name"] = "Functional"
    if class_name in _MODELS and isinstance(config.get("layers"), list | tuple):
        made["config"] = _model(class_name, config)
    else:
        made["config"] = _arguments(class_name, config)
    return made


def _of_keras_2(module: object) -> bool:
    """Whether a module is one that only Keras 2 has, such as `keras.src.engine.functional`."""
    parts = module.split(".") if isinstance(module, str) else []
    return parts[:1] == ["tf_keras"] or (parts[:1] == ["keras"] and "engine" in parts[:3])


def _arguments(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a layer as Keras 3 takes them."""
    unused = _UNUSED.get(class_name, {})
    made = {
        key: value
        for key, value in config.items()
        if not (isinstance(key, str) and key.endswith(_TRAINING))
        and not (key in unused and unused[key] == value)
    }
    if class_name == "InputLayer" and "batch_input_shape" in made:
        made["batch_shape"] = made.pop("batch_input_shape")
    else:
        made.pop("batch_input_shape", None)
    if class_name == "BatchNormalization" and isinstance(made.get("axis"), list | tuple):
        axis = made["axis"]
        made["axis"] = axis[0] if len(axis) == 1 else axis
    if class_name == "LeakyReLU" and "alpha" in made:
        made["negative_slope"] = made.pop("alpha")
    dtype = made.get("dtype")
    if isinstance(dtype, Mapping) and dtype.get("class_name") == "Policy":
        policy = dtype.get("config")
        made["dtype"] = policy.get("name") if isinstance(policy, Mapping) else None
    for key, value in made.items():  # wrappers hold layers
        if isinstance(value, Mapping) and value.get("class_name") in STANDARD:
            made[key] = _entry(value)
    return made


def _model(class_name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(config)
    layers = [_entry(one) if isinstance(one, Mapping) else one for one in config["layers"]]
    if class_name == "Sequential":
        made["layers"] = [*_implicit(config["layers"]), *layers]
        return made
    shifts = _shifts(config, layers)
    for entry in layers:
        nodes = entry.get("inbound_nodes") if isinstance(entry, Mapping) else None
        if isinstance(nodes, list) and any(isinstance(node, list | tuple) for node in nodes):
            entry["inbound_nodes"] = [_node(node, shifts) for node in nodes]
    # Keras 3 counts the making of a functional model as its call 0 here, as Keras 2 does, but not
    # that of a sequential one.
    sequential = {_name(e) for e in layers if _class(e) == "Sequential"}
    for key in ("input_layers", "output_layers"):
        if key in made:
            made[key] = _references(made[key], {n: s for n, s in shifts.items() if n in sequential})
    made["layers"] = layers
    return made


def _implicit(layers: Sequence[Any]) -> list[dict[str, Any]]:
    """The input of a sequential model that its first layer implies."""
    first = layers[0] if layers and isinstance(layers[0], Mapping) else {}
    config = first.get("config")
    if first.get("class_name") == "InputLayer" or not isinstance(config, Mapping):
        return []
    shape = config.get("batch_input_shape")
    if shape is None:
        return []
    name = f"{_name(first)}_input"
    values = {"batch_shape": shape, "dtype": "float32", "name": name}
    return [_entry({"class_name": "InputLayer", "config": values})]


def _shifts(config: Mapping[str, Any], layers: Sequence[Any]) -> dict[str, int]:
    """Of which nested models the calls are counted from 1: in Keras 2, the making of a model is
    its call 0, which is not among those listed."""
    models = {_name(e): e for e in layers if _class(e) in _MODELS}
    most: dict[str, int] = {}
    for name, number in _read(config, layers):
        if name in models:
            most[name] = max(most.get(name, 0), number)
    return {name: 1 for name, number in most.items() if number >= len(_listed(models[name])) > 0}


def _read(config: Mapping[str, Any], layers: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """Layers and numbers of their calls that are read in the format of Keras 2."""
    pending: list[Any] = [config.get("output_layers")]
    for entry in layers:
        pending += _listed(entry) if isinstance(entry, Mapping) else []
    while pending:
        item = pending.pop()
        if isinstance(item, list | tuple):
            if len(item) >= 2 and isinstance(item[0], str) and isinstance(item[1], int):
                yield item[0], item[1]
                item = item[3:]
            pending.extend(item)
        elif isinstance(item, Mapping) and item.get("class_name") is None:
            pending.extend(item.values())


def _listed(entry: Mapping[str, Any]) -> list[Any]:
    nodes = entry.get("inbound_nodes")
    return list(nodes) if isinstance(nodes, list | tuple) else []


def _node(node: Any, shifts: Mapping[str, int]) -> Any:
    """A call: `[[layer, call, result, arguments], ...]`."""
    if not isinstance(node, list | tuple):
        return node
    if node and isinstance(node[0], str):
        node = [node]  # one tensor, not in a list of its own
    tensors: list[dict[str, Any]] = []
    named: dict[Any, Any] = {}
    for item in node:
        if not isinstance(item, list | tuple) or not 3 <= len(item) <= 4:
            raise reject(
                MODEL,
                "the config is not one that Keras writes: a call of a layer does not say what it "
                "reads",
                help="save the model again: `model.save('NAME.keras')`",
            )
        tensors.append(_tensor(item, shifts))
        if len(item) == 4 and isinstance(item[3], Mapping):
            named.update(item[3])
    given = {
        key: _tensor(value, shifts) if _reference(value) else value
        for key, value in named.items()
        if value is not None
    }
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": given}


def _reference(value: object) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(isinstance(number, int) for number in value[1:])
    )


def _tensor(item: Sequence[Any], shifts: Mapping[str, int]) -> dict[str, Any]:
    name, number, result = item[:3]
    shift = shifts.get(name, 0) if isinstance(name, str) else 0
    number = number - shift if isinstance(number, int) else number
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, number, result]}}


def _references(tree: Any, shifts: Mapping[str, int]) -> Any:
    if _reference(tree):
        return [tree[0], tree[1] - shifts.get(tree[0], 0), tree[2]]
    if isinstance(tree, list | tuple):
        return [_references(one, shifts) for one in tree]
    if isinstance(tree, Mapping):
        return {key: _references(one, shifts) for key, one in tree.items()}
    return tree


def _class(entry: Any) -> object:
    return entry.get("class_name") if isinstance(entry, Mapping) else None


def _name(entry: Mapping[str, Any]) -> str:
    config = entry.get("config")
    name = entry.get("name") or (config.get("name") if isinstance(config, Mapping) else None)
    return name if isinstance(name, str) else ""
