"""Random functional Keras models as others write them: functions of `keras.ops`, numbers, shared
layers, permutes, nested and compiled models, several inputs and outputs.

`model(seed)` is one; the same seed gives the same model. What does not fit is tried and left out.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from support.keras_models import randomise

Grow = Callable[["_Maker", Any], Any]
"""From a maker and a tensor to a tensor that is computed from it."""

KINDS: dict[str, tuple[int, Grow]] = {}
"""What a model is grown by, with how often."""


def _kind(weight: int = 2) -> Callable[[Grow], Grow]:
    def register(grow: Grow) -> Grow:
        KINDS[grow.__name__.lstrip("_")] = (weight, grow)
        return grow

    return register


class _Maker:
    """A model being made."""

    def __init__(self, seed: int, size: int, unknown: bool) -> None:
        import keras

        keras.backend.clear_session()
        self.keras, self.layers, self.ops = keras, keras.layers, keras.ops
        self.random = Random(seed)
        self.size, self.unknown = size, unknown
        self.values: list[Any] = []
        self.shared: list[Any] = []
        """Layers and models to call again."""

    def number(self) -> float:
        return self.random.choice([0.5, 2.0, 3.0, 0.25, -1.5, 6.0, 1 / 6, 0.1])

    def any(self, fits: Callable[[Any], bool]) -> Any:
        """A value that was made before, if one fits."""
        found = [value for value in self.values if fits(value)]
        return self.random.choice(found) if found else None

    def like(self, x: Any) -> Any:
        """Another value of the same shape: an older one, or one made for it."""
        other = self.any(lambda value: value is not x and value.shape == x.shape)
        if other is None or self.random.random() < 0.4:
            channels = x.shape[-1]
            if len(x.shape) == 2 or self.random.random() < 0.3:
                return self.layers.Dense(channels)(x)
            if len(x.shape) == 4:
                return self.layers.Conv2D(channels, 1)(x)
            return x * self.number()
        return other

    def grow(self) -> None:
        x = self.values[-1] if self.random.random() < 0.75 else self.random.choice(self.values)
        names = [name for name in KINDS if self.unknown or name not in UNKNOWN]
        weights = [KINDS[name][0] for name in names]
        (name,) = self.random.choices(names, weights)
        try:
            result = KINDS[name][1](self, x)
        except (ValueError, TypeError, IndexError):
            return
        if result is None or len(result.shape) < 2 or 0 in result.shape:
            return
        elements = 1
        for extent in result.shape:
            elements *= extent
        if elements <= 20_000:
            self.values.append(result)


UNKNOWN = {"not_known"}


def model(seed: int, size: int = 9, unknown: bool = True) -> Any:
    """A model of about so many layers and functions, its variables random and not zero.

    ``unknown`` lets one in some hold an operator of which the importer says that it is not known.
    """
    maker = _Maker(seed, size, unknown)
    random = maker.random
    shapes = [(8, 6, 4), (8, 8, 3), (6, 1, 4), (1, 8, 4), (12, 4), (16, 8), (8,), (5, 5, 1)]
    first = random.choice(shapes)
    count = random.choices([1, 2, 3], [6, 3, 1])[0]
    inputs = []
    for number in range(count):
        shape = first if random.random() < 0.6 else random.choice(shapes)
        inputs.append(maker.keras.Input(batch_shape=(1, *shape), name=f"in{number}"))
    maker.values += inputs
    for _ in range(6 * size):
        if len(maker.values) >= size + count:
            break
        maker.grow()
    ends = _ends(maker, inputs)
    made = maker.keras.Model(inputs if count > 1 else inputs[0], ends)
    randomise(made, seed)
    return made


def _ends(maker: _Maker, inputs: list[Any]) -> Any:
    """The outputs: such that every input is read, and none is an input itself."""
    random = maker.random
    made = [value for value in maker.values if not any(value is one for one in inputs)]
    ends = [made[-1]] if made else []
    if random.random() < 0.35 and len(made) > 1:
        ends.append(random.choice(made[:-1]))
    read: set[int] = set()
    stack = [value._keras_history.operation for value in ends]
    seen = set()
    while stack:
        operation = stack.pop()
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        for node in operation._inbound_nodes:
            for tensor in node.input_tensors:
                read.add(id(tensor))
                stack.append(tensor._keras_history.operation)
    for value in inputs:
        if id(value) not in read:
            ends.append(_read(maker, value))
    return ends if len(ends) > 1 or random.random() < 0.2 else ends[0]


def _read(maker: _Maker, value: Any) -> Any:
    """Something that is computed from an input."""
    if len(value.shape) == 2:
        return maker.layers.Dense(3)(value)
    return maker.layers.Activation("sigmoid")(value)


# --- layers -------------------------------------------------------------------------------------


def _activation(m: _Maker) -> str | None:
    return m.random.choice([None, None, "relu", "relu6", "sigmoid", "tanh", "hard_swish"])


@_kind(5)
def _conv(m: _Maker, x: Any) -> Any:
    width, kernel = m.random.choice([4, 8]), m.random.choice([1, 3])
    options = {
        "padding": m.random.choice(["same", "valid"]),
        "strides": m.random.choice([1, 1, 2]),
        "use_bias": m.random.random() < 0.7,
        "activation": _activation(m),
    }
    if len(x.shape) == 4:
        kind = m.random.choice(["Conv2D", "Conv2D", "SeparableConv2D"])
        layer = getattr(m.layers, kind)(width, kernel, **options)
    elif len(x.shape) == 3:
        if m.random.random() < 0.3:
            options |= {"padding": "causal", "strides": 1}
        elif m.random.random() < 0.2:
            options |= {"strides": 1, "dilation_rate": 2}
        kind = m.random.choice(["Conv1D", "Conv1D", "SeparableConv1D"])
        if kind == "SeparableConv1D" and (
            "dilation_rate" in options or options["padding"] == "causal"
        ):
            return None
        layer = getattr(m.layers, kind)(width, kernel, **options)
    else:
        return None
    m.shared.append(layer)
    return layer(x)


@_kind(2)
def _depthwise(m: _Maker, x: Any) -> Any:
    kind = {4: "DepthwiseConv2D", 3: "DepthwiseConv1D"}.get(len(x.shape))
    if kind is None:
        return None
    options = {"padding": m.random.choice(["same", "valid"]), "activation": _activation(m)}
    layer = getattr(m.layers, kind)(m.random.choice([1, 3]), **options)
    m.shared.append(layer)
    return layer(x)


@_kind(2)
def _dense(m: _Maker, x: Any) -> Any:
    layer = m.layers.Dense(m.random.choice([3, 4, 8]), activation=_activation(m))
    m.shared.append(layer)
    return layer(x)


@_kind(3)
def _batchnorm(m: _Maker, x: Any) -> Any:
    layer = m.layers.BatchNormalization(scale=m.random.random() < 0.8)
    return layer(x)


@_kind(2)
def _pool(m: _Maker, x: Any) -> Any:
    axes = len(x.shape) - 2
    kind = m.random.choice(["Max", "Average"])
    options = {"padding": m.random.choice(["same", "valid"])}
    return getattr(m.layers, f"{kind}Pooling{axes}D")(2, **options)(x) if axes else None


@_kind(2)
def _global_pool(m: _Maker, x: Any) -> Any:
    axes = len(x.shape) - 2
    kind = m.random.choice(["Max", "Average", "Average"])
    keepdims = m.random.random() < 0.5
    return getattr(m.layers, f"Global{kind}Pooling{axes}D")(keepdims=keepdims)(x) if axes else None


@_kind(3)
def _activation_layer(m: _Maker, x: Any) -> Any:
    layers = m.layers
    return m.random.choice(
        [
            lambda: layers.ReLU(),
            lambda: layers.ReLU(6.0),
            lambda: layers.ReLU(m.random.choice([1.0, 4.0])),
            lambda: layers.ReLU(negative_slope=0.1),
            lambda: layers.LeakyReLU(m.random.choice([0.1, 0.3])),
            lambda: layers.PReLU(shared_axes=list(range(1, len(x.shape) - 1)) or None),
            lambda: layers.ELU(),
            lambda: layers.Softmax(),
            lambda: layers.Activation(
                m.random.choice(["swish", "hard_swish", "hard_sigmoid", "tanh", "elu", "softsign"])
            ),
        ]
    )()(x)


@_kind(1)
def _nothing(m: _Maker, x: Any) -> Any:
    layer = m.random.choice(["Dropout", "GaussianNoise", "Identity", "Linear"])
    if layer == "Linear":
        return m.layers.Activation("linear")(x)
    return getattr(m.layers, layer)(*() if layer == "Identity" else (0.2,))(x)


@_kind(2)
def _rescale(m: _Maker, x: Any) -> Any:
    kind = m.random.random()
    if kind < 0.6:
        return m.layers.Rescaling(m.number(), offset=m.random.choice([0.0, 1.0, 3.0]))(x)
    channels = x.shape[-1]
    mean, variance = [0.5 + i for i in range(channels)], [1.5 + i for i in range(channels)]
    if kind < 0.8:
        return m.layers.Normalization(mean=mean, variance=variance)(x)
    import numpy as np

    layer = m.layers.Normalization()
    layer.adapt(np.random.default_rng(0).normal(1, 2, (4, *x.shape[1:])).astype("float32"))
    return layer(x)


@_kind(2)
def _resize(m: _Maker, x: Any) -> Any:
    layers = m.layers
    if len(x.shape) == 4:
        return m.random.choice(
            [
                lambda: layers.ZeroPadding2D(1),
                lambda: layers.ZeroPadding2D(((0, 1), (0, 1))),
                lambda: layers.Cropping2D(1),
                lambda: layers.UpSampling2D(2),
                lambda: layers.UpSampling2D(2, interpolation="bilinear"),
                lambda: layers.Resizing(
                    5, 4, interpolation=m.random.choice(["nearest", "bilinear"])
                ),
            ]
        )()(x)
    if len(x.shape) == 3:
        return m.random.choice([layers.ZeroPadding1D, layers.Cropping1D])(1)(x)
    return layers.RepeatVector(3)(x)


@_kind(3)
def _merge(m: _Maker, x: Any) -> Any:
    names = ["Add", "Add", "Multiply", "Subtract", "Maximum", "Minimum", "Average", "Concatenate"]
    name = m.random.choice(names)
    others = [m.like(x)]
    if name not in ("Subtract",) and m.random.random() < 0.2:
        others.append(m.like(x))
    both = [x, *others]
    m.random.shuffle(both)
    return getattr(m.layers, name)()(both)


@_kind(2)
def _gate(m: _Maker, x: Any) -> Any:
    """Squeeze and excite, in three spellings."""
    channels = x.shape[-1]
    if len(x.shape) != 4:
        return None
    way = m.random.randrange(3)
    if way == 0:
        pooled = m.layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = m.layers.Conv2D(channels, 1, activation="sigmoid")(pooled)
    elif way == 1:
        pooled = m.layers.Dense(channels)(m.ops.mean(x, axis=(1, 2)))
        gate = m.layers.Reshape((1, 1, channels))(m.ops.sigmoid(pooled))
    else:
        pooled = m.ops.mean(x, axis=(1, 2), keepdims=True)
        gate = m.layers.Dense(channels, activation="hard_sigmoid")(pooled)
    return x * gate if m.random.random() < 0.5 else m.layers.Multiply()([x, gate])


# --- axes ---------------------------------------------------------------------------------------


@_kind(4)
def _permute(m: _Maker, x: Any) -> Any:
    rank = len(x.shape)
    if rank < 3:
        return None
    order = list(range(1, rank))
    m.random.shuffle(order)
    way = m.random.random()
    if way < 0.6:
        return m.layers.Permute(order)(x)
    if way < 0.8:
        return m.ops.transpose(x, (0, *order))
    return m.ops.swapaxes(x, 1, rank - 1)


@_kind(1)
def _permute_back(m: _Maker, x: Any) -> Any:
    """Moved, something done, and moved back."""
    if len(x.shape) != 4:
        return None
    done = m.random.choice([m.ops.sigmoid, m.ops.relu, lambda y: y * 2.0, lambda y: y])
    return m.layers.Permute((2, 1, 3))(done(m.layers.Permute((2, 1, 3))(x)))


@_kind(3)
def _reshape(m: _Maker, x: Any) -> Any:
    shape = x.shape[1:]
    way = m.random.randrange(5)
    if way == 0:
        return m.layers.Flatten()(x)
    if way == 1 and len(shape) == 3:
        return m.layers.Reshape((shape[0] * shape[1], shape[2]))(x)
    if way == 2 and len(shape) == 2:
        return m.layers.Reshape((1, *shape))(x)
    if way == 3:
        return m.ops.expand_dims(x, 1) if len(shape) < 3 else m.ops.squeeze(x, 1)
    return m.ops.reshape(x, (1, -1, shape[-1])) if len(shape) == 3 else None


@_kind(2)
def _slice(m: _Maker, x: Any) -> Any:
    rank = len(x.shape)
    way = m.random.randrange(5)
    if way == 0:
        return x[:, 1:]
    if way == 1:
        return x[..., : max(x.shape[-1] // 2, 1)]
    if way == 2 and rank > 2:
        return x[:, 0]
    if way == 3:
        return x[:, ::2]
    return x[:, -1] if rank > 2 else x[:, :3]


@_kind(2)
def _reduce(m: _Maker, x: Any) -> Any:
    if len(x.shape) < 3:
        return None
    axis = m.random.choice([1, 2, (1, 2), -1]) if len(x.shape) == 4 else m.random.choice([1, -1])
    function = m.random.choice(["mean", "mean", "mean", "max", "sum"])
    return getattr(m.ops, function)(x, axis=axis, keepdims=m.random.random() < 0.6)


# --- functions and numbers ----------------------------------------------------------------------


@_kind(4)
def _function(m: _Maker, x: Any) -> Any:
    names = ["relu", "relu6", "sigmoid", "tanh", "silu", "hard_silu", "hard_sigmoid", "leaky_relu"]
    names += ["abs", "square", "negative", "elu", "softmax", "hard_tanh", "gelu", "exp", "sqrt"]
    name = m.random.choice(names)
    if name in ("exp", "sqrt"):  # of what stays finite: calibration meets no infinity
        x = m.ops.sigmoid(x)
    return getattr(m.ops, name)(x)


@_kind(6)
def _arithmetic(m: _Maker, x: Any) -> Any:
    c = m.number()
    return m.random.choice(
        [
            lambda: x * c,
            lambda: c * x,
            lambda: x + c,
            lambda: x - 1.0,
            lambda: 1.0 - x,
            lambda: x / 6.0,
            lambda: x * 1.0,
            lambda: x + 0.0,
            lambda: -x,
            lambda: x**2,
            lambda: m.ops.maximum(x, m.random.choice([0.0, 0.5])),
            lambda: m.ops.minimum(x, m.random.choice([6.0, 1.0])),
            lambda: m.ops.clip(x, *m.random.choice([(0, 6), (0, 1), (-1, 1), (-1, 2)])),
        ]
    )()


@_kind(3)
def _binary(m: _Maker, x: Any) -> Any:
    y = m.like(x)
    return m.random.choice(
        [
            lambda: x + y,
            lambda: x - y,
            lambda: x * y,
            lambda: m.ops.maximum(x, y),
            lambda: m.ops.minimum(x, y),
            lambda: m.ops.concatenate([x, y], axis=-1),
            lambda: x + x,
            lambda: m.ops.square(x - y),
        ]
    )()


@_kind(3)
def _hard_swish(m: _Maker, x: Any) -> Any:
    ops, layers = m.ops, m.layers
    return m.random.choice(
        [
            lambda: x * ops.relu6(x + 3.0) * (1 / 6),
            lambda: x * ops.relu6(x + 3.0) / 6.0,
            lambda: x * (ops.relu6(x + 3.0) / 6.0),
            lambda: ops.relu6(x + 3.0) * x * (1 / 6),
            lambda: x * layers.ReLU(6.0)(x + 3.0) * 0.16666667,
            lambda: layers.Multiply()([x, layers.Rescaling(1 / 6)(layers.ReLU(6.0)(x + 3.0))]),
            lambda: x * ops.hard_sigmoid(x),
            lambda: x * ops.clip(x + 3.0, 0, 6) / 6.0,
        ]
    )()


@_kind(1)
def _leaky(m: _Maker, x: Any) -> Any:
    scaled = x * m.random.choice([0.2, 0.1])
    both = (scaled, x) if m.random.random() < 0.7 else (x, scaled)
    return m.ops.maximum(*both) if m.random.random() < 0.7 else m.layers.Maximum()(list(both))


@_kind(1)
def _constant(m: _Maker, x: Any) -> Any:
    import numpy as np

    values = np.linspace(0.5, 1.5, x.shape[-1]).astype("float32")
    return x * values if m.random.random() < 0.6 else x + values


# --- models and layers called again -------------------------------------------------------------


@_kind(4)
def _again(m: _Maker, x: Any) -> Any:
    """A layer or model that was called before, on this tensor and perhaps on another."""
    if not m.shared:
        return None
    layer = m.random.choice(m.shared)
    one = layer(x)
    if m.random.random() < 0.5:
        return m.layers.Add()([one, layer(x)])
    return one


@_kind(3)
def _nested(m: _Maker, x: Any) -> Any:
    keras, layers = m.keras, m.layers
    inside = keras.Input(batch_shape=x.shape)
    channels = x.shape[-1]
    way = m.random.randrange(3)
    body: list[Any] = []
    if len(x.shape) == 4:
        body = [layers.Conv2D(channels, m.random.choice([1, 3]), padding="same")]
    elif len(x.shape) == 3:
        body = [layers.Conv1D(channels, 3, padding="same")]
    else:
        body = [layers.Dense(channels)]
    if m.random.random() < 0.5:
        body.append(layers.BatchNormalization())
    body.append(m.random.choice([layers.ReLU(6.0), layers.Activation("sigmoid"), layers.ReLU()]))
    if way == 0:
        inner = keras.Sequential([inside, *body])
    else:
        y = inside
        for layer in body:
            y = layer(y)
        if way == 2:
            y = y * 2.0 + inside
        inner = keras.Model(inside, y)
    if m.random.random() < 0.3:
        inner.compile("adam", "mse")
    m.shared.append(inner)
    y = inner(x)
    return y if m.random.random() < 0.7 else inner(y)


@_kind(1)
def _not_known(m: _Maker, x: Any) -> Any:
    return m.random.choice(
        [
            lambda: m.ops.selu(x),
            lambda: m.layers.LayerNormalization(axis=1)(x),
            lambda: m.layers.UnitNormalization()(x),
            lambda: x**3,
            lambda: m.layers.Lambda(lambda y: y * 2.0)(x),
        ]
    )()
