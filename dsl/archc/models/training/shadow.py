"""Quantisation-aware fine-tuning: a model computes with rounded kernels, its float ones learn.

While a `Shadow` is attached, each layer with a kernel is called as always, but reads its kernel
through `rounding.rounded`, by a scope of Keras that gives variables other values for the length of
a call (`keras.StatelessScope`). No layer is replaced or wrapped, no variable added, no config
touched: what is saved at any moment, by a checkpoint's callback too, is the model of standard
layers with its float kernels, and regularisers and constraints see the float kernels as well.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from archc.diagnostics.codes import FINE_TUNE
from archc.diagnostics.model import Diagnostic, make
from archc.diagnostics.nearest import did_you_mean
from archc.models.training.rounding import AXES, rounded

PLAIN = ("PReLU", "LayerNormalization", "GroupNormalization", "Normalization")
"""Classes of `keras.layers` whose weights are not kernels: they are left as biases are."""
TRANSPARENT = ("Dropout", "Flatten", "Reshape")
"""Classes through which a BatchNorm folds into the Dense behind them, where they keep the
channels in the last axis: Flatten and Reshape of a map of 1x1."""
_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D")
_COMPILED = ("train_function", "test_function", "predict_function")
"""Where a model keeps what it has traced."""


class FineTuned(NamedTuple):
    """What fine-tuning does to a model, by names of layers in the model's order."""

    kernels: tuple[str, ...]
    """Kernels are rounded in every call."""
    frozen: tuple[str, ...]
    """BatchNorms: they compute as in inference, and none of their values change."""
    left: tuple[str, ...]
    """Left in float, since the caller asked for it."""


class Survey(NamedTuple):
    """A model, looked at before anything is done to it."""

    models: tuple[Any, ...]
    """It and the models nested in it."""
    kernels: tuple[Any, ...]
    norms: tuple[Any, ...]
    gains: dict[int, tuple[Any, ...]]
    """By identity of a Dense: the BatchNorms that the converter folds forward into it."""
    left: tuple[str, ...]
    problems: tuple[Diagnostic, ...]


def survey(model: Any, leave: Sequence[str] = ()) -> Survey:
    """Find the kernels and BatchNorms of a model, and all that keeps it from being fine-tuned.

    Raises:
        ImportError: Keras is not installed.
    """
    try:
        import keras
    except ImportError:
        raise ImportError("fine-tuning needs Keras: pip install 'archc-dsl[tensorflow]'") from None

    if not isinstance(model, keras.Model):
        problem = make(
            FINE_TUNE,
            f"only a Keras model can be fine-tuned, not an object of type `{type(model).__name__}`",
            help="load a file first: `keras.models.load_model(path)`",
        )
        return Survey((), (), (), {}, (), (problem,))
    layers = {id(layer): layer for layer in _layers(model)}
    models = [model, *(x for x in layers.values() if isinstance(x, keras.Model))]
    if not all(x.built for x in (*models, *layers.values())):
        problem = make(
            FINE_TUNE,
            f"the model `{model.name}` has layers without weights: it was not built yet",
            help="call it on data once, or give it an `Input`",
        )
        return Survey((), (), (), {}, (), (problem,))
    problems = _unknown_names(leave, [layer.name for layer in layers.values()])
    kernels, norms, left = [], [], []
    for layer in layers.values():
        if isinstance(layer, keras.Model) or not layer.weights:
            continue
        if layer.name in leave:
            left.append(layer.name)
        elif _class(layer) == "BatchNormalization":
            norms.append(layer)
        elif _class(layer) not in PLAIN:
            kernels.append(layer)
            reason = _refusal(layer)
            if reason is not None:
                problems.append(
                    make(
                        FINE_TUNE,
                        f"layer `{layer.name}`: {reason[0]}",
                        help=f"{reason[1]}or leave it in float: `leave=[{layer.name!r}]`",
                    )
                )
    if any(isinstance(vars(x).get("call"), _Call) for x in (*kernels, *norms)):
        problem = make(
            FINE_TUNE,
            f"layers of the model `{model.name}` are being fine-tuned already",
            help="leave the inner `with`: one of them does it for all layers",
        )
        return Survey((), (), (), {}, (), (problem,))
    if not kernels:
        problems.append(
            make(
                FINE_TUNE,
                f"the model `{model.name}` has no kernel to round",
                help="convolutions and Dense layers have one",
            )
        )
    gains = _folded_forward([x for x in layers.values() if not isinstance(x, keras.Model)])
    return Survey(tuple(models), tuple(kernels), tuple(norms), gains, tuple(left), tuple(problems))


