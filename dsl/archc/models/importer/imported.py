"""What becomes of a Keras model: a graph of our operators, and what of it is not seen."""

from typing import NamedTuple

from archc.compiler import Graph, Shape
from archc.models.importer.calls import Extents


class Live(NamedTuple):
    """What Keras itself says of a layer that it has built."""

    params: int
    trainable_params: int | None
    """None where only what is stored of it is known."""
    outputs: tuple[Extents, ...] | None
    """Shapes of its results, the batch included, where it is called once."""
    counted: bool = True
    """Whether its variables are not those of a layer before it under another name."""


class Unseen(NamedTuple):
    """A layer of which not everything is known."""

    layer: str
    """Path of the layer: names of the models around it and its own, joined by `/`."""
    class_name: str
    reason: str
    unknown: tuple[str, ...]
    """What: of `params`, `output_shape`, `macs` and `operators` (what the converter makes)."""


class ImportedLayer(NamedTuple):
    """One Keras layer, however often it is called; what is None is not known."""

    path: str
    class_name: str
    inputs: tuple[str, ...]
    """Paths of the layers whose results it reads, over all calls, each once."""
    output_shape: Shape | None
    """Of its first result in its first call, the batch excluded."""
    activations: int | None
    """Elements of all its results in all calls."""
    params: int | None
    trainable_params: int | None
    nodes: tuple[int, ...]
    """The nodes of `Imported.sketch` that it became."""
    calls: int
    trainable: bool


class Imported(NamedTuple):
    """A Keras model as a graph of our operators."""

    name: str
    graph: Graph | None
    """The network for `lower` and all that follows, where it is known of every layer what the
    converter makes of it. None otherwise."""
    sketch: Graph
    """The same with stand-ins (`Foreign`, whose operators begin with `?`) for what is not known:
    rules about single layers hold, sums leave out what is not known."""
    layers: tuple[ImportedLayer, ...]
    """In order of execution, inputs first. Nested models are opened: their layers go by path,
    `outer/inner`, and their inputs, which only pass on a tensor, are left out."""
    unseen: tuple[Unseen, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    """Paths of the layers that give the results, in the model's order."""
    input_shapes: tuple[Shape | None, ...]
    output_shapes: tuple[Shape | None, ...]
    input_dtypes: tuple[str, ...]
    batch: int | None
    """The batch of the inputs; None where it is open."""
    seen_nodes: frozenset[int]
    """The nodes of `sketch` that are what the converter sees: no stand-ins."""
