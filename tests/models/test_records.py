"""Records that another process sends come back as they were."""

import json

from archc.diagnostics.model import Diagnostic, Part
from archc.models.onnx.model import Constant
from archc.models.verify.model import Difference, Verification
from archc.plain import plain, restored


def test_records_of_records_come_back_from_json() -> None:
    differences = (Difference("E1", "error", "m", notes=("a", "b")), Difference("E2", "note", "n"))
    sent = Verification("m.tflite", "tflite", "n", "s", differences, ("x",), ())
    assert restored(Verification, json.loads(json.dumps(plain(sent)))) == sent
    placed = Diagnostic("E1", "error", "m", notes=("x",), help="h", part=Part("m.tflite", "conv"))
    assert restored(Diagnostic, json.loads(json.dumps(plain(placed)))) == placed


def test_lists_are_records_in_the_order_of_their_fields() -> None:
    sent = {
        "a": ["float32", [1, 2], False, [1.0, 2], True, True, [0, 1]],
        "b": ["int8", [], True, None, False, False, []],
    }
    assert restored(dict[str, Constant], sent) == {
        "a": Constant("float32", (1, 2), False, (1.0, 2), True, True, (0, 1)),
        "b": Constant("int8", (), True, None, False, False, ()),
    }
