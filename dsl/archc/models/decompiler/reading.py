"""Model files, read as data for a spec to be made of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from archc.compiler import shown
from archc.diagnostics.codes import IMPORT, MODEL
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.models.importer import Imported, read_config
from archc.models.importer.older import GONE, strangers
from archc.models.verify.saved import read_saved


class Model(NamedTuple):
    """A model that was read."""

    imported: Imported
    results: tuple[str, ...]
    """Names of its results, where it gives them by name."""


def read_model(path: str, data: bytes, shape: tuple[int, ...] | None, limits: Limits) -> Model:
    """A model of a `.keras` or `.h5` file.

    Args:
        path: of the file; its ending says what it is.
        shape: of the input, the batch excluded, where the model leaves it open.

    Raises:
        Rejected: the file is no model, is damaged or over a bound.
    """
    config: Mapping[str, Any] = read_saved(path, data, limits).config
    for stranger in strangers(config):
        what = GONE[stranger.class_name]
        raise reject(MODEL, f"the layer {shown(stranger.layer)} cannot be read: it is {what}")
    closed = config if shape is None else _closed(config, shape)
    return Model(read_config(closed, limits=limits), result_names(closed))


def result_names(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The names by which a model gives its results, in the order of `Imported.outputs`: Keras goes
    through tables by their sorted keys."""
    inner = config.get("config")
    outputs = inner.get("output_layers") if isinstance(inner, Mapping) else None
    return tuple(sorted(map(str, outputs))) if isinstance(outputs, Mapping) else ()


def _closed(config: Mapping[str, Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """The config with a shape in the place of that of its one input.

    Raises:
        Rejected: it has several inputs, or the shape is not one of those it allows.
    """
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, Mapping) else None
    entries = [layer for layer in layers or () if _is_input(layer)]
    if len(entries) != 1 or not isinstance(inner, Mapping) or not isinstance(layers, list):
        raise reject(IMPORT, "a shape can be given for a model with one input")
    own = entries[0]["config"].get("batch_shape") or [None] * (len(shape) + 1)
    fits = len(own) == len(shape) + 1
    if not fits or any(a not in (None, b) for a, b in zip(own[1:], shape, strict=True)):
        given = "x".join(map(str, shape))
        raise reject(IMPORT, f"the input of the model cannot have the shape {given}: it is {own}")
    changed = {**entries[0], "config": {**entries[0]["config"], "batch_shape": [own[0], *shape]}}
    made = [changed if layer is entries[0] else layer for layer in layers]
    return {**config, "config": {**inner, "layers": made}}


def _is_input(layer: object) -> bool:
    return (
        isinstance(layer, Mapping)
        and layer.get("class_name") == "InputLayer"
        and isinstance(layer.get("config"), Mapping)
    )
