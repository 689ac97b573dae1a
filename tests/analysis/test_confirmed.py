"""What the converter has confirmed of generated networks stays as it is: no TensorFlow needed."""

from typing import Any

import pytest

from support.confirmed import networks, record


@pytest.mark.parametrize("kept", networks())
def test_what_the_converter_confirmed_is_said(kept: dict[str, Any]) -> None:
    said = record(kept["text"], kept["io"])
    assert {"text": kept["text"], "io": kept["io"], **said} == kept
