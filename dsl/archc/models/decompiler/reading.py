"""Model files, read as data for a spec to be made of them."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from archc.compiler import Graph, load_bytes, shown
from archc.diagnostics.codes import IMPORT, MODEL
from archc.diagnostics.model import reject
from archc.formats import format_of
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.decompiler.filed import of_file
from archc.models.decompiler.network import Network, of_model
from archc.models.deployed import FileGraph
from archc.models.front import load
from archc.models.importer import read_config
from archc.models.importer.older import GONE, strangers
from archc.models.verify.saved import read_saved


class Model(NamedTuple):
    """A model that was read."""

    network: Network
    graph: Graph | None
    """All of it as the converter sees it, where that is known: what the spec is compared with in
    order and memory."""


def read_model(
    path: str,
    limits: Limits,
    *,
    shape: tuple[int, ...] | None = None,
    without: Iterable[str] = (),
) -> Model:
    """A model of any format that archc reads.

    Args:
        path: of the file; its ending says what it is.
        shape: of the input, the batch excluded, where the model leaves it open.
        without: paths of layers to leave out.

    Raises:
        Rejected: the file is no model, is damaged or over a bound, or the language cannot say it.
    """
    format = format_of(path)
    if format is None or format.deployed:
        content = load(path, limits).content
        assert isinstance(content, FileGraph)
        if shape is not None or without:
            option = "--without" if shape is None else "--shape"
            raise reject(
                IMPORT,
                f"`{option}` is for Keras models",
                help=f"leave `{option}` out; the spec that is written can be edited",
            )
        return Model(of_file(content), None)
    data = load_bytes(path, limits.model_bytes, "model_bytes", format.title)
    config: Mapping[str, Any] = read_saved(path, data, limits).config
    for stranger in strangers(config):
        what = GONE[stranger.class_name]
        raise reject(MODEL, f"the layer {shown(stranger.layer)} cannot be read: it is {what}")
    return of_config(config if shape is None else _closed(config, shape), limits, without=without)


def of_config(
    config: Mapping[str, Any], limits: Limits = DEFAULT_LIMITS, *, without: Iterable[str] = ()
) -> Model:
    """A Keras model from its config.

    Raises:
        Rejected: it is not one, is over a bound, or the language cannot say it.
    """
    left_out = tuple(without)
    imported = read_config(config, limits=limits)
    network = of_model(imported, left_out, result_names(config))
    return Model(network, None if left_out else imported.graph)


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
        said = "x".join("?" if each is None else str(each)[:9] for each in own[1:5])
        raise reject(
            IMPORT,
            f"the input of the model cannot have the shape {given}: it is {said or 'one number'}",
            help="`--shape` fills in what is open (`?`), the batch left out",
        )
    changed = {**entries[0], "config": {**entries[0]["config"], "batch_shape": [own[0], *shape]}}
    made = [changed if layer is entries[0] else layer for layer in layers]
    return {**config, "config": {**inner, "layers": made}}


def _is_input(layer: object) -> bool:
    return (
        isinstance(layer, Mapping)
        and layer.get("class_name") == "InputLayer"
        and isinstance(layer.get("config"), Mapping)
    )
