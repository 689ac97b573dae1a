"""Keras models from op graphs by the facts of the operators, without any generated source."""

from typing import Any

from archc.ir.graph import Graph


def build(graph: Graph, batch: int | None = 1, seed: int | None = 0) -> Any:
    """The Keras model of a graph, with random weights that keep the variance of what flows.

    Biases and BatchNorm statistics are not zero, which decides what the converter makes of them
    (`docs/lowering.md`, "Values that decide"). Without a ``seed`` the model is untrained: its
    variables are what Keras begins with.
    """
    import keras

    values: list[Any] = []
    for node in graph.nodes:
        if not node.inputs:
            values.append(keras.Input(batch_shape=(batch, *node.shape), name=node.name))
            continue
        call = node.op.keras(node.shape, *graph.input_shapes(node))
        positional = [argument.value for argument in call.arguments if argument.positional]
        named = {a.keyword: a.value for a in call.arguments if not a.positional}
        layer = getattr(keras.layers, call.class_name)(*positional, name=node.name, **named)
        reads = [values[index] for index in node.inputs]
        values.append(layer(reads[0] if len(reads) == 1 else reads))
    model = keras.Model(values[0], values[graph.output], name=graph.name)
    if seed is not None:
        randomise(model, seed)
    return model


def randomise(model: Any, seed: int = 0) -> None:
    """Set every variable of a model to random values, none of them zero."""
    import numpy as np

    generator = np.random.default_rng(seed)
    for layer in model.layers:
        for variable in layer.weights:
            shape = tuple(variable.shape)
            kind = variable.path.rsplit("/", 1)[-1]
            if "kernel" in kind:
                fan = int(np.prod(shape[:-1])) if "depthwise" not in kind else shape[0] * shape[1]
                value = generator.normal(0.0, (2.0 / max(fan, 1)) ** 0.5, shape)
            elif kind in ("gamma", "moving_variance"):
                value = generator.uniform(0.5, 1.5, shape)
            else:
                value = generator.uniform(0.05, 0.5, shape) * generator.choice([-1, 1], shape)
            variable.assign(value.astype("float32"))