def _layers(model: Any) -> Iterator[Any]:
    import keras

    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _class(layer: Any) -> str | None:
    """The name of the class, if it is that of `keras.layers` and not one derived from it."""
    import keras

    name = type(layer).__name__
    return name if getattr(keras.layers, name, None) is type(layer) else None


def _unknown_names(leave: Sequence[str], names: Sequence[str]) -> list[Diagnostic]:
    if isinstance(leave, str):
        return [make(FINE_TUNE, "`leave` takes a list of names", help=f"write `[{leave!r}]`")]
    return [
        make(FINE_TUNE, f"there is no layer `{name}` to leave", help=did_you_mean(name, names))
        for name in leave
        if name not in names
    ]


def _refusal(layer: Any) -> tuple[str, str] | None:
    """Why the kernel of a layer cannot be rounded, and what to do."""
    kind = _class(layer)
    if kind not in AXES:
        if kind is None:
            own = f"`{type(layer).__name__}` is not a Keras layer"
            return f"{own}, so how its weights will be rounded is not known", ""
        return f"how the converter rounds the weights of `{kind}` is not known", ""
    if getattr(layer, "quantization_mode", None) is not None:
        return "Keras has quantised its weights already", "start from the float model, "
    if getattr(layer, "lora_enabled", False):
        return (
            "its kernel is the sum of several weights (LoRA)",
            "save and load the model, which merges them, ",
        )
    return None


def _folded_forward(layers: Sequence[Any]) -> dict[int, tuple[Any, ...]]:
    """By identity of a Dense: the BatchNorms before it, if the converter folds them into it.

    It does where the Dense has a bias and the BatchNorm is not behind a convolution, which takes
    it instead (`docs/lowering.md`, "Folding and fusing"; observed on TensorFlow 2.21).
    """
    calls = {layer: _calls(layer) for layer in layers}
    producers = {id(call.made): call for made in calls.values() for call in made}
    folded = {}
    for layer, made in calls.items():
        if _class(layer) == "Dense" and layer.use_bias:
            chains = {_norms_before(call, producers) for call in made}
            if len(chains) == 1 and (norms := chains.pop()):
                folded[id(layer)] = norms
    return folded


def _norms_before(call: "_Called", producers: "dict[int, _Called]") -> tuple[Any, ...]:
    norms = []
    source = producers.get(id(call.given))
    while source is not None and _keeps_channels(source):
        if _class(source.layer) == "BatchNormalization":
            norms.append(source.layer)
        source = producers.get(id(source.given))
    taken = source is not None and _class(source.layer) in _CONVOLUTIONS
    return () if taken else tuple(norms)


def _keeps_channels(call: "_Called") -> bool:
    """Whether a factor for each channel can be moved from before a layer to behind it."""
    kind = _class(call.layer)
    if kind == "BatchNormalization":
        return call.layer.axis in (-1, len(call.made.shape) - 1)
    return kind in TRANSPARENT and call.given.shape[-1] == call.made.shape[-1]


class _Called(NamedTuple):
    """A call of a layer, the symbolic tensor it reads and the one it makes."""

    layer: Any
    given: Any
    made: Any


def _calls(layer: Any) -> list[_Called]:
    """The calls of a layer on one tensor. A sequential model calls its layers anew when one is
    added; a model with a `call` of its own records no calls, and its folds are not seen."""
    return [
        _Called(layer, node.input_tensors[0], node.output_tensors[0])
        for node in layer._inbound_nodes
        if len(node.input_tensors) == len(node.output_tensors) == 1
    ]


