"""The page of Keras layers against Keras: all of them are on it, and what it says of a saved model
is what the commands do with one."""

from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.manual.keras import layers, level

pytestmark = pytest.mark.keras

MERGING = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
ARGUMENTS: dict[str, dict[str, Any]] = {
    **{name: {} for name in MERGING},
    **{f"Conv{n}D": {"filters": 8, "kernel_size": 3} for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": {"filters": 8, "kernel_size": 3} for n in (1, 2, 3)},
    **{f"SeparableConv{n}D": {"filters": 8, "kernel_size": 3} for n in (1, 2)},
    **{f"DepthwiseConv{n}D": {"kernel_size": 3} for n in (1, 2)},
    **{f"{kind}Pooling{n}D": {"pool_size": 2} for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Global{kind}Pooling{n}D": {} for kind in ("Max", "Average") for n in (1, 2, 3)},
    **{f"Adaptive{kind}Pooling{n}D": {"output_size": 2} for kind in ("Max", "Average")
       for n in (1, 2, 3)},
    **{f"{kind}{n}D": {} for kind in ("Cropping", "ZeroPadding") for n in (1, 2, 3)},
    **{f"UpSampling{n}D": {} for n in (1, 3)},
    "UpSampling2D": {"interpolation": "bilinear"},
    **{f"SpatialDropout{n}D": {"rate": 0.5} for n in (1, 2, 3)},
    **{f"{kind}": {"rate": 0.5} for kind in ("Dropout", "AlphaDropout", "GaussianDropout")},
    "Activation": {"activation": "relu"}, "ActivityRegularization": {}, "BatchNormalization": {},
    "CenterCrop": {"height": 4, "width": 4}, "Dense": {"units": 4}, "ELU": {}, "Embedding":
    {"input_dim": 9, "output_dim": 4}, "Flatten": {}, "GaussianNoise": {"stddev": 0.1},
    "GroupNormalization": {"groups": 4}, "Identity": {}, "LayerNormalization": {}, "LeakyReLU": {},
    "LSTM": {"units": 4}, "GRU": {"units": 4}, "SimpleRNN": {"units": 4},
    "Permute": {"dims": (2, 1, 3)}, "PReLU": {"shared_axes": [1, 2]}, "RMSNormalization": {},
    "ReLU": {}, "RepeatVector": {"n": 3}, "Rescaling": {"scale": 0.5}, "Reshape":
    {"target_shape": (64, 8)}, "Resizing": {"height": 16, "width": 16}, "Softmax": {},
    "UnitNormalization": {}, "RandomFlip": {}, "Solarization": {}, "Masking": {},
}  # fmt: skip
"""Layers that are built, each with arguments that its operator has, if it has one."""
AXES = {"RepeatVector": 1, "Dense": 1, "LSTM": 2, "GRU": 2, "SimpleRNN": 2}
"""Axes that a layer reads, the batch aside, where its name does not tell."""


def test_every_layer_of_keras_is_on_it() -> None:
    import keras

    every = {name for name in dir(keras.layers) if isinstance(getattr(keras.layers, name), type)}
    assert len(every) > 150
    assert every <= set(layers())


@pytest.mark.parametrize("name", ARGUMENTS)
def test_what_becomes_of_it_in_a_model(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import keras

    extents = next((int(c) for c in name if c.isdigit()), 2)
    shape = (8,) * AXES.get(name, extents + 1)
    given = [keras.Input(shape) for _ in range(2 if name in MERGING else 1)]
    layer = getattr(keras.layers, name)(**ARGUMENTS[name], name="asked")
    result = layer(given if name in MERGING else given[0])
    path = str(tmp_path / "model.keras")
    keras.Model(given, keras.layers.ReLU()(result)).save(path)

    imported = main(["import", path]) == 0
    capsys.readouterr()
    assert main(["profile", path, "--format", "json"]) == 0
    hidden = '"operator": "asked"' in capsys.readouterr().out
    said = level(name, layers()[name])
    assert imported == (said in ("spec", "left out"))
    assert not (imported and hidden)
    assert hidden or said != "named"
