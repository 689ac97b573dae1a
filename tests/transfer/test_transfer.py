"""`archc.transfer_weights`: outputs are equal afterwards, or an error says what is in the way."""

import doctest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archc
from support import transfers
from support.keras_models import randomise
from support.variance import samples

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]


def equal(
    source: Any, target: Any, inputs: Any = None, order: tuple[int, ...] | None = None
) -> None:
    """Outputs of the source are those of the target, in the order given."""
    import numpy as np

    inputs = samples(source) if inputs is None else inputs
    expected, found = transfers.results(source, inputs), transfers.results(target, inputs)
    for place, number in enumerate(order or range(len(expected))):
        size = abs(expected[place]).max()
        assert size > 0
        assert np.abs(expected[place] - found[number]).max() <= 1e-5 * size


def image(*shape: int, name: str | None = None) -> Any:
    import keras

    return keras.Input(shape, name=name)


def model(inputs: Any, outputs: Any, **named: Any) -> Any:
    import keras

    made = keras.Model(inputs, outputs, **named)
    randomise(made, len(made.layers))
    return made


def layers() -> Any:
    import keras

    return keras.layers


# --- pairs of models that are one network ---------------------------------------------------------


def separable() -> tuple[Any, Any]:
    k, x = layers(), image(8, 8, 3)
    a = k.SeparableConv2D(8, 3, strides=2, depth_multiplier=2, activation="relu")(x)
    y = image(8, 8, 3)
    b = k.DepthwiseConv2D(3, strides=2, depth_multiplier=2, use_bias=False)(y)
    return model(x, a), model(y, k.ReLU()(k.Conv2D(8, 1)(b)))


def dense_and_convolution() -> tuple[Any, Any]:
    """A Dense behind a Flatten, one on every place of a map, one on a vector."""
    k, x, y = layers(), image(4, 5, 3), image(4, 5, 3)
    a = k.Dense(4)(k.Flatten()(k.Dense(6)(x)))
    b = k.Flatten()(k.Conv2D(4, (4, 5))(k.Conv2D(6, 1)(y)))
    return model(x, a), model(y, b)


def one_and_two_axes() -> tuple[Any, Any]:
    k, x, y = layers(), image(12, 3), image(12, 3)
    a = k.SeparableConv1D(8, 5)(k.Conv1D(6, 3, dilation_rate=2)(x))
    b = k.Conv2D(6, (3, 1), dilation_rate=(2, 1))(k.Reshape((12, 1, 3))(y))
    b = k.Conv2D(8, 1)(k.DepthwiseConv2D((5, 1), use_bias=False)(b))
    return model(x, a), model(y, k.Reshape((6 - 2, 8))(b))


def grouped_and_depthwise() -> tuple[Any, Any]:
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    a = k.Conv2D(8, 3, groups=4)(x)
    return model(x, a), model(y, k.DepthwiseConv2D(3, depth_multiplier=2)(y))


def normalised() -> tuple[Any, Any]:
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    a = k.PReLU(shared_axes=[1, 2])(k.BatchNormalization(scale=False)(k.Conv2D(4, 3)(x)))
    b = k.BatchNormalization(scale=False)(k.Conv2D(4, 3)(y))
    return model(x, k.Conv2DTranspose(3, 2)(a)), model(
        y, k.Conv2DTranspose(3, 2)(k.PReLU(shared_axes=[1, 2])(b))
    )


def shared() -> tuple[Any, Any]:
    """One layer for two inputs in both; a second one is shared in the source alone."""
    k = layers()

    def made(once: bool) -> Any:
        left, right = image(6, name="left"), image(6, name="right")
        first, second = k.Dense(5), k.Dense(5)
        other = second if once else k.Dense(5)
        a, b = second(first(left)), other(k.Dense(5)(first(right)))
        return model([left, right], k.Concatenate()([a, b]))

    return made(once=True), made(once=False)


def nested() -> tuple[Any, Any]:
    import keras

    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    inner = image(8, 8, 4)
    block = keras.Model(inner, k.BatchNormalization()(k.Conv2D(4, 3, padding="same")(inner)))
    outer = k.Dense(3)(keras.Sequential([k.Conv2D(5, 1), k.GlobalAveragePooling2D()])(block(x)))
    b = k.BatchNormalization()(k.Conv2D(4, 3, padding="same")(y))
    return model(x, outer), model(y, k.Dense(3)(k.GlobalAveragePooling2D()(k.Conv2D(5, 1)(b))))


def pools_tell_apart() -> tuple[Any, Any]:
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    a = [k.Conv2D(4, 1)(pool(2)(x)) for pool in (k.MaxPooling2D, k.AveragePooling2D)]
    b = [k.Conv2D(4, 1)(pool(2)(y)) for pool in (k.AveragePooling2D, k.MaxPooling2D)]
    return model(x, k.Add()(a)), model(y, k.Add()(b))


