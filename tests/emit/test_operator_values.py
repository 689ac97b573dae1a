"""What operators compute, by the Keras layers they are: compared with NumPy on random maps."""

from collections.abc import Callable
from typing import Any

import pytest

from support.say import network

pytestmark = pytest.mark.keras

ROWS, COLUMNS, CHANNELS = 4, 6, 8


def blocks(x: Any) -> Any:
    """TensorFlow's `space_to_depth` of 2: row by row, in each place by place."""
    split = x.reshape(ROWS // 2, 2, COLUMNS // 2, 2, CHANNELS)
    return split.transpose(0, 2, 1, 3, 4).reshape(ROWS // 2, COLUMNS // 2, 4 * CHANNELS)


def places(x: Any) -> Any:
    split = x.reshape(ROWS, COLUMNS, 2, 2, CHANNELS // 4)
    return split.transpose(0, 2, 1, 3, 4).reshape(2 * ROWS, 2 * COLUMNS, CHANNELS // 4)


def shuffled(x: Any) -> Any:
    split = x.reshape(ROWS, COLUMNS, 2, CHANNELS // 2)
    return split.transpose(0, 1, 3, 2).reshape(ROWS, COLUMNS, CHANNELS)


def exponentials(x: Any) -> Any:
    import numpy as np

    powers = np.exp(x - x.max((0, 1)))
    return powers / powers.sum((0, 1))


FIRST = [0.5, 0.25, 0, 0, 0, 0, 0, 1]
SECOND = [1, 4, 1, 1, 1, 1, 1, 0.25]
COMPUTED: dict[str, Callable[[Any], Any]] = {
    "slice(2, 3)": lambda x: x[:, :, 2:5],
    "slice(5, 3)": lambda x: x[:, :, 5:],
    "crop(1, 0 x 2)": lambda x: x[1:, 1:-2],
    "permute(3 x 1 x 2)": lambda x: x.transpose(2, 0, 1),
    "channel_shuffle(2)": shuffled,
    "space_to_depth(2)": blocks,
    "depth_to_space(2)": places,
    "space_to_depth(2) depth_to_space(2)": lambda x: x,
    "resize(8x3)": lambda x: x.repeat(2, 0)[:, 1::2],
    "relu(max = 1)": lambda x: x.clip(0, 1),
    "relu(max = 6) rescale(2)": lambda x: 2 * x.clip(0, 6),
    "elu": lambda x: __import__("numpy").where(x > 0, x, __import__("numpy").expm1(x)),
    "rescale(-2, 0.5)": lambda x: 0.5 - 2 * x,
    "normalise(0.5, 4)": lambda x: (x - 0.5) / 2,
    f"normalise({FIRST}, {SECOND})": lambda x: (x - FIRST) / __import__("numpy").sqrt(SECOND),
    "l2_normalise": lambda x: x / ((x**2).sum(-1, keepdims=True) ** 0.5),
    "subtract { } { relu }": lambda x: x.clip(None, 0),
    "minimum { } { rescale(-1) } { relu(1) }": lambda x: -abs(x),
    "maximum { } { rescale(-1) }": abs,
    "row_mean": lambda x: x.mean(0, keepdims=True),
    "column_mean": lambda x: x.mean(1, keepdims=True),
    "channel_mean": lambda x: x.mean(2, keepdims=True),
    "channel_max": lambda x: x.max(2, keepdims=True),
    "spatial_softmax": exponentials,
    "flatten slice(3, 5)": lambda x: x.reshape(-1)[3:8],
}


@pytest.mark.parametrize("statements", COMPUTED)
def test_it_computes_what_it_says(statements: str) -> None:
    import numpy as np

    size = f"{ROWS} x {COLUMNS} x {CHANNELS}"
    made = network(f"arch a {{ input i: {size}  head {{ {statements} }} }}")
    x = np.random.default_rng(1).normal(0, 2, (1, ROWS, COLUMNS, CHANNELS)).astype("float32")
    namespace: dict[str, Any] = {}
    exec(made.module, namespace)
    y = np.asarray(namespace["build_model"]()(x))[0]
    expected = COMPUTED[statements](x[0])
    assert y.shape == expected.shape
    np.testing.assert_allclose(y, expected, atol=1e-5)
