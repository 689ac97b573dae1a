"""A stand-in for Keras that records which layers a module makes and how it wires them."""

import sys
from types import ModuleType
from typing import Any, NamedTuple

from archc.emit.functions import DEFAULTS
from archc.ir.graph import Graph


class Made(NamedTuple):
    """A layer as it was called: class, arguments other than defaults, what it reads by name."""

    class_name: str
    arguments: dict[str, object]
    inputs: tuple[str, ...]


class Tensor(NamedTuple):
    name: str


POSITIONAL = {
    "Conv2D": ("filters", "kernel_size"),
    "DepthwiseConv2D": ("kernel_size",),
    "Conv2DTranspose": ("filters", "kernel_size"),
    "Dense": ("units",),
    "Activation": ("activation",),
    "Dropout": ("rate",),
    "SpatialDropout2D": ("rate",),
    "MaxPooling2D": ("pool_size",),
    "AveragePooling2D": ("pool_size",),
    "ZeroPadding2D": ("padding",),
    "Reshape": ("target_shape",),
    "UpSampling2D": ("size",),
    "Resizing": ("height", "width"),
}


def plain(class_name: str, arguments: dict[str, object]) -> dict[str, object]:
    """Arguments without those that are defaults, and without the padding of a 1x1 kernel."""
    defaults = DEFAULTS.get(class_name, {})
    kept = {k: v for k, v in arguments.items() if k not in defaults or defaults[k] != v}
    if kept.get("kernel_size") == 1:
        kept.pop("padding", None)
    return kept


def run(source: str, **knobs: Any) -> tuple[dict[str, Made], str, dict[str, Any]]:
    """Execute a generated module: its layers by name, the output's name, its globals."""
    made: dict[str, Made] = {}

    class Layers:
        def __getattr__(self, class_name: str) -> Any:
            def layer(*positional: object, name: str, **named: object) -> Any:
                names = POSITIONAL.get(class_name, ())
                arguments = dict(zip(names, positional, strict=True)) | named

                def call(inputs: Tensor | list[Tensor]) -> Tensor:
                    reads = inputs if isinstance(inputs, list) else [inputs]
                    assert name not in made, f"{name} is made twice"
                    made[name] = Made(
                        class_name,
                        plain(class_name, arguments),
                        tuple(tensor.name for tensor in reads),
                    )
                    return Tensor(name)

                return call

            return layer

    fake = ModuleType("keras")
    regularizers = ModuleType("keras.regularizers")
    fake.layers = Layers()  # type: ignore[attr-defined]
    fake.regularizers = regularizers  # type: ignore[attr-defined]
    regularizers.L2 = lambda rate: ("L2", rate)  # type: ignore[attr-defined]
    fake.Input = lambda shape, name: Tensor(name)  # type: ignore[attr-defined]
    fake.Model = lambda inputs, outputs, name: (inputs, outputs, name)  # type: ignore[attr-defined]
    before = sys.modules.get("keras")
    sys.modules["keras"] = fake
    try:
        namespace: dict[str, Any] = {}
        exec(compile(source, "generated.py", "exec"), namespace)
        _, output, _ = namespace["build_model"](**knobs)
    finally:
        if before is None:
            del sys.modules["keras"]
        else:
            sys.modules["keras"] = before
    return made, output.name, namespace


def expected(graph: Graph) -> dict[str, Made]:
    """The layers that a graph asks for, straight from the facts of its operators."""
    layers: dict[str, Made] = {}
    for node in graph.nodes[1:]:
        call = node.op.keras(node.shape, *graph.input_shapes(node))
        arguments: dict[str, object] = {a.keyword: a.value for a in call.arguments}
        if call.regularizer:
            arguments[call.regularizer] = None
        reads = tuple(graph.nodes[index].name for index in node.inputs)
        layers[node.name] = Made(call.class_name, plain(call.class_name, arguments), reads)
    return layers
