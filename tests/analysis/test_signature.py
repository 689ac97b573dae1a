"""The order of inputs and outputs in a file, against TensorFlow's own hash of their names."""

import pytest

from archc.analysis.lowering.signature import LONGEST, fingerprint, listed


@pytest.mark.keras
def test_the_hash_is_tensorflows() -> None:
    import tensorflow as tf

    text = "".join(chr(97 + number * number % 26) for number in range(LONGEST))
    names = [text[:size] for size in range(LONGEST + 1)] + ["output_0", "map", "_9", "\u00fc"]
    expected = [int(n) for n in tf.fingerprint(names, "farmhash64").numpy().view("<u8")[:, 0]]
    assert [fingerprint(name.encode()) for name in names] == expected


def test_what_is_longer_is_not_known() -> None:
    assert listed(["a" * LONGEST, "b"]) is not None
    assert listed(["a" * (LONGEST + 1), "b"]) is None


@pytest.mark.parametrize(
    ("names", "order"),
    [("image audio", "audio image"), ("zimage aux", "zimage aux"), ("in0 in1 in2", "in2 in0 in1")],
)
def test_files_that_were_seen(names: str, order: str) -> None:
    """`findings/converter_input_order.sh`."""
    given = names.split()
    found = listed(given)
    assert found is not None
    assert [given[place] for place in found] == order.split()
