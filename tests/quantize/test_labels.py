"""Labels beside the samples: which array they are, what they may hold, and accuracy."""

from typing import Any

import pytest

np = pytest.importorskip("numpy")

from archc.diagnostics.model import Rejected  # noqa: E402
from archc.models.quantization.archive import store  # noqa: E402
from archc.models.quantization.labels import Accuracy, choose, doubtful, load  # noqa: E402
from support import digits  # noqa: E402

pytestmark = pytest.mark.keras  # NumPy comes with that extra


def array(count: int = 20, *shape: int) -> Any:
    return np.zeros((count, *(shape or (4,))), "float32")


def chosen(arrays: dict[str, Any], samples: str = "x", named: str | None = None) -> str | None:
    return choose(store(arrays), samples, [(5,)], named)


@pytest.mark.parametrize(
    ("name", "samples"),
    [("labels", "x"), ("y", "x"), ("y_test", "x_test"), ("test_labels", "test_images")],
)
def test_labels_are_found_by_name(name: str, samples: str) -> None:
    arrays = {samples: array(), name: np.arange(20) % 5, "other": np.arange(20)}
    assert chosen(arrays, samples) == name


def test_those_of_the_samples_go_before_others() -> None:
    arrays = {"x_test": array(20), "y_test": np.arange(20) % 5, "y": np.arange(20) % 5}
    assert chosen(arrays, "x_test") == "y_test"


@pytest.mark.parametrize(
    "labels",
    [np.arange(19), np.zeros((20, 4), int), np.linspace(0, 1, 20), np.array(["a"] * 20)],
    ids=["another number", "other classes", "fractions", "texts"],
)
def test_what_cannot_be_labels_is_not_taken(labels: Any) -> None:
    assert chosen({"x": array(), "labels": labels}) is None
    with pytest.raises(Rejected) as caught:
        chosen({"x": array(), "labels": labels}, named="labels")
    assert "which are not labels of this network" in caught.value.diagnostic.message


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        chosen({"x": array(), "labels": np.arange(20)}, named="lables")
    assert "`labels`" in (caught.value.diagnostic.help or "")


def test_networks_with_several_outputs_have_no_accuracy() -> None:
    assert choose(store({"x": array(), "y": np.arange(20)}), "x", [(5,), (2,)], None) is None


SCORES = np.array([[0.1, 0.9, 0.0], [0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])


@pytest.mark.parametrize(
    "labels",
    [np.array([1, 0, 0]), np.array([[1], [0], [0]]), np.eye(3)[[1, 0, 0]]],
    ids=["numbers", "a column", "one 1 a row"],
)
def test_right_answers_are_counted(labels: Any) -> None:
    doubts: list[Any] = []
    found = load(store({"y": labels}), "y", [0, 1, 2], 3, doubts)
    assert found is not None
    assert doubts == []
    assert found.right(SCORES, SCORES) == 2


def test_a_single_output_is_a_class_of_two() -> None:
    found = load(store({"y": np.array([0, 1, 1])}), "y", [0, 1, 2], 1, [])
    assert found is not None
    shares, logits = np.array([[0.2], [0.9], [0.4]]), np.array([[-2.0], [3.0], [0.4]])
    assert found.right(shares, shares) == 2
    assert found.right(logits, logits) == 3


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.array([1, 2, 3]), "they go from 1 to 3, and the network has 3 classes, from 0"),
        (np.full((3, 3), 0.5), "its rows are not one 1 among zeros"),
    ],
)
def test_labels_of_no_use_are_named(labels: Any, said: str) -> None:
    doubts: list[Any] = []
    assert load(store({"y": labels}), "y", [0, 1, 2], 3, doubts) is None
    assert said in doubts[0].message


def test_a_model_that_guesses_is_doubted() -> None:
    assert doubtful(Accuracy(10, 10, 100, "y"), 10) is not None
    assert doubtful(Accuracy(90, 80, 100, "y"), 10) is None
    assert doubtful(Accuracy(2, 2, 20, "y"), 10) is None


def test_what_int8_costs_in_accuracy() -> None:
    """On real digits: the same shares as from the vectors and from Keras."""
    found, data = digits.quantised("int8"), digits.data()
    made = found.vectors["m_outputs_1"]
    assert found.accuracy is not None
    assert found.accuracy.of == len(data.test_y)
    assert found.accuracy.int8 / found.accuracy.of == digits.accuracy(made, data.test_y)
    assert found.accuracy.float / found.accuracy.of == digits.float_accuracy(digits.trained())


def test_the_mean_error_is_that_of_the_vectors() -> None:
    found, data = digits.quantised("float32"), digits.data()
    apart = found.vectors["m_outputs_1"].astype("float64") - digits.trained().predict(
        data.test_x, verbose=0
    )
    (error,) = found.outputs
    assert error.mean == pytest.approx(apart.mean(), abs=1e-6)
    assert error.absolute == pytest.approx(np.abs(apart).mean(), rel=1e-3)
