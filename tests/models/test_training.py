"""A generated model learns: handwritten digits, bundled with scikit-learn."""

import pytest

import archc
from support import shipped

pytestmark = pytest.mark.keras


def test_the_narrowest_reference_network_learns_digits() -> None:
    import keras
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    keras.utils.set_random_seed(7)
    digits = load_digits()
    images = digits.images.repeat(4, axis=1).repeat(4, axis=2)[..., None].astype("float32") / 16
    train_x, test_x, train_y, test_y = train_test_split(
        images, digits.target, test_size=0.25, random_state=7, stratify=digits.target
    )
    model = archc.compile_file(
        shipped.SPECS / "dscnn.arch", alpha=0.25, height=32, width=32, num_classes=10
    ).build_model()
    assert model.input_shape == (None, 32, 32, 1)
    assert model.output_shape == (None, 10)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
    # 43 steps an epoch: enough of them for the moving statistics of the BatchNorms to settle.
    model.fit(train_x, keras.utils.to_categorical(train_y, 10), 32, epochs=15, verbose=0)
    predicted = model.predict(test_x, batch_size=256, verbose=0).argmax(axis=1)
    accuracy = float((predicted == test_y).mean())
    assert accuracy >= 0.9