def places_tell_apart() -> tuple[Any, Any]:
    """Layers alike, made in another order than they are joined in."""
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    a = [k.Conv2D(4, 3)(x) for _ in range(4)]
    b = [k.Conv2D(4, 3)(y) for _ in range(4)]
    return model(x, k.Concatenate()(a)), model(y, k.Concatenate()(b[::-1]))


def parts_tell_apart() -> tuple[Any, Any]:
    import keras

    k, x, y = layers(), image(8, 8, 8), image(8, 8, 8)
    a, b = keras.ops.split(x, 2, axis=-1)
    c, d = keras.ops.split(y, 2, axis=-1)
    second = k.Conv2D(4, 1)(d)
    return (
        model(x, k.Maximum()([k.Conv2D(4, 1)(a), k.Conv2D(4, 1)(b)])),
        model(y, k.Maximum()([second, k.Conv2D(4, 1)(c)])),
    )


def interchangeable() -> tuple[Any, Any]:
    """Eight branches that no one can tell apart: any pairs will do, as long as they go together."""
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    a = [k.Conv2D(4, 1)(k.Conv2D(4, 3)(x)) for _ in range(8)]
    b = [k.Conv2D(4, 3)(y) for _ in range(8)]
    b = [k.Conv2D(4, 1)(one) for one in b[3:] + b[:3]]
    return model(x, k.Add()(a)), model(y, k.Add()(b))


def pairs_go_together() -> tuple[Any, Any]:
    """Two products of a sum: which factors belong together is seen where they are joined."""
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    a = [k.Multiply()([k.Conv2D(4, 3, padding="same")(x), k.Conv2D(4, 1)(x)]) for _ in range(3)]
    wide = [k.Conv2D(4, 3, padding="same")(y) for _ in range(3)]
    b = [k.Multiply()([k.Conv2D(4, 1, activation="linear")(y), one]) for one in wide[::-1]]
    return model(x, k.Add()(a)), model(y, k.Identity()(k.Add()(b)))


def names_tell_apart() -> tuple[Any, Any]:
    """One adds and one subtracts: what is subtracted is known by its name."""
    import keras

    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    plus, minus = k.Conv2D(4, 1, name="plus")(x), k.Conv2D(4, 1, name="minus")(x)
    less, more = k.Conv2D(4, 1, name="minus")(y), k.Conv2D(4, 1, name="plus")(y)
    return model(x, k.Subtract()([plus, minus])), model(
        y, keras.ops.add(keras.ops.negative(less), more)
    )


PAIRS: list[Callable[[], tuple[Any, Any]]] = [
    *(separable, dense_and_convolution, one_and_two_axes, grouped_and_depthwise, normalised),
    *(shared, nested, pools_tell_apart, places_tell_apart, parts_tell_apart, interchangeable),
    *(names_tell_apart, pairs_go_together),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.__name__)
def test_outputs_are_equal(pair: Callable[[], tuple[Any, Any]]) -> None:
    source, target = pair()
    found = archc.transfer_weights(source, target)
    assert found.by == "structure"
    assert len(found.arrays) == len(target.weights)
    assert len({ours for ours, _ in found.arrays}) == len(source.weights)
    equal(source, target)


SPEC = """
arch net {
    input left: 8 x 8 x 8
    input right: 8 x 8 x 8
    stage a(channels = 8) { left conv batchnorm relu6 as kept  conv(kernel = 3x3) }
    stage b(channels = 8) { right conv batchnorm relu6 }
    output zero { add { a } { b } { kept } conv(exact(3)) sigmoid }
    output one { b conv(exact(3)) sigmoid }
}
"""


def two_ended(outputs: Callable[[Any, Any], Any]) -> Any:
    k = layers()
    left, right = image(8, 8, 8, name="left"), image(8, 8, 8, name="right")
    kept = k.ReLU(6)(k.BatchNormalization()(k.Conv2D(8, 1, use_bias=False)(left)))
    a = k.Conv2D(8, 3, padding="same")(kept)
    b = k.ReLU(6)(k.BatchNormalization()(k.Conv2D(8, 1, use_bias=False)(right)))
    zero = k.Conv2D(3, 1, activation="sigmoid")(k.Add()([a, b, kept]))
    return model([right, left], outputs(zero, k.Conv2D(3, 1, activation="sigmoid")(b)))


@pytest.mark.parametrize(
    ("outputs", "order"),
    [
        (lambda zero, one: [zero, one], (1, 0)),  # Keras lists those of the spec by name
        (lambda zero, one: {"zero": zero, "one": one}, (0, 1)),
    ],
)
def test_several_inputs_and_outputs_of_a_spec(outputs: Any, order: tuple[int, int]) -> None:
    source, target = two_ended(outputs), archc.compile_text(SPEC).build_model()
    archc.transfer_weights(source, target)
    right, left = samples(source)
    equal(source, target, {"left": left, "right": right}, order)


@pytest.mark.parametrize("seed", range(12))
def test_models_with_other_names(seed: int) -> None:
    """As others write them: shared and nested, with functions and several inputs and outputs."""
    assert transfers.compared(seed) in ("equal", "not told apart")


