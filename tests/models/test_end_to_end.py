"""End to end on real data: a spec becomes a network that reads handwritten digits, is quantised,
verified, and run by two interpreters."""

import warnings
from typing import Any

import pytest

from support import digits
from support.oracles import require
from support.tflm_run import run

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

POINTS = 0.02
"""Accuracy that int8 may cost."""


def interpreted(file: bytes, inputs: Any) -> Any:
    """Outputs of a file for inputs in the type of its border, by the interpreter with its default
    kernels."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(model_content=file)
    interpreter.allocate_tensors()
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    results = []
    for sample in inputs:
        interpreter.set_tensor(given["index"], sample[None])
        interpreter.invoke()
        results.append(interpreter.get_tensor(made["index"])[0])
    return np.stack(results)


def test_the_narrowest_reference_network_learns_digits() -> None:
    model = digits.trained()
    assert model.input_shape == (None, 32, 32, 1)
    assert model.output_shape == (None, 10)
    assert digits.float_accuracy(model) >= 0.95


def test_the_int8_file_is_the_network_of_the_manifest() -> None:
    verification = digits.quantised("float32").verification
    assert verification is not None
    assert not verification.failed
    assert not [d for d in verification.differences if d.level == "error"]


@pytest.mark.parametrize("io", ["float32", "int8"])
def test_int8_accuracy_in_the_interpreter(io: str) -> None:
    held = digits.data()
    result = digits.quantised(io)
    scores = interpreted(result.tflite, result.vectors["m_inputs_1"])
    found = digits.accuracy(scores, held.test_y)
    assert found >= digits.float_accuracy(digits.trained()) - POINTS


def test_int8_accuracy_in_tflite_micro(tmp_path: Any) -> None:
    require("tflite_micro")
    held = digits.data()
    result = digits.quantised("int8")
    inputs = result.vectors["m_inputs_1"]
    scores = run(result.tflite, inputs, tmp_path)
    assert scores.dtype == inputs.dtype
    found = digits.accuracy(scores, held.test_y)
    assert found >= digits.float_accuracy(digits.trained()) - POINTS
    # Two implementations of the kernels: they may round differently, by a step or two of 256.
    apart = scores.astype(int) - result.vectors["m_outputs_1"].astype(int)
    assert abs(apart).max() <= 8
    assert (apart == 0).mean() > 0.9


# --- the same after quantisation-aware fine-tuning: below this line -----------------------------
