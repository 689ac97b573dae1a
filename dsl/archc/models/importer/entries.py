"""What the entries of a config say, and what is said of one that Keras would not write."""

from collections.abc import Mapping

from archc.compiler import shown
from archc.diagnostics.codes import LIMIT, MODEL
from archc.diagnostics.model import Rejected, reject
from archc.models.importer.calls import Extents, extents


def place_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1_000_000:
        raise broken(f"{shown(value)} is where the number of a call or result belongs")
    return value


def tensor_of(leaf: Mapping[str, object], path: str) -> tuple[tuple[str, int, int], Extents | None]:
    config = leaf.get("config")
    history = config.get("keras_history") if isinstance(config, Mapping) else None
    if not isinstance(history, list | tuple) or len(history) != 3:
        raise broken(f"{shown(path)} reads a tensor from nowhere")
    if not isinstance(history[0], str) or not isinstance(config, Mapping):
        raise broken(f"{shown(path)} reads a tensor from nowhere")
    reference = (history[0], place_number(history[1]), place_number(history[2]))
    return reference, extents(config.get("shape"))


def of_keras(item: Mapping[str, object]) -> bool:
    """Whether a class is Keras' own. A registered class of the same name is not."""
    module, registered = item.get("module"), item.get("registered_name")
    own = isinstance(module, str) and (module == "keras" or module.startswith("keras."))
    # Keras writes the plain class name for its own operations, `package>name` for others.
    return own and (registered is None or registered == item.get("class_name"))


def is_trainable(config: Mapping[str, object]) -> bool:
    return config.get("trainable", True) is not False


def passes_on(config: Mapping[str, object]) -> bool:
    """Whether the layers in a model may be trainable as far as it is concerned. A sequential model
    is made before its layers, which its own flag does not reach; freezing it later sets theirs."""
    return is_trainable(config) or "output_layers" not in config


def quantised(config: Mapping[str, object]) -> bool:
    """Whether Keras' own quantisation was applied to a layer, which adds variables to it."""
    if config.get("quantization_config") is not None:
        return True
    dtype = config.get("dtype")
    return isinstance(dtype, Mapping) and dtype.get("class_name") not in (
        "DTypePolicy",
        "FloatDTypePolicy",
    )


def joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def plain_name(value: object) -> str:
    text = value if isinstance(value, str) else "?"
    return "".join(c if c.isprintable() else "?" for c in text[:100])


def model_name(config: Mapping[str, object], default: str) -> str:
    name = config.get("name")
    return plain_name(name) if isinstance(name, str) and name else default


def shown_model(config: Mapping[str, object], custom: str | None) -> str:
    return f"the model `{model_name(config, custom or 'model')}`"


def broken(message: str) -> Rejected:
    """A config that Keras would not write."""
    return reject(
        MODEL,
        f"the config is not one that Keras writes: {message}",
        help="save the model again: `model.save('NAME.keras')`",
    )


def over(limit: str, bound: int, what: str) -> Rejected:
    return reject(
        LIMIT,
        f"more than {bound:,}: {what}, the limit `{limit}`",
        help=f"pass `limits=Limits({limit}=N)` if this is meant",
    )
