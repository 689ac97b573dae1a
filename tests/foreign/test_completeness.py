"""Names and defaults of the table against the tools: layers of Keras, operators of TFLite."""

import inspect
from typing import Any

import pytest

from archc.diagnostics.nearest import normal
from archc.foreign import Found, entries
from archc.ops.base import OPERATORS

pytestmark = pytest.mark.keras

KNOWN = {normal(one.name) for one in entries()} | {normal(name) for name in OPERATORS}
NOT_FUNCTIONS = {"deserialize", "get", "serialize"}
"""What `keras.activations` has beside activations."""


def test_every_layer_and_activation_of_keras_is_answered() -> None:
    import keras

    layers = [n for n in dir(keras.layers) if isinstance(getattr(keras.layers, n), type)]
    functions = [n for n in dir(keras.activations) if not n.startswith("_")]
    names = {*layers, *functions} - NOT_FUNCTIONS
    assert len(names) > 150
    assert {name for name in names if normal(name) not in KNOWN} == set()


def test_every_operator_of_tflite_is_answered() -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    names = [n for n in dir(schema.BuiltinOperator) if not n.startswith(("_", "STABLEHLO_"))]
    assert len(names) > 150
    assert {name for name in names if normal(name) not in KNOWN} == set()


KERAS = [
    one
    for one in entries()
    if one.tool == "keras" and one.row.kind == "same" and one.row.takes and one.name[0].isupper()
]


@pytest.mark.parametrize("found", KERAS, ids=lambda found: found.name)
def test_parameters_and_defaults_are_those_of_keras(found: Found) -> None:
    """In Keras' order; and where an argument is left out, what the table writes is its default, or
    ours is the same."""
    import keras

    layer: Any = getattr(keras.layers, found.name)
    signature = inspect.signature(layer.__init__).parameters
    theirs = [name for name in signature if name not in ("self", "kwargs")]
    takes = found.row.takes or ()
    assert [one.name for one in takes] == theirs[: len(takes)]
    op = OPERATORS[found.row.ours]
    for one in takes:
        default = signature[one.name].default
        if not one.ours or default is inspect.Parameter.empty:
            continue
        ours = op.args[one.ours]
        if one.default is not None:
            assert _same(one.default, default), one
        elif not ours.required and ours.show_default() != "auto":  # `bias`, by what reads it
            shown = ours.show_default()
            assert default is None or _same(shown, default), (one, shown, default)


def _same(text: str, default: object) -> bool:
    """Whether a text of ours is a value of Keras."""
    if isinstance(default, bool):
        return text == str(default).lower()
    if isinstance(default, tuple):
        extents = text.split("x")
        return [int(one) for one in extents * (len(default) if len(extents) == 1 else 1)] == list(
            default
        )
    if isinstance(default, int | float):
        return float(text) == float(default)
    return text == default