def test_a_normalization_computes_with_what_it_was_given() -> None:
    import keras
    import numpy as np

    k, x, y = layers(), image(3), image(3)
    adapted = k.Normalization()
    adapted.adapt(np.random.RandomState(0).normal(5, 3, (100, 3)))
    source, target = keras.Model(x, adapted(x)), model(y, k.Normalization()(y))
    archc.transfer_weights(source, target)
    equal(source, target)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_file(suffix: str, tmp_path: Path) -> None:
    source, target = nested()
    source.save(tmp_path / f"net{suffix}")
    archc.transfer_weights(tmp_path / f"net{suffix}", target)
    equal(source, target)


def test_what_would_run_is_not_loaded(tmp_path: Path) -> None:
    k, x = layers(), image(4)
    model(x, k.Dense(2)(k.Lambda(lambda value: value)(x))).save(tmp_path / "net.keras")
    with pytest.raises(archc.ArchError, match="Lambda"):
        archc.transfer_weights(tmp_path / "net.keras", model(x, k.Dense(2)(x)))


def test_a_class_of_its_own_goes_by_names() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = keras.layers.Dense(4, name="a"), keras.layers.Dense(4, name="b")

        def call(self, x: Any) -> Any:
            return self.b(self.a(x))

    source = Own()
    source(keras.ops.ones((1, 4)))
    x = image(4)
    target = model(x, keras.layers.Dense(4, name="b")(keras.layers.Dense(4, name="a")(x)))
    found = archc.transfer_weights(source, target)
    assert found.by == "names"
    equal(source, target, keras.ops.ones((1, 4)))


def test_the_example_of_the_documentation() -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(archc.transfer_weights, "transfer")
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example)
    assert (runner.failures, runner.tries > 5) == (0, True)


# --- what is refused ------------------------------------------------------------------------------


def refused(source: Any, target: Any) -> str:
    """The message; nothing of the target was changed."""
    import numpy as np

    before = [np.asarray(variable) for variable in target.weights]
    with pytest.raises(archc.ArchError) as caught:
        archc.transfer_weights(source, target)
    assert all(map(np.array_equal, before, target.weights))
    (found,) = caught.value.diagnostics
    assert found.code == "transfer"
    return str(caught.value)


def test_arrays_of_one_side() -> None:
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    source = model(x, k.Conv2D(4, 3, name="a")(x), name="source")
    b = k.BatchNormalization(name="c")(k.Conv2D(4, 3, use_bias=False, name="b")(y))
    said = refused(source, model(y, b, name="target"))
    assert "the weights of `source` are not those of `target`" in said
    assert "left over of `source`: `a/kernel` 3x3x4x4, `a/bias` 4" in said
    assert "not filled of `target`: `b/kernel` 3x3x4x4, `c/gamma` 4, `c/beta` 4" in said


def test_another_width_is_listed_alone() -> None:
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    source = model(x, k.Dense(3, name="top")(k.Conv2D(4, 3, name="low")(x)), name="source")
    target = model(y, k.Dense(5, name="top")(k.Conv2D(4, 3, name="low")(y)), name="target")
    said = refused(source, target)
    assert "left over of `source`: `top/kernel` 4x3, `top/bias` 3\n" in said
    assert "not filled of `target`: `top/kernel` 4x5, `top/bias` 5\n" in said


def test_the_same_arrays_in_another_order() -> None:
    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    source = model(x, k.Conv2D(4, 1)(k.Conv2D(4, 3)(x)))
    target = model(y, k.Conv2D(4, 3)(k.Conv2D(4, 1)(y)))
    assert "hold the same arrays" in refused(source, target)


def test_two_layers_for_one_that_is_shared() -> None:
    source, target = shared()
    assert "is shared, and is to be both" in refused(target, source)


def test_a_window_of_another_form() -> None:
    k, x, y = layers(), image(8, 8, 1), image(8, 8, 1)
    source, target = model(x, k.Conv2D(4, (2, 3))(x)), model(y, k.Conv2D(4, (1, 6))(y))
    assert "differ in shape" in refused(source, target)


def test_what_cannot_be_told_apart() -> None:
    """The one that is subtracted, said in two ways and without names."""
    import keras

    k, x, y = layers(), image(8, 8, 4), image(8, 8, 4)
    source = model(x, k.Subtract()([k.Conv2D(4, 1, name=name)(x) for name in ("a", "b")]))
    less = keras.ops.negative(k.Conv2D(4, 1, name="c")(y))
    said = refused(source, model(y, keras.ops.add(less, k.Conv2D(4, 1, name="d")(y))))
    assert "in one way only" in said
    assert "has `a`, `b`" in said
    assert "has `c`, `d`" in said


def test_what_is_no_model() -> None:
    source, target = separable()
    for pair in ((source, None), (None, target)):
        with pytest.raises(archc.ArchError, match="Keras 3 model is needed"):
            archc.transfer_weights(*pair)
