"""What a Keras model in memory tells beside its config. Needs Keras only in that there is one."""

import warnings
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from archc.diagnostics.codes import MODEL
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.models.importer.imported import Imported, Live

EXTRA = "pip install 'archc-dsl[tensorflow]'"


def require(model: Any) -> None:
    """Hold it to be a model that is built.

    Raises:
        ImportError: Keras is not installed.
        Rejected: it is something else, or not built.
    """
    try:
        import keras
    except ImportError:
        raise ImportError(f"reading a model needs Keras: {EXTRA}") from None
    if not isinstance(model, keras.Model):
        what = f"an object of type `{type(model).__name__}`"
        module = type(model).__module__.split(".")[0]
        old = module in ("tf_keras", "tensorflow")
        raise reject(
            MODEL,
            f"a Keras 3 model is needed, not {what} of `{module}`",
            help="load it with Keras 3"
            if old
            else "pass what `keras.Model` or `keras.saving.load_model` gives",
        )
    if not model.built or (isinstance(model, keras.Sequential) and not model.layers):
        raise reject(
            MODEL,
            f"the model `{model.name}` is not built: its weights and shapes do not exist yet",
            help="begin it with `keras.Input(shape)`, or call `model.build((1, ...))` or the model "
            "itself on a tensor",
        )


def imported(model: Any, limits: Limits) -> tuple[Imported | None, str | None]:
    """The model read from its config; or None, and why it cannot be seen into.

    Raises:
        Rejected: it is over a bound.
    """
    from archc.models.importer import read_config

    config, reason = config_of(model)
    if config is None:
        return None, reason
    return read_config(config, name=model.name, live=facts(model), limits=limits), None


def config_of(model: Any) -> tuple[Mapping[str, object] | None, str | None]:
    """The config of a model, which lists its layers and how they are called; or None, and why."""
    own = _overrides(model)
    if own is not None:
        return None, f"its class `{type(model).__name__}` has a `{own}` of its own"
    config = _config(model)
    if config is None:
        return None, f"its class `{type(model).__name__}` has no config that lists its layers"
    return config, None


def facts(model: Any) -> dict[str, Live]:
    """What Keras says of every layer, by path."""
    seen: set[int] = set()
    found: dict[str, Live] = {}
    for path, layer in walk(model):
        variables = getattr(layer, "weights", ())  # a function has none
        if not getattr(layer, "built", True) or nested(layer):
            continue
        # As Keras does it: by the variables' own flags, and the model's as a whole.
        learned = [variable for variable in variables if variable.trainable]
        trainable = sum(map(_size, learned)) if model.trainable else 0
        params = sum(_size(variable) for variable in variables)
        found[path] = Live(params, trainable, _outputs(layer), id(layer) not in seen)
        seen.add(id(layer))
    return found


def parts(model: Any) -> Iterator[tuple[str, Any, int | None, int | None]]:
    """The layers directly in a model that cannot be seen into: name, layer, parameters and
    trainable ones, None where a layer is not built."""
    for layer in model.layers:
        if getattr(layer, "built", False):
            trainable = sum(_size(variable) for variable in layer.trainable_weights)
            params = sum(_size(variable) for variable in layer.weights)
            yield layer.name, layer, params, trainable if model.trainable else 0
        else:
            yield layer.name, layer, None, None


def total(model: Any) -> tuple[int, int]:
    """Parameters and trainable ones of a model as Keras counts them: each variable once."""
    unique = {id(variable): variable for variable in model.weights}
    trainable = {id(variable): variable for variable in model.trainable_weights}
    return sum(map(_size, unique.values())), sum(map(_size, trainable.values()))


def _size(variable: Any) -> int:
    return prod(map(int, variable.shape))


def walk(model: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The layers and operations of a model by path, those of nested models included."""
    stack = [(path, model)]
    while stack:
        prefix, outer = stack.pop()
        for layer in _operations(outer):
            inner = f"{prefix}/{layer.name}" if prefix else layer.name
            yield inner, layer
            if nested(layer):
                stack.append((inner, layer))


def _operations(model: Any) -> list[Any]:
    return list(model.operations if hasattr(model, "operations") else model.layers)


def _bases(model: Any) -> list[type]:
    """The classes of a model up to Keras' own."""
    own = []
    for base in type(model).__mro__:
        if base.__module__.split(".")[0] == "keras":
            break
        own.append(base)
    return own


def _kind(model: Any) -> str | None:
    """`Functional` or `Sequential`, if it is one or derives from one."""
    for base in type(model).__mro__:
        if base.__module__.split(".")[0] == "keras" and base.__name__ in (
            "Functional",
            "Sequential",
        ):
            return base.__name__
    return None


def nested(layer: Any) -> bool:
    """Whether a layer is a model that the config opens: of Keras' own classes."""
    return _kind(layer) is not None and not _bases(layer)


def _overrides(model: Any) -> str | None:
    for base in _bases(model):
        for name in ("call", "__call__"):
            if name in vars(base):
                return name
    return None


def _outputs(layer: Any) -> tuple[tuple[int | None, ...], ...] | None:
    """Shapes of what a layer gives, where it is called exactly once."""
    import keras

    try:
        results = keras.tree.flatten(layer.output)
        return tuple(tuple(result.shape) for result in results)
    except (AttributeError, ValueError, TypeError):
        return None


def _config(model: Any) -> Mapping[str, object] | None:
    """The config, also of a model whose class hides it and of layers that have none."""
    import keras

    kind = _kind(model)
    if kind is None:
        return None
    if _bases(model) and kind == "Functional":
        trainable = model.trainable
        model = keras.Model(model.inputs, model.outputs, name=model.name)
        extra = {} if trainable else {"trainable": False}
    else:
        extra = {}
    silenced: list[Any] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a Lambda's code is stored, which is not run
            for _, layer in walk(model):
                if not _serializes(layer):
                    # For this one call it has the least config there can be.
                    layer.__dict__["get_config"] = _least(layer)
                    silenced.append(layer)
            config = {**model.get_config(), **extra}
    except Exception:
        return None  # what a class of the user's does is not ours to explain
    finally:
        for layer in silenced:
            layer.__dict__.pop("get_config", None)
    return config if "layers" in config else None


def _serializes(layer: Any) -> bool:
    if type(layer).__module__.split(".")[0] == "keras":
        return True
    try:
        layer.get_config()
    except Exception:
        return False
    return True


def _least(layer: Any) -> Any:
    return lambda: {"name": layer.name, "trainable": bool(getattr(layer, "trainable", True))}