class _Call:
    """Stands for the `call` of one layer, as an attribute of that layer."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.before: Callable[..., Any] | None = vars(layer).get("call")
        self.call: Callable[..., Any] = layer.call

    def attach(self) -> None:
        # Not by assignment: there is nothing here for Keras to track, save or copy.
        vars(self.layer)["call"] = self

    def detach(self) -> None:
        if self.before is None:
            del vars(self.layer)["call"]
        else:
            vars(self.layer)["call"] = self.before

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


class _Rounded(_Call):
    """Calls a layer with rounded kernels."""

    def __init__(self, layer: Any, norms: Sequence[Any]) -> None:
        super().__init__(layer)
        kind = _class(layer)
        assert kind is not None
        self.kernels = [(getattr(layer, name), axes) for name, axes in AXES[kind].items()]
        self.norms = norms

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        import keras

        # Not exported by Keras under a public name, and there since 3.0: with mixed precision
        # variables are read in half precision here, too coarse for a scale.
        from keras.src.backend import AutocastScope

        with AutocastScope(None):
            # All weights, not only the kernels: a scope hides those around it, and the trainer of
            # the JAX backend hands over all values by one.
            values = {id(weight): (weight, weight.value) for weight in self.layer.weights}
            gain = self.gain()
            for kernel, axes in self.kernels:
                values[id(kernel)] = kernel, rounded(kernel.value, axes, gain)
            scope = keras.StatelessScope(values.values(), initialize_variables=False)
        with scope:
            return self.call(*args, **kwargs)

    def gain(self) -> Any:
        """The factor of each input of a Dense, a column (in, 1), or None."""
        from keras import ops

        gain = None
        for norm in self.norms:
            factor = ops.rsqrt(norm.moving_variance.value + norm.epsilon)
            if norm.scale:
                factor = factor * norm.gamma.value
            gain = factor if gain is None else gain * factor
        return None if gain is None else ops.reshape(gain, (-1, 1))


class _Frozen(_Call):
    """Calls a BatchNorm as in inference."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **{**kwargs, "training": False})


class Shadow:
    """A model being fine-tuned, between `attach` and `detach`."""

    def __init__(self, found: Survey) -> None:
        """Take a survey that found no problems; nothing is done yet."""
        self._model = found.models[0]
        self._models = found.models
        self._calls: list[_Call] = [
            *(_Rounded(layer, found.gains.get(id(layer), ())) for layer in found.kernels),
            *(_Frozen(layer) for layer in found.norms),
        ]
        # By variable, not by layer: whether a layer is trainable is saved with the model.
        self._frozen = [
            (weight, weight.trainable) for layer in found.norms for weight in layer.weights
        ]
        optimizer = getattr(self._model, "optimizer", None)
        self._known = optimizer if getattr(optimizer, "built", False) else None
        self.report = FineTuned(
            tuple(layer.name for layer in found.kernels),
            tuple(layer.name for layer in found.norms),
            found.left,
        )

    def attach(self) -> None:
        for call in self._calls:
            call.attach()
        for weight, _ in self._frozen:
            weight.trainable = False
        self._forget()

    def detach(self) -> None:
        for call in self._calls:
            call.detach()
        for weight, trainable in self._frozen:
            weight.trainable = trainable
        self._forget()
        self._renew_optimizer()

    def _forget(self) -> None:
        """Have the models trace their functions anew."""
        for model in self._models:
            for name in _COMPILED:
                if getattr(model, name, None) is not None:
                    setattr(model, name, None)

    def _renew_optimizer(self) -> None:
        """An optimizer that was built on fewer weights than are trainable now would refuse the
        others, and be refused when the model is loaded: start it afresh, with its settings."""
        optimizer = getattr(self._model, "optimizer", None)
        stale = getattr(optimizer, "built", False) and optimizer is not self._known
        if optimizer is None or not stale or not any(trainable for _, trainable in self._frozen):
            return
        fresh = type(optimizer).from_config(optimizer.get_config())
        fresh.build(self._model.trainable_variables)
        self._model.optimizer = fresh
